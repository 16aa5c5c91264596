"""What either evaluator says of one row, as the same few bytes: verdict, route, statuses, points, what is missing.

Equal signatures of one pack, kind and date are equal in all that columns hold. So a run over a population finds the
rows that came to something else without having to read a stored explanation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.assessment import Assessment
from rulebook.columnar import ColumnarPack, layout_of
from rulebook.columnar_codes import CODE_OF, CODE_OF_VERDICT
from rulebook.columnar_result import ColumnarResult


def signatures_of(result: ColumnarResult) -> list[bytes]:
    """One signature per row, in order. Rows that are not judged have one that no assessment has."""
    parts = (
        result.verdict[np.newaxis],
        result.route[np.newaxis],
        result.status,
        result.points_low,
        result.points_high,
        result.total_low[np.newaxis],
        result.total_high[np.newaxis],
        result.missing,
    )
    table = np.concatenate([_bytes_by_row(each) for each in parts], axis=1)
    held, width = table.tobytes(), table.shape[1]
    return [held[start : start + width] for start in range(0, len(held), width)]


def signature_of(compiled: ColumnarPack, found: Assessment) -> bytes:
    """The signature of a traced assessment: the one its row has in a population."""
    pack, scale = compiled.pack, compiled.scale
    layout = layout_of(compiled, found.application_date, found.kind)
    points = [each.points for each in found.conditions if each.points is not None]
    low, high = (0, 0)
    if found.score is not None:
        low, high = scale.of_points(found.score.points.low), scale.of_points(found.score.points.high)
    figures = [*(scale.of_points(each.low) for each in points), *(scale.of_points(each.high) for each in points)]
    missing = bytearray((len(layout.keys) + 7) // 8)
    for each in found.missing:
        position = layout.position_of(each)
        missing[position // 8] |= 1 << position % 8
    route = next((position for position, each in enumerate(pack.routes) if each.id == found.route), -1)
    codes = (CODE_OF_VERDICT[found.verdict], route % 256, *(CODE_OF[each.status] for each in found.conditions))
    return bytes(codes) + np.array([*figures, low, high], scale.dtype).tobytes() + bytes(missing)


def _bytes_by_row(lines: NDArray[Any]) -> NDArray[np.uint8]:
    by_row = np.ascontiguousarray(lines.T)
    return by_row.view(np.uint8).reshape(len(by_row), -1)
