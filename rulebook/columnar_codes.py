"""Statuses of a whole population as bytes, and the logic of A-36 on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rulebook.status import Status, Verdict

Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Days = NDArray[np.int32]
"""A date as the number yyyymmdd, 0 for none: only the order of dates and their year are ever asked for."""

UNMET, UNKNOWN, MANUAL_REVIEW, MET = range(4)
"""In the order of AND, so that AND is the minimum. OR puts unknown above manual review: with the two bits of a code
exchanged it is the maximum. A gap in the data is written with the same codes, 0 being none."""

NOT_APPLICABLE = 4
NOT_JUDGED = 255
"""The traced evaluator refused the row: a stored value is unreadable."""

STATUSES: dict[int, Status] = {
    UNMET: Status.UNMET,
    UNKNOWN: Status.UNKNOWN,
    MANUAL_REVIEW: Status.MANUAL_REVIEW,
    MET: Status.MET,
    NOT_APPLICABLE: Status.NOT_APPLICABLE,
}
CODE_OF: dict[Status, int] = {status: code for code, status in STATUSES.items()}
VERDICTS: dict[int, Verdict] = {
    UNMET: Verdict.NOT_ELIGIBLE,
    UNKNOWN: Verdict.UNKNOWN,
    MANUAL_REVIEW: Verdict.MANUAL_REVIEW,
    MET: Verdict.ELIGIBLE,
}
CODE_OF_VERDICT: dict[Verdict, int] = {verdict: code for code, verdict in VERDICTS.items()}


def all_of(parts: Sequence[Codes], size: int) -> Codes:
    """AND; nothing asked is met."""
    if not parts:
        return np.full(size, MET, np.uint8)
    found = parts[0]
    for part in parts[1:]:
        found = np.minimum(found, part)
    return found


def any_of(parts: Sequence[Codes], size: int) -> Codes:
    """OR; nothing offered is unmet."""
    if not parts:
        return np.full(size, UNMET, np.uint8)
    if len(parts) == 1:
        return parts[0]
    found = exchanged(parts[0])
    for part in parts[1:]:
        found = np.maximum(found, exchanged(part))
    return exchanged(found)


def exchanged(codes: Codes) -> Codes:
    """The codes in the order of OR, and back. Bytes are multiplied, not shifted or selected: that is what numpy does
    sixteen at a time."""
    return flags(codes >= MANUAL_REVIEW) | (codes & np.uint8(1)) * np.uint8(2)


def opposite(codes: Codes) -> Codes:
    """Met and unmet change places; what is open stays open."""
    return codes ^ flags((codes == MET) | (codes == UNMET), MET)


def decided(holds: Flags, gap: Codes | None) -> Codes:
    """Met where the flag holds, unmet where not, and where there is a gap, the gap."""
    return flags(holds, MET) if gap is None else flags(holds & (gap == 0), MET) | gap


def flags(holds: Flags, code: int = 1) -> Codes:
    """`code` where the flag holds, else 0."""
    codes: Codes = holds.view(np.uint8)
    return codes if code == 1 else codes * np.uint8(code)


def worse(first: Codes | None, second: Codes | None) -> Codes | None:
    """Two gaps in one figure: unknown before manual review, since a missing figure comes first."""
    if first is None or second is None:
        return second if first is None else first
    both = first | second
    return both ^ flags(both == (UNKNOWN | MANUAL_REVIEW), MANUAL_REVIEW)


def as_and(codes: Codes) -> Codes:
    """Statuses of conditions for an AND: what is not applicable does not count."""
    return np.minimum(codes, np.uint8(MET))


def as_or(codes: Codes) -> Codes:
    """Statuses of conditions for an OR: what is not applicable does not count."""
    return codes * flags(codes != NOT_APPLICABLE)


def ordinals(days: Days) -> Ints:
    """Days since a fixed day, so that dates can be subtracted; the year is taken to begin in March."""
    numbers = days.astype(np.int64)
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    late = (month > 2).astype(np.int64)
    year = year - 1 + late
    shifted = month + 9 - 12 * late
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * shifted + 2) // 5 + day


def day_number(year: int, month: int, day: int) -> int:
    return year * 10_000 + month * 100 + day
