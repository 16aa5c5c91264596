"""Parameters that several routes take: a credit code in the path, lines of text, codes of lists."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import StringConstraints

from chassis import clock
from chassis.errors import FieldProblem
from services.registry.domain import uscc as codes
from services.registry.domain.errors import UsccInvalid
from services.registry.domain.past import moment_of

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


def _moment(
    as_of: Annotated[
        str | None,
        Query(
            max_length=40,
            pattern=PRINTABLE,
            description="查询过去某一时点系统所载的状态：日期（取当日最后一刻，北京时间）或时刻（ISO 8601，"
            "不写时区的按北京时间）；不填为当前",
        ),
    ] = None,
) -> dt.datetime | None:
    return moment_of(as_of, now=clock.now(), today=clock.today(), zone=clock.SHANGHAI)


AsOf = Annotated[dt.datetime | None, Depends(_moment)]
"""The past moment that is asked for; None is now. Refuses a moment that has not come."""

Purpose = Annotated[
    str | None,
    Query(max_length=200, pattern=PRINTABLE, description="查阅事由，记入查阅记录，企业可以看到"),
]
