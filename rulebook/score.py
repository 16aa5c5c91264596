"""Indicators compiled to functions of a scene. Points are intervals: exact when everything is known, else what is still
possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal

from rulebook.bands import compile_bands, points_text, scale_text
from rulebook.judge import compile_test
from rulebook.measures import measure_label
from rulebook.pack import AnyOf, Choice, Grade, Indicator, Ref
from rulebook.points import Earned, NextBand, Points, Scored, Teller
from rulebook.scene import CHECK, MISS, NOTE, Basis, Event, Judge, Scene, exact_decimal, reader
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status
from rulebook.trace import checks_of, checks_text
from rulebook.units import plain_decimal
from rulebook.wording import period_label

_NONE = Decimal(0)
Scorer = Callable[[Scene], Scored]


def compile_indicator(indicator: Indicator, basis: Basis) -> Scorer:
    scorer = _computing(indicator, basis)
    return scorer if indicator.expert is None else _with_expert(indicator.expert, scorer, basis)


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
    return compile_bands(indicator.measure, indicator.bands, indicator.maximum, basis)


def _open(low: Decimal, high: Decimal, causes: Collection[Status]) -> Status | None:
    """Why points are not fixed: something missing before a person's judgement (A-36)."""
    if low == high:
        return None
    return UNKNOWN if UNKNOWN in causes else MANUAL_REVIEW


# -- by people ---------------------------------------------------------------------------------------------------------


def _with_expert(expert: Ref, computing: Scorer, basis: Basis) -> Scorer:
    """A-29: the experts' number takes the place of the range it lies in; one outside of it is for a person to settle.

    Without one the range stays open: a person decides, unless a missing figure comes first (A-36).
    """
    fact, year = expert.fact, basis.year_of(expert)
    label, key, read = period_label(fact, year), (fact.id, year), reader(fact, year, basis)
    ungiven: tuple[Event, ...] = (
        (MISS, fact.id, fact, year, "finding"),
        (NOTE, f"“{label}”须由评审专家按整数打分"),
    )

    def words(said: tuple[str, str]) -> tuple[str, str, str]:
        return label, *said

    def score(scene: Scene) -> Scored:
        computed = computing(scene)
        reached = computed[0]
        held = scene.facts.get(key)
        if held is None or held.value is None:
            if reached.low != reached.high:
                scene.trace += ungiven
            return computed
        said = read(scene)
        if isinstance(said, Status):  # noted: its source does not count for this indicator
            return computed
        given = exact_decimal(fact.id, year, said)
        if held.source != "official_finding":
            scene.note(f"“{label}”只认可评审专家的打分，自评分不计入")
            return computed
        shown, range_ = f"{plain_decimal(given)} 分", reached.points.display
        if reached.low <= given <= reached.high:
            earned = Earned(given, given, reached.most, None)
            agreed = earned.status
        else:
            scene.note(f"“{label}”为 {shown}，按数据应为 {range_}，两者不一致，请核对")
            low, high = min(given, reached.low), max(given, reached.high)
            earned, agreed = Earned(low, high, reached.most, reached.cause or MANUAL_REVIEW), MANUAL_REVIEW
        scene.trace.append((CHECK, words, agreed, (shown, range_), ""))
        return earned, _EXPERT, (computed, shown)

    return score


def _expert_words(kept: tuple[Scored, str]) -> tuple[str, str]:
    (_, teller, computed), shown = kept
    value, threshold = teller.words(computed)
    return f"{value}；专家打分 {shown}", threshold


def _expert_better(kept: tuple[Scored, str]) -> NextBand | None:
    (_, teller, computed), _ = kept
    return teller.better(computed)


_EXPERT = Teller(_expert_words, _expert_better)


def _open_slot(indicator: Indicator, basis: Basis) -> Scorer:
    """A-11: the province fills it."""
    expert = indicator.expert
    key = None if expert is None else (expert.fact.id, basis.year_of(expert))
    open_ = Earned(_NONE, indicator.maximum, indicator.maximum, MANUAL_REVIEW)
    scored: Scored = (open_, Teller(lambda _: ("未配置", "由省级主管部门设定")), None)

    def score(scene: Scene) -> Scored:
        held = None if key is None else scene.facts.get(key)
        if held is None or held.value is None:
            scene.note("省级特色化指标尚未给分，按 0 分至满分的区间计")
        return scored

    return score


def _by_grades(grades: tuple[Grade, ...], maximum: Decimal) -> Scorer:
    """Nothing is measured: experts choose among the grades."""
    low, high = min(each.points_low for each in grades), max(each.points_high for each in grades)
    teller = Teller(lambda _: ("由专家评定", scale_text(grades)))
    scored: Scored = (Earned(low, high, maximum, MANUAL_REVIEW), teller, None)
    return lambda scene: scored


# -- the better of several scales --------------------------------------------------------------------------------------


def _by_better(indicator: Indicator, basis: Basis) -> Scorer:
    """The scale that gives more; one that is missing leaves open only what it could still add (A-10)."""
    scales, most = indicator.better_of, indicator.maximum
    scorers = [compile_bands(scale.measure, scale.bands, most, basis) for scale in scales]
    labels = [measure_label(scale.measure, basis) for scale in scales]

    def score(scene: Scene) -> Scored:
        start = len(scene.trace)
        found = [scorer(scene) for scorer in scorers]
        lows = [earned.low for earned, _, _ in found]
        low, high = max(lows), max([earned.high for earned, _, _ in found])
        causes = [earned.cause for earned, _, _ in found if earned.cause is not None and earned.high > low]
        if low > min(lows):  # the choice is the enterprise's, and has to be seen
            chosen = labels[lows.index(low)]
            scene.note(f"按“{chosen}”计 {points_text(low, low)}，取得分较高的算法")
        earned = Earned(low, high, most, _open(low, high, causes))
        return earned, _SCALES, (scene.trace[start:], found, earned)

    return score


