"""A plan in the words of those who carry it out: units people use, what is assumed, what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from rulebook.assessment import Assessment
from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.expressions import shape_of
from rulebook.measures import compile_measure, display, measure_label
from rulebook.pack import Compare, Condition, Indicator, Measure, Pack, Ref, Share, Total
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_model import EFFORT_LABELS, Change, Kind, Outcome, RoutePlan
from rulebook.plan_remedies import Asking, Remedies
from rulebook.plan_score import scored_on
from rulebook.plan_steps import accrues
from rulebook.plan_time import STEEP, Clock
from rulebook.plan_walk import leaves_of, measures_of, refs_of, scales_of, tests_scoring
from rulebook.status import Status, Verdict
from rulebook.subject import POINT, Title
from rulebook.units import MONEY_UNITS, plain_decimal
from rulebook.wording import period_label, shown, shown_value


def amount(fact: Fact, value: object) -> str:
    """A figure as people write it: 万元 with at most two decimals, no trailing zeros."""
    number = Decimal(str(value))
    if fact.type == "money":
        wan = number / MONEY_UNITS["万元"]
        return f"{_trimmed(wan)} 万元"
    if fact.type == "ratio":
        return f"{_trimmed(number * 100)}%"
    text = plain_decimal(number)
    return f"{text} {fact.unit}" if fact.unit else text


def _trimmed(value: Decimal) -> str:
    """Two decimals at most, rounded up when there are more: a step shown is never too short."""
    rounded = value.quantize(Decimal("0.01"), ROUND_CEILING)
    whole, _, rest = f"{rounded:,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole


@dataclass(frozen=True, slots=True)
class Words:
    """Says the edits of one draft. `before` is the same day without any edit."""

    pack: Pack
    kind: str
    clock: Clock
    before: Draft
    after: Draft
    remedies: Remedies
    needed: tuple[str, ...]
    """The lines that the route asks for."""

    def changes(self) -> tuple[Change, ...]:
        said = [self._change(edit) for edit in self.after.edits]
        return tuple(sorted(said, key=lambda each: (each.ready, _RANK[each.effort], each.text)))

    def _change(self, edit: Edit) -> Change:
        goals, conditions = self._goals(edit)
        fact = edit.fact
        return Change(
            kind=edit.kind,
            text=self._text(edit, goals),
            conditions=tuple(conditions) or (edit.condition,),
            goals=tuple(goals),
            effort=edit.effort,
            ready=edit.ready,
            earliest=self._earliest(edit),
            distance=_decimal(edit.distance),
            fact_id=fact.id if fact is not None else "",
            label=period_label(fact, edit.year) if fact is not None else edit.words,
            fiscal_year=edit.year if edit.slot[0] == "fact" else POINT,
            unit=fact.unit if fact is not None else None,
            current=self._current(edit),
            target=self._target(edit),
            title=edit.slot[1] if edit.slot[0] in ("title", "row") else "",
            consequences=tuple(self._consequences(edit)),
            evidence=fact.evidence if fact is not None else (),
            warning=self._warning(edit),
        )

    def _warning(self, edit: Edit) -> str:
        fact = edit.fact
        rises = edit.kind is Kind.REACH and edit.slot[0] == "fact" and edit.direction > 0 and edit.before is not None
        if fact is None or not rises or not accrues(fact) or edit.distance <= STEEP:
            return ""
        had, wanted = amount(fact, edit.before), amount(fact, edit.value)
        return f"{period_label(fact, edit.year)}须由 {had} 增至 {wanted}，超过翻一番，很难实现，请核实是否可行"

    def _current(self, edit: Edit) -> object:
        """What is on file: of records the list that the new entry joins."""
        if edit.slot[0] == "entry":
            held = self.before.base.facts.get((edit.slot[1], POINT))
            return None if held is None else held.value
        return edit.before if edit.slot[0] == "fact" else None

    def _target(self, edit: Edit) -> object:
        """What is to be stated, where it is determined: a value, one more entry, a title as a ledger has it."""
        if isinstance(edit.value, Title):
            held = edit.value
            return {"title": held.code, "state": held.state, "valid_from": _iso(held.valid_from),
                    "valid_to": _iso(held.valid_to)}  # fmt: skip
        if edit.slot[0] == "entry":
            return edit.value
        return edit.value if edit.slot[0] == "fact" and (not self._open(edit) or self._bounded(edit)) else None

    def _bounded(self, edit: Edit) -> bool:
        """Whether a missing figure is asked against what is known: its limit is then a number, not a relation."""
        unknown = {each.slot[1:] for each in self.after.edits if each.supplied and each is not edit}
        tests = [leaf.measure for leaf, _ in self._tests() if isinstance(leaf, Compare)]
        scored = [
            measure for each in self.pack.indicators if each.line.id in self.needed for measure in measures_of(each)
        ]
        asked = [each for each in (*tests, *scored) if self._reads(each, edit)]
        refs = {(ref.fact.id, self.remedies.year_of(ref)) for each in asked for ref in refs_of(each)}
        return edit.direction != 0 and bool(asked) and not refs & unknown

    def _earliest(self, edit: Edit) -> str:
        if edit.ready <= self.clock.as_of:
            return "现在即可办理"
        if edit.kind is Kind.OBTAIN and edit.field_name:
            return f"最迟 {edit.ready} 到账"
        yearly = edit.slot[0] == "fact" and edit.fact is not None and edit.fact.year_of == "fiscal"
        if yearly and edit.year >= self.clock.as_of.year:
            return f"{edit.year} 年度结束后"
        return f"最早 {edit.ready}（按{EFFORT_LABELS[edit.effort]}估计）"

    # -- what it says -----------------------------------------------------------------------------------------

    def _text(self, edit: Edit, goals: list[str]) -> str:
        fact = edit.fact
        match edit.kind:
            case Kind.DECIDE:
                again = "改善后请主管部门重新认定" if edit.before else "请主管部门认定"
                return f"{again}“{fact.label}”{_proof(fact)}" if fact is not None else again
            case Kind.TITLE:
                return _title(edit)
            case Kind.OBTAIN:
                return self._obtain(edit)
            case Kind.CONFIRM:
                assert fact is not None
                source = SOURCE_KINDS.get(edit.source, edit.source)
                return f"{period_label(fact, edit.year)}改用{source}的数据{_proof(fact)}"
            case Kind.SUPPLY:
                return self._supply(edit, goals)
            case _:
                return self._reach(edit, goals)

    def _obtain(self, edit: Edit) -> str:
        fact = edit.fact
        assert fact is not None
        wanted = f"（{edit.words}）" if edit.words else ""
        if edit.field_name:
            assert isinstance(edit.value, dict)
            column = fact.field_named(edit.field_name)
            assert column is not None
            money = f"{_trimmed(Decimal(str(edit.value[edit.field_name])) / MONEY_UNITS['万元'])} 万元"
            return f"再完成{fact.label} {money}{wanted}"
        hint = "；台账中没有登记，如已取得，补登即可" if edit.before == "missing" else ""
        return f"取得 1 项{fact.label}{wanted}{hint}"

    def _supply(self, edit: Edit, goals: list[str]) -> str:
        fact = edit.fact
        if edit.slot[0] == "size":
            return f"补充{edit.words}，用于判断企业规模（须为{edit.before}）"
        if edit.slot[0] == "field":
            return f"补充{edit.words}（以不构成障碍为前提）"
        if fact is None:
            return f"补充{edit.words}"
        label = period_label(fact, edit.year)
        if fact.type == "records":
            return f"补充{label}（没有的填“无”）{_proof(fact)}"
        if edit.words:
            return f"补充{label}（须{edit.words}）{_proof(fact)}"
        if fact.type == "boolean":  # the label says what may be so or not: read on without marks it claims it
            return f"补充是否“{label}”（须为“{shown_value(fact, edit.value)}”）{_proof(fact)}"
        if fact.type not in NUMERIC:
            return f"补充{label}（须为“{shown_value(fact, edit.value)}”）{_proof(fact)}"
        wish = f"，须满足：{'；'.join(goals)}" if goals else ""
        return f"补充{label}{_proof(fact)}{wish}"

    def _reach(self, edit: Edit, goals: list[str]) -> str:
        fact = edit.fact
        assert fact is not None
        label = period_label(fact, edit.year)
        if fact.type not in NUMERIC:
            if edit.value is False:
                return f"消除“{fact.label}”的情形（现为是）"
            if edit.value is True:
                return f"实现“{fact.label}”（现为否）"
            now = f"（现为{shown_value(fact, edit.before)}）" if edit.before is not None else ""
            return f"{label}达到“{shown_value(fact, edit.value)}”{now}"
        target = amount(fact, edit.value)
        if edit.before is None and edit.direction == 0:
            wish = f"，须满足：{'；'.join(goals)}" if goals else ""
            return f"年度结束后填报{label}{_proof(fact)}{wish}"
        if edit.before is None:
            return f"{label}达到 {target}{_why(goals)}"
        difference = Decimal(str(edit.value)) - Decimal(str(edit.before))
        more, step = ("再增加", difference) if difference > 0 else ("减少", -difference)
        base = self._base(edit, fact)
        if fact.type == "integer" and fact.unit == "项" and not fact.yearly and difference > 0:
            name = fact.label.removesuffix("数")
            had = amount(fact, edit.before)
            return f"再增加 {amount(fact, step)}{name}（现有 {had}，需达到 {target}）{_why(goals)}"
        verb = "达到" if difference > 0 else "降到"
        return f"{label}{verb} {target}（{base} {amount(fact, edit.before)}，{more} {amount(fact, step)}）{_why(goals)}"

    def _base(self, edit: Edit, fact: Fact) -> str:
        """Which year the present value belongs to: years that have no figure take the one of the last that has."""
        years = [year for fact_id, year in self.remedies.recorded if fact_id == fact.id and year <= edit.year]
        latest = max(years, default=edit.year)
        return "现为" if not fact.yearly or latest == edit.year else f"{latest} 年为"

    def _consequences(self, edit: Edit) -> Iterator[str]:
        fact = edit.fact
        if fact is None or edit.slot[0] != "fact":
            return
        lifted = self.after.lifted()
        value = lifted.get((fact.part_of, edit.year))
        whole = self._facts().get(fact.part_of)
        if value is not None and value == edit.value and whole is not None:
            yield f"相应地，{period_label(whole, edit.year)}不低于 {amount(whole, value)}"

    def _open(self, edit: Edit) -> bool:
        """Whether the value of a supplied figure is only a stand-in: it is shown as a relation, not as a number."""
        open_value = edit.kind is Kind.SUPPLY or (edit.before is None and edit.direction == 0)
        return open_value and edit.fact is not None and edit.fact.type in NUMERIC

    def _facts(self) -> Mapping[str, Fact]:
        found = dict(self.after.wholes)
        for test, _ in self._tests():
            for ref in refs_of(test):
                found.setdefault(ref.fact.id, ref.fact)
        return found

    # -- what it is for ---------------------------------------------------------------------------------------

    def _goals(self, edit: Edit) -> tuple[list[str], list[str]]:
        """What the edit brings about, as the lines put it, and which lines those are."""
        if edit.slot[0] != "fact" or edit.fact is None or edit.fact.type not in NUMERIC:
            return [], []
        goals: dict[str, None] = {}
        conditions: dict[str, None] = {}
        for test, asking in self._tests():
            if not isinstance(test, Compare) or not self._reads(test.measure, edit):
                continue
            if self.remedies.status(test, self.after, asking) is not Status.MET:
                continue
            was = self.remedies.status(test, self.before, asking)
            if was is Status.MET and edit.kind is not Kind.SUPPLY:
                continue
            goals[self._goal(test, edit, was)] = None
            conditions[asking.condition] = None
        for indicator in self.pack.indicators:
            if indicator.line.id not in self.needed:
                continue
            if any(self._reads(each, edit) for each in (*measures_of(indicator), *tests_scoring(indicator))):
                goal = self._points(indicator, edit)
                if goal:
                    goals[goal] = None
                    conditions[indicator.line.id] = None
        return list(goals), list(conditions)

    def _tests(self) -> Iterator[tuple[object, Asking]]:
        for each in (*self.pack.gates, *self.pack.conditions):
            test = each.tests.get(self.kind)
            bound = each.modality == "must" and each.line.id in self.needed
            if test is not None and bound and self._applies(each):
                for leaf in leaves_of(test):
                    yield leaf, Asking(each.line.id, each.effort, each.only_sources)

    def _applies(self, condition: Condition) -> bool:
        """A tier that the changed facts leave behind asks nothing."""
        if condition.applies_if is None:
            return True
        return self.remedies.status(condition.applies_if, self.after, Asking("")) is not Status.UNMET

    def _reads(self, what: object, edit: Edit) -> bool:
        return any(ref.fact is edit.fact and self.remedies.year_of(ref) == edit.year for ref in refs_of(what))

    def _goal(self, test: Compare, edit: Edit, was: Status) -> str:
        shape = shape_of(test.measure)
        if isinstance(test.measure, Ref):
            return f"{test.limit.text}"
        now = "" if was is Status.UNKNOWN else f"由 {self._value(test.measure, self.before) or '不详'} "
        verb = "降到" if test.limit.operator in ("<", "<=") else "达到"
        label = shape.label
        if isinstance(test.measure, Total):
            label = measure_label(test.measure, self.remedies.basis(Asking("")))
        return f"{label}{now}{verb} {test.limit.written}{self._kept(test, edit)}"

    def _value(self, what: Measure, draft: Draft) -> str:
        asking = Asking("")
        meter = self.remedies.compiled(what, asking, lambda: compile_measure(what, self.remedies.basis(asking)))
        value = meter(self.remedies.scene(draft))
        return "" if isinstance(value, Status) else shown(shape_of(what), display(value))

    def _kept(self, test: Compare, edit: Edit) -> str:
        """What a share takes for granted: the other side, as it stands in the plan."""
        if not isinstance(test.measure, Share):
            return ""
        others = [ref for ref in refs_of(test.measure) if ref.fact is not edit.fact]
        moved = {each.slot for each in self.after.edits}
        kept = [ref for ref in others if ("fact", ref.fact.id, self.remedies.year_of(ref)) not in moved]
        said = []
        for ref in kept:
            held = self.after.subject.facts.get((ref.fact.id, self.remedies.year_of(ref)))
            if held is not None and held.value is not None:
                said.append(f"{ref.fact.label} {amount(ref.fact, held.value)}")
        return f"（按{'、'.join(said)}计）" if said else ""

    def _points(self, indicator: Indicator, edit: Edit) -> str:
        """What the edit earns; of a figure that is only supplied, the band that it must turn out to be on."""
        before = scored_on(indicator, self.before, self.remedies).points
        after = scored_on(indicator, self.after, self.remedies).points
        if after.low <= before.low:
            return ""
        if edit.kind is Kind.SUPPLY:
            bands = [band for scale in scales_of(indicator) for band in scale.bands]
            asked = [each.text for each in bands if each.points_low == after.low]
            chosen = [each.test for each in indicator.choices if each.points_low == after.low]
            leaves = (leaf for test in chosen for leaf in leaves_of(test))
            asked += [leaf.limit.text for leaf in leaves if isinstance(leaf, Compare)]
            wanted = f" {asked[0]}" if asked else ""
            return f"“{indicator.line.label}”{wanted}（得 {after.display}）"
        moved = ""
        for each in measures_of(indicator):
            was, now = self._value(each, self.before), self._value(each, self.after)
            if was != now:
                moved = f"（{was} → {now}）" if was else f"（{now}）"
        return f"“{indicator.line.label}”{moved}由 {before.display}提高到 {after.display}"


def _why(goals: list[str]) -> str:
    said = [goal for goal in goals if not goal.startswith(("≥", "≤", ">", "<", "＝"))]
    return f"，使{'；'.join(said)}" if said else ""


def _proof(fact: Fact | None) -> str:
    return f"（材料：{'、'.join(fact.evidence)}）" if fact is not None and fact.evidence else ""


def _title(edit: Edit) -> str:
    return f"{edit.words}称号" if edit.before == "先取得" else edit.words


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.0001"))


_RANK = {"paperwork": 0, "months": 1, "year": 2, "years": 3}


def spaced(label: str) -> str:
    return f" {label}" if label[:1].isdigit() else label


def summary_of(best: RoutePlan, now: Assessment) -> str:
    if best.outcome is Outcome.REFUSED:
        return "各路径目前都无法规划：" + "；".join(best.reasons) + "。"
    assert best.opportunity is not None
    if best.outcome is Outcome.MET:
        return (
            f"按现有资料已符合“{best.label}”。"
            if now.verdict is Verdict.ELIGIBLE
            else (f"“{best.label}”除由主管部门核定的事项外均已符合。")
        )
    count = sum(each.kind is not Kind.WAIT for each in best.changes)
    needs_text = f"需完成 {count} 项改变，" if count else "无需改变，只需等待，"
    tail = "；其余由主管部门核定" if best.judgement else ""
    tail += "；其中有超过翻一番的改变，很难实现" if best.steep else ""
    return f"走“{best.label}”：{needs_text}最早可在{spaced(best.opportunity.label)}达到{tail}。"
