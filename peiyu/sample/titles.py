"""Official lists: which enterprise was given which title, in which batch, by which (synthetic) document."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from peiyu.sample.chance import happens
from peiyu.sample.model import Title
from peiyu.sample.profiles import Profile, Standing

_SHARES: dict[str, dict[Standing, float]] = {
    "innovative_sme": {Standing.STRONG: 0.85, Standing.PROMISING: 0.33, Standing.ORDINARY: 0.06, Standing.WEAK: 0.02},
    "tech_sme": {Standing.STRONG: 0.34, Standing.PROMISING: 0.13, Standing.ORDINARY: 0.015, Standing.WEAK: 0.0},
    "specialized_sme": {Standing.STRONG: 0.38, Standing.PROMISING: 0.05, Standing.ORDINARY: 0.0, Standing.WEAK: 0.0},
    "little_giant": {Standing.STRONG: 0.10, Standing.PROMISING: 0.0, Standing.ORDINARY: 0.0, Standing.WEAK: 0.0},
    "high_tech": {Standing.STRONG: 0.36, Standing.PROMISING: 0.06, Standing.ORDINARY: 0.01, Standing.WEAK: 0.0},
}

_ISSUERS = {
    "innovative_sme": "{province}中小企业主管部门",
    "tech_sme": "{province}科技主管部门",
    "specialized_sme": "{province}中小企业主管部门",
    "little_giant": "国家中小企业主管部门",
    "high_tech": "{province}高新技术企业认定管理机构",
}

# Month and day of each batch of a year.
_CALENDAR = {
    "innovative_sme": (("第一批", 6, 20), ("第二批", 12, 10)),
    "tech_sme": (("第一批", 4, 28), ("第二批", 7, 30), ("第三批", 10, 20)),
    "specialized_sme": (("第一批", 8, 15), ("第二批", 12, 20)),
    "little_giant": (("", 9, 10),),
    "high_tech": (("第一批", 11, 6), ("第二批", 12, 2)),
}
_YEARS_BACK = {"tech_sme": 1}
_REVIEWED = ("specialized_sme", "little_giant")
_PROVINCES = ("国家", "重庆市", "安徽省", "江苏省", "青海省")


@dataclass(frozen=True, slots=True)
class Batch:
    """One list of one title; `announced_on` is the date of its document."""

    title: str
    label: str
    announced_on: dt.date
    ordinal: int
    publicized: bool = False

    def document(self, province: str) -> str:
        """A document number that cannot be taken for a real one; unique per title, province and batch."""
        place = 0 if self.title == "little_giant" else _PROVINCES.index(province)
        number = (list(_CALENDAR).index(self.title) * 10 + self.ordinal) * len(_PROVINCES) + place + 1
        return f"合成示例〔{self.announced_on.year}〕{number}号"


def batches(title: str, today: dt.date) -> list[Batch]:
    """Every batch of a title announced before today, oldest first; the list open for objections comes last."""
    found = [
        Batch(title, f"{year}年{label}" if label else f"{year}年度", dt.date(year, month, day), ordinal)
        for year in range(today.year - _YEARS_BACK.get(title, 4), today.year + 1)
        for ordinal, (label, month, day) in enumerate(_CALENDAR[title])
        if dt.date(year, month, day) < today
    ]
    if title in _REVIEWED:
        announced = today - dt.timedelta(days=9)
        found.append(Batch(title, f"{announced.year}年度拟认定", announced, 9, publicized=True))
    return found


def draw_titles(chance: random.Random, profile: Profile, uscc: str, today: dt.date) -> list[Title]:
    """The titles of one enterprise, at most one row each; the newer batches are the larger ones."""
    titles = []
    for title, shares in _SHARES.items():
        if not happens(chance, shares[profile.standing]):
            continue
        possible = [each for each in batches(title, today) if (each.announced_on - profile.established_on).days > 400]
        if possible:
            sizes = [0.6 if batch.publicized else (1.0 + index) ** 1.4 for index, batch in enumerate(possible)]
            titles.append(_row(chance, profile, uscc, chance.choices(possible, sizes)[0], today))
    return titles


def _row(chance: random.Random, profile: Profile, uscc: str, batch: Batch, today: dt.date) -> Title:
    valid_to = _valid_to(batch)
    return Title(
        uscc=uscc,
        title=batch.title,
        batch=batch.label,
        document_number=batch.document(profile.place.province),
        issued_by="（合成示例）" + _ISSUERS[batch.title].format(province=profile.place.province),
        announced_on=batch.announced_on,
        valid_from=None if batch.publicized else batch.announced_on,
        valid_to=None if batch.publicized else valid_to,
        state=_state(chance, batch, valid_to, today),
    )


def _valid_to(batch: Batch) -> dt.date:
    """科技型: its own year; the others three years."""
    if batch.title == "tech_sme":
        return dt.date(batch.announced_on.year, 12, 31)
    return batch.announced_on.replace(year=batch.announced_on.year + 3) - dt.timedelta(days=1)


def _state(chance: random.Random, batch: Batch, valid_to: dt.date, today: dt.date) -> str:
    if batch.publicized:
        return "publicized"
    if happens(chance, 0.01):
        return "cancelled"
    if batch.title in _REVIEWED and -180 <= (valid_to - today).days <= 120:
        return "under_review"
    return "valid" if valid_to >= today else "expired"
