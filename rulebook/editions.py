"""Which edition applies: by title, kind, application date (A-01, A-43) and the district of registration."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rulebook.pack import KINDS, PACK_TITLES, Pack


class NoEditionInForce(LookupError):
    """No pack serves this title and kind on this date and in this district."""

    def __init__(self, title: str, kind: str, day: date, district: str | None, known: tuple[Pack, ...]) -> None:
        name = PACK_TITLES.get(title, title)
        served = "；".join(f"{pack.label}自 {pack.in_force_from} 至 {pack.in_force_to or '今'}" for pack in known)
        message = f"{day} 没有适用于{name}（{KINDS.get(kind, kind)}）的规则。"
        local = [pack for pack in known if pack.in_force(day) and not pack.serves(district)]
        if local:
            area = "、".join(sorted({prefix for pack in local for prefix in pack.area}))
            own = f"该企业登记在 {district}" if district else "该企业的登记地区不详，请先补充行政区划代码"
            message = f"{name}的规则只适用于登记在 {area} 地区的企业，{own}。"
        super().__init__(message + (f"现有：{served}。" if served else "请先导入规则包。"))
        self.title, self.kind, self.day = title, kind, day


class EditionsCollide(LookupError):
    """Two packs of one title came into force on the same day: an administrator has to close one."""

    def __init__(self, first: Pack, second: Pack) -> None:
        super().__init__(f"“{first.id}”与“{second.id}”同日施行，无法取舍，请为其中一个填写失效日期。")
        self.pack_ids = (first.id, second.id)


def fitting_packs(
    packs: Iterable[Pack], title: str, kind: str, application_date: date, district: str | None
) -> list[Pack]:
    """The editions in force where the enterprise is registered (`district`, GB/T 2260), the one that applies first.

    A national one before a local one of the same title; of several the one that came into force last (A-31).
    """
    fitting = [
        pack
        for pack in packs
        if pack.title == title and kind in pack.kinds and pack.in_force(application_date) and pack.serves(district)
    ]
    return sorted(fitting, key=_rank, reverse=True)


def choose_pack(
    packs: Iterable[Pack], title: str, kind: str, application_date: date, district: str | None = None
) -> Pack:
    """The edition that applies. Raises NoEditionInForce, or EditionsCollide when two claim to."""
    known = tuple(packs)
    fitting = fitting_packs(known, title, kind, application_date, district)
    if not fitting:
        served = tuple(pack for pack in known if pack.title == title and kind in pack.kinds)
        raise NoEditionInForce(title, kind, application_date, district, served)
    if len(fitting) > 1 and _rank(fitting[0]) == _rank(fitting[1]):
        raise EditionsCollide(fitting[0], fitting[1])
    return fitting[0]


def _rank(pack: Pack) -> tuple[bool, date]:
    return not pack.area, pack.in_force_from
