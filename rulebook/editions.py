"""Which edition applies: by title, kind and application date (A-01, A-43)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rulebook.pack import KINDS, TITLES, Pack


class NoEditionInForce(LookupError):
    """No pack serves this title and kind on this date."""

    def __init__(self, title: str, kind: str, day: date, known: tuple[Pack, ...]) -> None:
        served = "；".join(f"{pack.label}自 {pack.in_force_from} 至 {pack.in_force_to or '今'}" for pack in known)
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
    fitting = sorted(
        (pack for pack in known if pack.in_force(application_date)), key=lambda pack: pack.in_force_from, reverse=True
    )
    if not fitting:
        raise NoEditionInForce(title, kind, application_date, known)
    if len(fitting) > 1 and fitting[0].in_force_from == fitting[1].in_force_from:
        raise EditionsCollide(fitting[0], fitting[1])
    return fitting[0]
