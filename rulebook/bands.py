"""Points by the band that a measure lies on. What each edge and each span between two earns is settled beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from rulebook.expressions import limit_text, shape_of
from rulebook.judge import exact_text
from rulebook.measures import Compound, Exact, Rational, compare, compile_measure, measure_label
from rulebook.pack import Band, Grade, Growth, Measure
from rulebook.points import Earned, NextBand, Points, Scored, Teller
from rulebook.scene import CHECK, Basis, Number, Scene, Words
from rulebook.status import MANUAL_REVIEW, UNKNOWN, Status


class _Rung(NamedTuple):
    band: Band
    earned: Earned
    words: Words
    """Of the comparison that led to this band."""


def compile_bands(what: Measure, bands: tuple[Band, ...], maximum: Decimal, basis: Basis) -> Callable[[Scene], Scored]:
    meter, label = compile_measure(what, basis), measure_label(what, basis)
    compound = isinstance(what, Growth) and what.manner == "compound"
    place = _placing(bands, _rungs(what, bands, maximum, label), compound=compound)
    teller = _teller(what, bands, maximum, label, place)
    low, high = min(band.points_low for band in bands), max(band.points_high for band in bands)
    unknown, for_people = (Earned(low, high, maximum, cause) for cause in (UNKNOWN, MANUAL_REVIEW))
    open_teller = Teller(lambda status: (status.label, scale_text(bands)))

    def words_if_open(_: None) -> tuple[str, str, str]:
        return label, "", scale_text(bands)

    def score(scene: Scene) -> Scored:
        value = meter(scene)
        if isinstance(value, Status):
            scene.trace.append((CHECK, words_if_open, value, None, ""))
            return unknown if value is UNKNOWN else for_people, open_teller, value
        rung = place(value)
        assert rung is not None  # the compiler saw to bands without a gap
        _, earned, words = rung
        scene.trace.append((CHECK, words, earned.status, value, ""))
        return earned, teller, value

    return score


def _rungs(what: Measure, bands: tuple[Band, ...], maximum: Decimal, label: str) -> list[_Rung]:
    text = _text(what, bands)

    def rung(band: Band) -> _Rung:
        # points given as a range are for experts to fix
        cause = MANUAL_REVIEW if band.points_low != band.points_high else None
        earned = Earned(band.points_low, band.points_high, maximum, cause)
        return _Rung(band, earned, lambda value: (label, text(value), band.text))

    return [rung(band) for band in bands]


def _text(what: Measure, bands: tuple[Band, ...]) -> Callable[[Exact], str]:
    shape, edges = shape_of(what), tuple(edge for each in bands for edge in (each.low, each.high) if edge is not None)
    return lambda value: exact_text(value, shape, edges)


def _placing(bands: tuple[Band, ...], rungs: list[_Rung], *, compound: bool) -> Callable[[Any], _Rung | None]:
    """Finds the rung of a value, from the highest edge down."""
    edges = sorted({edge for band in bands for edge in (band.low, band.high) if edge is not None})

    def at(place: int) -> _Rung | None:
        """Of the values on edge `place` / 2, or between it and the next where that is not whole."""
        best = _best_band(bands, lambda edge: (place > 2 * edges.index(edge)) - (place < 2 * edges.index(edge)))
        return None if best is None else rungs[bands.index(best)]

    steps = [(edge, at(2 * place), at(2 * place + 1)) for place, edge in enumerate(edges)][::-1]
    lowest = at(-1)

    def place(value: Number | Rational) -> _Rung | None:
        near = value.quotient if isinstance(value, Rational) else value
        for edge, on, above in steps:
            if near > edge:
                return above
            if near == edge and (order := compare(value, edge)) >= 0:
                return above if order else on
        return lowest

    def place_exactly(value: Compound) -> _Rung | None:
        for edge, on, above in steps:
            order = value.compare(edge)
            if order >= 0:
                return above if order else on
        return lowest

    return place_exactly if compound else place


def _best_band(bands: tuple[Band, ...], order: Callable[[Decimal], int]) -> Band | None:
    """Both edges belong to a band, and of two the higher points count (A-02). `order`: as `compare`, of the value."""
    best: Band | None = None
    for band in bands:
        reached = band.low is None or order(band.low) >= (1 if band.above else 0)
        if not reached or (band.high is not None and order(band.high) > 0):
            continue
        if best is None or band.points_high > best.points_high:
            best = band
    return best


def _teller(
    what: Measure, bands: tuple[Band, ...], maximum: Decimal, label: str, place: Callable[[Any], _Rung | None]
) -> Teller:
    text = _text(what, bands)

    def better(value: Exact) -> NextBand | None:
        """The band with the fewest points more, and the edge of it that lies towards the value."""
        rung = place(value)
        higher = [each for each in bands if rung is not None and each.points_high > rung.band.points_high]
        if not higher:
            return None
        nearest = min(higher, key=lambda each: each.points_high)
        above = nearest.low is not None and compare(value, nearest.low) < (1 if nearest.above else 0)
        edge, sign = (nearest.low, ">" if nearest.above else "≥") if above else (nearest.high, "≤")
        if edge is None:  # the value would be on it already
            return None
        points = Points(nearest.points_low, nearest.points_high, maximum)
        return NextBand(points, f"{label} {sign}{limit_text(edge, shape_of(what))}")

    return Teller(lambda value: (text(value), scale_text(bands)), better)


def scale_text(steps: Iterable[Band | Grade]) -> str:
    return "；".join(f"{each.text} {points_text(each.points_low, each.points_high)}" for each in steps)


def points_text(low: Decimal, high: Decimal) -> str:
    return f"{low} 分" if low == high else f"{low}～{high} 分"
