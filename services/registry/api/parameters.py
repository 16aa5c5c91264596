"""Parameters that several routes take: a credit code in the path, lines of text, codes of lists."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from pydantic import StringConstraints

from chassis.errors import FieldProblem
from services.registry.domain import uscc as codes
from services.registry.domain.errors import UsccInvalid

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=PRINTABLE)]
"""One line of text without control characters."""

Passage = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"),
]
"""Text that may have line breaks."""


def checked_uscc(text: str) -> str:
    """The code in its one form; raises UsccInvalid with what is wrong with it."""
    found = codes.check(text)
    if isinstance(found, codes.UsccProblem):
        problem = FieldProblem("uscc", found.message, found.code, text[:40], "18 位统一社会信用代码")
        raise UsccInvalid(found.message, problems=[problem])
    return found.text


def _from_path(uscc: Annotated[str, Path(description="统一社会信用代码, 18 characters", max_length=100)]) -> str:
    return checked_uscc(uscc)


PathUscc = Annotated[str, Depends(_from_path)]