_FoundOnScales = tuple[list[Event], list[Scored], Earned]


def _words_of_scales(kept: _FoundOnScales) -> tuple[str, str]:
    trace, found, _ = kept
    return checks_text(checks_of(trace)), "；".join(teller.words(value)[1] for _, teller, value in found)


def _nearest(kept: _FoundOnScales) -> NextBand | None:
    """The next band of any of the scales that gives more than what is reached; more than one are alternatives."""
    _, found, reached = kept
    if reached.cause is not None:
        return None
    steps = [step for step in (teller.better(value) for _, teller, value in found) if step is not None]
    steps = [step for step in steps if step.points.high > reached.low]
    if not steps:
        return None
    fewest = min(step.points.high for step in steps)
    chosen = [step for step in steps if step.points.high == fewest]
    return NextBand(chosen[0].points, " 或 ".join(step.reach for step in chosen))


_SCALES = Teller(_words_of_scales, _nearest)


# -- tests that earn points --------------------------------------------------------------------------------------------


def _by_each(indicator: Indicator, basis: Basis) -> Scorer:
    """Points for every test that holds, together at most the maximum."""
    judges = [compile_test(test, basis) for test in indicator.each]
    each_points, most, teller = indicator.each_points, indicator.maximum, _each_teller(indicator)

    def score(scene: Scene) -> Scored:
        start = len(scene.trace)
        statuses = [judge(scene) for judge in judges]
        held = Decimal(statuses.count(MET))
        possible = held + statuses.count(UNKNOWN) + statuses.count(MANUAL_REVIEW)
        low, high = min(most, held * each_points), min(most, possible * each_points)
        earned = Earned(low, high, most, _open(low, high, statuses))
        return earned, teller, (scene.trace[start:], earned)

    return score


def _each_teller(indicator: Indicator) -> Teller:
    each_points, most = indicator.each_points, indicator.maximum

    def words(kept: tuple[list[Event], Earned]) -> tuple[str, str]:
        return checks_text(checks_of(kept[0])), f"每项 {each_points} 分，最高 {most} 分"

    def better(kept: tuple[list[Event], Earned]) -> NextBand | None:
        """One more of the tests that do not hold yet, while that still adds points."""
        trace, earned = kept
        more = min(most, earned.low + each_points)
        lacking = [f"{check.label} {check.threshold}" for check in checks_of(trace) if check.status is not MET]
        if earned.cause is not None or more == earned.low or not lacking:
            return None
        return NextBand(Points(more, more, most), " 或 ".join(lacking))

    return Teller(words, better)


_Chosen = tuple[list[Event], list[int], int]
"""The trace, where in it each choice begins and the last one ends, and the choice that would be better, or −1."""


def _by_choices(indicator: Indicator, basis: Basis) -> Scorer:
    most, offers = indicator.maximum, [_offer(each, indicator.maximum, basis) for each in indicator.choices]
    teller = _choices_teller(indicator)

    def score(scene: Scene) -> Scored:
        trace = scene.trace
        marks = [len(trace)]
        held: Earned | None = None
        possible: list[tuple[Status, Earned]] | None = None
        passed = -1
        for judge, earned in offers:
            status = MET if judge is None else judge(scene)
            marks.append(len(trace))
            if held is not None:  # judged all the same: every missing fact is named
                continue
            if status is MET:
                held = earned
            elif status is UNMET:  # choices fall: the last one passed over is the nearest
                passed = len(marks) - 2
            else:
                possible = [*(possible or ()), (status, earned)]
        if held is None or possible is not None:
            possible = [*(possible or ()), *(() if held is None else ((MET, held),))]
            held, passed = _possible(possible, most), passed if len(possible) == 1 else -1
        return held, teller, (trace, marks, passed)

    return score


def _offer(choice: Choice, most: Decimal, basis: Basis) -> tuple[Judge | None, Earned]:
    """The test, and what it earns where it holds."""
    low, high = choice.points_low, choice.points_high
    earned = Earned(low, high, most, _open(low, high, ()))
    return None if choice.test is None else compile_test(choice.test, basis), earned


def _possible(offers: Collection[tuple[Status, Earned]], most: Decimal) -> Earned:
    low, high = min([earned.low for _, earned in offers]), max([earned.high for _, earned in offers])
    return Earned(low, high, most, _open(low, high, [status for status, _ in offers]))


def _choices_teller(indicator: Indicator) -> Teller:
    scale = "、".join(points_text(choice.points_low, choice.points_high) for choice in indicator.choices)

    def words(kept: _Chosen) -> tuple[str, str]:
        trace, marks, _ = kept
        return checks_text(checks_of(trace[marks[0] : marks[-1]])), f"各档 {scale}"

    def better(kept: _Chosen) -> NextBand | None:
        trace, marks, passed = kept
        if passed < 0:
            return None
        choice = indicator.choices[passed]
        joint = " 或 " if isinstance(choice.test, AnyOf) else "；"
        points = Points(choice.points_low, choice.points_high, indicator.maximum)
        return NextBand(points, joint.join(_wanted(trace[marks[passed] : marks[passed + 1]])))

    return Teller(words, better)


def _wanted(trace: Iterable[Event]) -> list[str]:
    return [f"{check.label} {check.threshold}" for check in checks_of(trace) if check.status is not MET]
