"""Which edition applies: by title, kind and application date (A-01, A-43)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rulebook.pack import KINDS, TITLES, Pack


class NoEditionInForce(LookupError):
    """No pack serves this title and kind on this date."""

    def __init__(self, title: str, kind: str, day: date, known: tuple[Pack, ...]) -> None:
        terms = [(pack.label, term) for pack in known if (term := pack.term(kind)) is not None]
        served = "；".join(f"{label}自 {term.start} 至 {term.end or '今'}" for label, term in terms)
        super().__init__(
            f"{day} 没有适用于{TITLES.get(title, title)}（{KINDS.get(kind, kind)}）的规则。"
            + (f"现有：{served}。" if served else "请先导入规则包。")
        )
        self.title, self.kind, self.day = title, kind, day


class EditionsCollide(LookupError):
    """Two packs of one title came into force on the same day: an administrator has to close one."""

    def __init__(self, first: Pack, second: Pack) -> None:
        super().__init__(f"“{first.id}”与“{second.id}”同日施行，无法取舍，请为其中一个填写失效日期。")
        self.pack_ids = (first.id, second.id)


def choose_pack(packs: Iterable[Pack], title: str, kind: str, application_date: date) -> Pack:
    """The edition in force; of several the one that came into force last (A-31)."""
    known = tuple(pack for pack in packs if pack.title == title and kind in pack.kinds)
    chosen = find_pack(known, title, kind, application_date)
    if chosen is None:
        raise NoEditionInForce(title, kind, application_date, known)
    return chosen


def find_pack(packs: Iterable[Pack], title: str, kind: str, application_date: date) -> Pack | None:
    """As choose_pack; None where no pack serves this title and kind on this date."""
    fitting = [
        (term.start, pack)
        for pack in packs
        if pack.title == title and (term := pack.term(kind)) is not None and term.covers(application_date)
    ]
    fitting.sort(key=lambda each: each[0], reverse=True)
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        raise EditionsCollide(fitting[0][1], fitting[1][1])
    return fitting[0][1] if fitting else None
