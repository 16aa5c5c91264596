"""Indicators compiled to functions of a scene. Points are intervals: exact when everything is known, else what is still
possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from rulebook.assessment import NextBand, Points
from rulebook.expressions import limit_text, shape_of
from rulebook.judge import compile_test, exact_text
from rulebook.measures import Compound, Exact, Rational, compare, compile_measure, is_figure, measure_label
from rulebook.pack import AnyOf, Band, Choice, Grade, Indicator, Measure, Ref
from rulebook.scene import (
    CHECK,
    MISS,
    NOTE,
    Basis,
    Event,
    Judge,
    Number,
    Scene,
    Words,
    exact_decimal,
    reader,
)
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status
from rulebook.trace import Check, checks_of, checks_text
from rulebook.units import plain_decimal
from rulebook.wording import period_label

_NONE = Decimal(0)


def _nothing() -> None:
    return None


class Earned(NamedTuple):
    """Points of one indicator; `cause` says why an interval is open: unknown (missing) or manual review."""

    points: Points
    cause: Status | None
    status: Status

    @classmethod
    def of(cls, low: Decimal, high: Decimal, most: Decimal, cause: Status | None) -> Earned:
        return cls(Points(low, high, most), cause, cause or (MET if low > 0 else UNMET))


class Scored:
    """What one indicator came to for one subject."""

    __slots__ = ("better", "cause", "points", "status", "words")

    def __init__(
        self,
        earned: Earned,
        words: Callable[[], tuple[str, str]],
        better: Callable[[], NextBand | None] = _nothing,
    ) -> None:
        self.points, self.cause, self.status = earned
        self.words = words
        """The value and the scale, for people."""
        self.better = better
        """The nearest better band."""


Scorer = Callable[[Scene], Scored]


def compile_indicator(indicator: Indicator, basis: Basis) -> Scorer:
    scorer = _computing(indicator, basis)
    return scorer if indicator.expert is None else _with_expert(indicator.expert, scorer, basis)


def _with_expert(expert: Ref, computing: Scorer, basis: Basis) -> Scorer:
    """A-29: the experts' number takes the place of the range it lies in; one outside of it is for a person to settle.

    Without one the range stays open: a person decides, unless a missing figure comes first (A-36).
    """
    fact, year = expert.fact, basis.year_of(expert)
    label, key, read = period_label(fact, year), (fact.id, year), reader(fact, year, basis)
    ungiven: tuple[Event, ...] = (
        (MISS, fact.id, fact, year, "finding"),
        (NOTE, f"“{label}”须由评审专家按整数打分（A-29）"),
    )

    def words(said: tuple[str, str]) -> tuple[str, str, str]:
        return label, *said

    def score(scene: Scene) -> Scored:
        computed = computing(scene)
        points = computed.points
        held = scene.facts.get(key)
        if held is None or held.value is None:
            if points.low != points.high:
                scene.trace += ungiven
            return computed
        given = exact_decimal(fact.id, year, read(scene))
        if held.source != "official_finding":
            scene.note(f"“{label}”只认可评审专家的打分，自评分不计入（A-29）")
            return computed
        shown = f"{plain_decimal(given)} 分"
        if points.low <= given <= points.high:
            earned = Earned.of(given, given, points.max, None)
            agreed = earned.status
        else:
            scene.note(f"“{label}”为 {shown}，按数据应为 {points.display}，两者不一致，请核对（A-29）")
            low, high = min(given, points.low), max(given, points.high)
            earned = Earned.of(low, high, points.max, computed.cause or MANUAL_REVIEW)
            agreed = MANUAL_REVIEW
        scene.trace.append((CHECK, words, agreed, (shown, points.display), ""))
        return Scored(earned, partial(_expert_words, computed, shown), computed.better)

    return score


def _expert_words(computed: Scored, shown: str) -> tuple[str, str]:
    value, threshold = computed.words()
    return f"{value}；专家打分 {shown}", threshold


def _computing(indicator: Indicator, basis: Basis) -> Scorer:
    if indicator.slot:
        return _open_slot(indicator, basis)
    if indicator.better_of:
        return _by_better(indicator, basis)
    if indicator.each:
        return _by_each(indicator, basis)
    if indicator.choices:
        return _by_choices(indicator, basis)
    if indicator.grades:
        return _by_grades(indicator.grades, indicator.maximum)
    assert indicator.measure is not None  # the compiler pairs bands with a measure
    return _by_bands(indicator.measure, indicator.bands, indicator.maximum, basis)


def _open_slot(indicator: Indicator, basis: Basis) -> Scorer:
    """A-11: the province fills it."""
    expert = indicator.expert
    key = None if expert is None else (expert.fact.id, basis.year_of(expert))
    scored = Scored(
        Earned.of(_NONE, indicator.maximum, indicator.maximum, MANUAL_REVIEW),
        lambda: ("未配置", "由省级主管部门设定"),
    )

    def score(scene: Scene) -> Scored:
        held = None if key is None else scene.facts.get(key)
        if held is None or held.value is None:
            scene.note("省级特色化指标尚未给分，按 0 分至满分的区间计（A-11）")
        return scored

    return score


def _by_grades(grades: tuple[Grade, ...], maximum: Decimal) -> Scorer:
    """Nothing is measured: experts choose among the grades."""
    low, high = min(each.points_low for each in grades), max(each.points_high for each in grades)
    scored = Scored(Earned.of(low, high, maximum, MANUAL_REVIEW), lambda: ("由专家评定", _scale_text(grades)))
    return lambda scene: scored


def _scale_text(steps: Iterable[Band | Grade]) -> str:
    return "；".join(f"{each.text} {_points_text(each.points_low, each.points_high)}" for each in steps)


# -- bands over a measure ----------------------------------------------------------------------------------------------


class _Rung(NamedTuple):
    band: Band
    earned: Earned
    words: Words
    """Of the comparison that led to this band."""


def _by_bands(what: Measure, bands: tuple[Band, ...], maximum: Decimal, basis: Basis) -> Scorer:
    meter, label, shape = compile_measure(what, basis), measure_label(what, basis), shape_of(what)
    edges = tuple(edge for each in bands for edge in (each.low, each.high) if edge is not None)
    low, high = min([band.points_low for band in bands]), max([band.points_high for band in bands])

    def text(value: Exact) -> str:
        return exact_text(value, shape, edges)

    def rung(band: Band) -> _Rung:
        earned = Earned.of(band.points_low, band.points_high, maximum, _judged_by_people(band))
        return _Rung(band, earned, lambda value: (label, text(value), band.text))

    def words(value: Exact) -> tuple[str, str]:
        return text(value), _scale_text(bands)

    def words_if_open(_: None) -> tuple[str, str, str]:
        return label, "", _scale_text(bands)

    def better(band: Band, value: Exact) -> NextBand | None:
        return _next_band(what, bands, maximum, band, value, label)

    place = _placing(bands, [rung(band) for band in bands], is_figure(what))

    def score(scene: Scene) -> Scored:
        value = meter(scene)
        if isinstance(value, Status):
            scene.trace.append((CHECK, words_if_open, value, None, ""))
            return Scored(Earned.of(low, high, maximum, value), lambda: (value.label, _scale_text(bands)))
        reached = place(value)
        assert reached is not None  # the compiler saw to bands without a gap
        band, earned, check = reached
        scene.trace.append((CHECK, check, earned.status, value, ""))
        return Scored(earned, partial(words, value), partial(better, band, value))

    return score


def _placing(bands: tuple[Band, ...], rungs: list[_Rung], figures: bool) -> Callable[[Any], _Rung | None]:
    """Finds the band of a value. What is on each edge and above it is settled beforehand, from the highest down."""
    edges = sorted({edge for band in bands for edge in (band.low, band.high) if edge is not None})

    def at(place: int) -> _Rung | None:
        """Of the values on edge `place` / 2, or between it and the next where that is not whole."""
        best = _best_band(bands, lambda edge: (place > 2 * edges.index(edge)) - (place < 2 * edges.index(edge)))
        return None if best is None else rungs[bands.index(best)]

    steps = [(edge, at(2 * place), at(2 * place + 1)) for place, edge in enumerate(edges)][::-1]
    lowest = at(-1)

    def place_figure(value: Number) -> _Rung | None:
        for edge, on, above in steps:
            if value > edge:
                return above
            if value == edge:
                return on
        return lowest

    def place(value: Rational | Compound) -> _Rung | None:
        for edge, on, above in steps:
            order = value.compare(edge)
            if order > 0:
                return above
            if order == 0:
                return on
        return lowest

    return place_figure if figures else place


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


def _next_band(
    what: Measure, bands: tuple[Band, ...], maximum: Decimal, band: Band, value: Exact, label: str
) -> NextBand | None:
    """The band with the fewest points more, and the edge of it that lies towards the value."""
    better = [each for each in bands if each.points_high > band.points_high]
    if not better:
        return None
    nearest = min(better, key=lambda each: each.points_high)
    above = nearest.low is not None and compare(value, nearest.low) < (1 if nearest.above else 0)
    edge, sign = (nearest.low, ">" if nearest.above else "≥") if above else (nearest.high, "≤")
    if edge is None:  # the value would be on it already
        return None
    points = Points(nearest.points_low, nearest.points_high, maximum)
    return NextBand(points, f"{label} {sign}{limit_text(edge, shape_of(what))}")


def _judged_by_people(band: Band) -> Status | None:
    """Points given as a range are for experts to fix (A-29)."""
    return MANUAL_REVIEW if band.points_low != band.points_high else None


def _by_better(indicator: Indicator, basis: Basis) -> Scorer:
    """The scale that gives more; one that is missing leaves open only what it could still add (A-10)."""
    scales, most = indicator.better_of, indicator.maximum
    scorers = [_by_bands(scale.measure, scale.bands, most, basis) for scale in scales]
    labels = [measure_label(scale.measure, basis) for scale in scales]

    def score(scene: Scene) -> Scored:
        found = [scorer(scene) for scorer in scorers]
        lows = [each.points.low for each in found]
        low, high = max(lows), max([each.points.high for each in found])
        causes = [each.cause for each in found if each.cause is not None and each.points.high > low]
        if low > min(lows):  # the choice is the enterprise's, and has to be seen
            chosen = labels[lows.index(low)]
            scene.note(f"按“{chosen}”计 {_points_text(low, low)}，取得分较高的算法（A-10、A-28）")
        cause = _open(low, high, causes)
        return Scored(
            Earned.of(low, high, most, cause),
            partial(_words_of_scales, tuple(scene.trace), found),
            _nothing if cause is not None else partial(_nearest, found, low),
        )

    return score


def _words_of_scales(trace: tuple[Event, ...], found: list[Scored]) -> tuple[str, str]:
    return checks_text(checks_of(trace)), "；".join(each.words()[1] for each in found)


def _nearest(found: Collection[Scored], low: Decimal) -> NextBand | None:
    """The next band of any of the scales that gives more than what is reached; more than one are alternatives."""
    steps = [step for step in (each.better() for each in found) if step is not None and step.points.high > low]
    if not steps:
        return None
    fewest = min(step.points.high for step in steps)
    chosen = [step for step in steps if step.points.high == fewest]
    return NextBand(chosen[0].points, " 或 ".join(step.reach for step in chosen))


# -- tests that earn points --------------------------------------------------------------------------------------------


def _by_each(indicator: Indicator, basis: Basis) -> Scorer:
    """Points for every test that holds, together at most the maximum."""
    judges = [compile_test(test, basis) for test in indicator.each]
    each_points, most = indicator.each_points, indicator.maximum
    threshold = f"每项 {each_points} 分，最高 {most} 分"

    def score(scene: Scene) -> Scored:
        statuses = [judge(scene) for judge in judges]
        held = Decimal(statuses.count(MET))
        possible = held + statuses.count(UNKNOWN) + statuses.count(MANUAL_REVIEW)
        low, high = min(most, held * each_points), min(most, possible * each_points)
        said = tuple(scene.trace)
        cause = _open(low, high, statuses)
        return Scored(
            Earned.of(low, high, most, cause),
            lambda: (checks_text(checks_of(said)), threshold),
            _nothing if cause is not None else lambda: _next_of_each(indicator, low, checks_of(said)),
        )

    return score


def _next_of_each(indicator: Indicator, low: Decimal, checks: Iterable[Check]) -> NextBand | None:
    """One more of the tests that do not hold yet, while that still adds points."""
    more = min(indicator.maximum, low + indicator.each_points)
    lacking = [f"{check.label} {check.threshold}" for check in checks if check.status is not MET]
    if more == low or not lacking:
        return None
    return NextBand(Points(more, more, indicator.maximum), " 或 ".join(lacking))


def _open(low: Decimal, high: Decimal, causes: Collection[Status]) -> Status | None:
    """Why points are not fixed: something missing before a person's judgement (A-36)."""
    if low == high:
        return None
    return UNKNOWN if UNKNOWN in causes else MANUAL_REVIEW


