"""What a use case asks of its caller's rights: the edge answers, the use case says when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol


class Admission(Protocol):
    """Raises when the caller may not; asked after the enterprise is locked, so the answer stays true."""

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None:
        """May the caller change this enterprise, and is its copy the current one?"""

    def to_area(self, district_code: str | None) -> None:
        """May the caller put an enterprise into this district?"""


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks for a change or decides it: the enterprise `uscc` itself, or an official of some areas."""

    subject: str
    uscc: str | None
    answers_for: Callable[[str | None], bool]

    @property
    def official(self) -> bool:
        return self.uscc is None

    def answers_for_all(self, districts: Iterable[str | None]) -> bool:
        return self.official and all(self.answers_for(each) for each in districts)


class Anyone:
    """Admits: for use cases whose caller has been asked already."""

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None: ...

    def to_area(self, district_code: str | None) -> None: ...
