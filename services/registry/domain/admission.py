"""What a use case asks of its caller's rights: the edge answers, the use case says when."""

from __future__ import annotations

from typing import Protocol


class Admission(Protocol):
    """Raises when the caller may not; asked after the enterprise is locked, so the answer stays true."""

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None:
        """May the caller change this enterprise, and is its copy the current one?"""

    def to_area(self, district_code: str | None) -> None:
        """May the caller put an enterprise into this district?"""
