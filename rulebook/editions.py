"""Which edition applies: by title, kind, application date (A-01, A-43) and the district of registration."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rulebook.pack import KINDS, PACK_TITLES, Pack


class NoEditionInForce(LookupError):
    """No pack serves this title and kind on this date and in this district."""

    def __init__(self, title: str, kind: str, day: date, district: str | None, known: tuple[Pack, ...]) -> None:
        name = PACK_TITLES.get(title, title)
        terms = [(pack.label, term) for pack in known if (term := pack.term(kind)) is not None]
        served = "；".join(f"{label}自 {term.start} 至 {term.end or '今'}" for label, term in terms)
        message = f"{day} 没有适用于{name}（{KINDS.get(kind, kind)}）的规则。"
        local = [pack for pack in known if pack.in_force(day, kind) and not pack.serves(district)]
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


def choose_pack(
    packs: Iterable[Pack], title: str, kind: str, application_date: date, district: str | None = None
) -> Pack:
    """The edition in force where the enterprise is registered (`district`, GB/T 2260).

    A national one before a local one of the same title; of several the one that came into force last (A-31).
    """
    known = tuple(pack for pack in packs if pack.title == title and kind in pack.kinds)
    chosen = find_pack(known, title, kind, application_date, district)
    if chosen is None:
        raise NoEditionInForce(title, kind, application_date, district, known)
    return chosen


def find_pack(
    packs: Iterable[Pack], title: str, kind: str, application_date: date, district: str | None = None
) -> Pack | None:
    """As choose_pack; None where no pack serves this title and kind on this date and in this district."""
    fitting = [
        ((not pack.area, term.start), pack)
        for pack in packs
        if pack.title == title
        and (term := pack.term(kind)) is not None
        and term.covers(application_date)
        and pack.serves(district)
    ]
    fitting.sort(key=lambda each: each[0], reverse=True)
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        raise EditionsCollide(fitting[0][1], fitting[1][1])
    return fitting[0][1] if fitting else None