class _Offer(NamedTuple):
    choice: Choice
    judge: Judge | None
    earned: Earned
    """What it earns where its test holds."""


def _by_choices(indicator: Indicator, basis: Basis) -> Scorer:
    most, offers = indicator.maximum, [_offer(each, indicator.maximum, basis) for each in indicator.choices]
    scale = "、".join(_points_text(choice.points_low, choice.points_high) for choice in indicator.choices)

    def score(scene: Scene) -> Scored:
        trace = scene.trace
        held: Earned | None = None
        possible: list[tuple[Status, Earned]] = []
        better: Callable[[], NextBand | None] = _nothing
        for choice, judge, earned in offers:
            since = len(trace)
            status = MET if judge is None else judge(scene)
            if held is not None:  # judged all the same: every missing fact is named
                continue
            if status is MET:
                held = earned
            elif status is UNMET:  # choices fall: the last one passed over is the nearest
                better = partial(_next_choice, choice, most, trace, since, len(trace))
            else:
                possible.append((status, earned))
        words = partial(_words_of_choices, trace, len(trace), scale)
        if held is not None and not possible:
            return Scored(held, words, better)
        if held is not None:
            possible.append((MET, held))
        return Scored(_possible(possible, most), words, better if len(possible) == 1 else _nothing)

    return score


def _offer(choice: Choice, most: Decimal, basis: Basis) -> _Offer:
    judge = None if choice.test is None else compile_test(choice.test, basis)
    low, high = choice.points_low, choice.points_high
    return _Offer(choice, judge, Earned.of(low, high, most, _open(low, high, ())))


def _possible(offers: list[tuple[Status, Earned]], most: Decimal) -> Earned:
    low = min([earned.points.low for _, earned in offers])
    high = max([earned.points.high for _, earned in offers])
    return Earned.of(low, high, most, _open(low, high, [status for status, _ in offers]))


def _words_of_choices(trace: list[Event], until: int, scale: str) -> tuple[str, str]:
    return checks_text(checks_of(trace[:until])), f"各档 {scale}"


def _next_choice(choice: Choice, most: Decimal, trace: list[Event], since: int, until: int) -> NextBand:
    joint = " 或 " if isinstance(choice.test, AnyOf) else "；"
    checks = checks_of(trace[since:until])
    wanted = [f"{check.label} {check.threshold}" for check in checks if check.status is not MET]
    return NextBand(Points(choice.points_low, choice.points_high, most), joint.join(wanted))


def _points_text(low: Decimal, high: Decimal) -> str:
    return f"{low} 分" if low == high else f"{low}～{high} 分"
