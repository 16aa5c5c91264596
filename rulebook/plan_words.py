"""A plan in the words of those who carry it out: units people use, what is assumed, what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact, RecordField
from rulebook.pack import Pack
from rulebook.plan_amounts import amount, trimmed
from rulebook.plan_bounds import steep
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_entries import title_of
from rulebook.plan_goals import Goals, by_itself
from rulebook.plan_model import EFFORT_LABELS, Change, Kind, Outcome, RoutePlan
from rulebook.plan_remedies import Remedies
from rulebook.plan_time import Clock
from rulebook.plan_walk import facts_of
from rulebook.subject import POINT, Title
from rulebook.units import MONEY_UNITS
from rulebook.wording import period_label, shown_value


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

    @property
    def goals(self) -> Goals:
        return Goals(self.pack, self.kind, self.clock, self.before, self.after, self.remedies, self.needed)

    def changes(self) -> tuple[Change, ...]:
        said = [self._change(edit) for edit in self.after.edits]
        return tuple(sorted(said, key=_order))

    def _change(self, edit: Edit) -> Change:
        goals, conditions = self.goals.of(edit)
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
            title=edit.slot[1] if edit.slot[0] in ("title", "row") else _granted(edit),
            consequences=tuple(self._consequences(edit)),
            evidence=fact.evidence if fact is not None else (),
            warning=self._warning(edit),
        )

    def _warning(self, edit: Edit) -> str:
        fact = edit.fact
        if fact is None or edit.kind is not Kind.REACH or not steep(fact, edit.before, edit.value):
            return ""
        label, had, wanted = period_label(fact, edit.year), amount(fact, edit.before), amount(fact, edit.value)
        if fact.unit == _RANKED:
            how = f"须由第 {had}提升到第 {wanted}，幅度过半"
        elif edit.direction < 0:
            how = f"须由 {had} 降至 {wanted}，降幅过半"
        elif Decimal(str(edit.before)) <= 0:
            how = f"现为 {had}，须增至 {wanted}，从无到有"
        else:
            how = f"须由 {had} 增至 {wanted}，超过翻一番"
        return f"{label}{how}，很难实现，请核实是否可行"

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
        if edit.asked:
            return self.goals.limit(edit)
        return edit.value if edit.slot[0] == "fact" else None

    def _earliest(self, edit: Edit) -> str:
        if edit.ready <= self.clock.as_of:
            return "现在即可办理"
        if edit.kind is Kind.OBTAIN and edit.field_name:
            assert isinstance(edit.value, dict)
            last = next(str(edit.value[each.name]) for each in _fields(edit) if each.type == "date")
            return f"最早 {edit.ready}（按{EFFORT_LABELS[edit.effort]}估计），最迟 {last} 到账"
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
            money = f"{trimmed(Decimal(str(edit.value[edit.field_name])) / MONEY_UNITS['万元'])} 万元"
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
        if edit.slot[0] == "entry":
            return f"补充{label}（须有{edit.words}）{_proof(fact)}"
        if edit.asked:
            return self._ask(edit, fact, goals)
        if fact.type == "records":
            return f"补充{label}（没有的填“无”）{_proof(fact)}"
        if fact.type == "boolean":  # the label says what may be so or not: read on without marks it claims it
            return f"补充是否“{label}”（须为“{shown_value(fact, edit.value)}”）{_proof(fact)}"
        return f"补充{label}（须为“{shown_value(fact, edit.value)}”）{_proof(fact)}"

    def _ask(self, edit: Edit, fact: Fact, goals: list[str]) -> str:
        """What is asked for, what it has to be by itself, and which lines can be computed only then."""
        label = period_label(fact, edit.year)
        what = f"是否“{label}”" if fact.type == "boolean" else label
        empty = "（没有的填“无”）" if fact.type == "records" else ""
        direct = [test.limit.text for test, _, alone in self.goals.waiting(edit) if alone and by_itself(test)]
        dated = "至申报日" if fact.type == "date" else ""
        wish = f"，须满足：{'；'.join(f'{dated}{each}' for each in dict.fromkeys(direct))}" if direct else ""
        then = [each for each in goals if each.startswith("“")]
        more = "等" if len(then) > _MOST_GOALS else ""
        after = f"；补齐后才能算出{'、'.join(then[:_MOST_GOALS])}{more}" if then else ""
        return f"补充{what}{empty}{_proof(fact)}{wish}{after}"

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
        difference = Decimal(str(edit.value)) - Decimal(str(edit.before))
        more, step = ("再增加", difference) if difference > 0 else ("减少", -difference)
        base = self._base(edit, fact)
        if fact.unit == _RANKED:
            verb, moved = ("提升到", "提升") if difference < 0 else ("降到", "下降")
            had = f"{base}第 {amount(fact, edit.before)}"
            return f"{label}{verb}第 {target}（{had}，{moved} {amount(fact, step)}）{_why(goals)}"
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
        if fact is None or edit.slot[0] != "fact" or edit.asked:
            return
        labels = self._labels()
        for (whole_id, year), value in self.after.lifted().items():
            if year == edit.year and value == edit.value and whole_id in labels:
                yield f"相应地，{period_label(labels[whole_id], year)}不低于 {amount(fact, value)}"

    def _labels(self) -> Mapping[str, Fact]:
        """The facts that the pack names: of the others nothing can be said."""
        return facts_of(self.pack)


_RANKED = "名"
"""The unit of a rank: the first is the best."""
_MOST_GOALS = 3


def _granted(edit: Edit) -> str:
    return title_of(edit.value) if edit.kind is Kind.OBTAIN else ""


def _fields(edit: Edit) -> tuple[RecordField, ...]:
    return edit.fact.fields if edit.fact is not None else ()


def _order(change: Change) -> tuple[date, int, bool, str]:
    """What comes first in time; of one day what is missing before what others decide."""
    return change.ready, _RANK[change.effort], change.kind is not Kind.SUPPLY, change.text


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


def summary_of(best: RoutePlan) -> str:
    if best.outcome is Outcome.REFUSED:
        return "各路径目前都无法规划：" + "；".join(best.reasons) + "。"
    assert best.opportunity is not None
    if best.outcome is Outcome.MET:
        return f"按现有资料已符合“{best.label}”。"
    if best.outcome is Outcome.UNDECIDED:
        return f"“{best.label}”除由主管部门核定的事项外均已符合，待主管部门认定。"
    if best.outcome is Outcome.PENDING:
        return _pending_summary(best)
    count = sum(each.kind is not Kind.WAIT for each in best.changes)
    needs_text = f"需完成 {count} 项改变，" if count else "无需改变，只需等待，"
    tail = "；其余由主管部门核定" if best.judgement else ""
    tail += "；其中有幅度很大的改变，很难实现" if best.steep else ""
    return f"走“{best.label}”：{needs_text}最早可在{spaced(best.opportunity.label)}达到{tail}。"


def _pending_summary(best: RoutePlan) -> str:
    """What to supply, what is certain already, and that the rest can be computed only then."""
    assert best.opportunity is not None
    supplied = sum(each.kind is Kind.SUPPLY for each in best.changes)
    others = sum(each.kind not in (Kind.SUPPLY, Kind.WAIT) for each in best.changes)
    also = f"已能确定的另有 {others} 项改变；" if others else ""
    steep_too = "其中有幅度很大的改变，很难实现；" if best.steep else ""
    when = f"最早为{spaced(best.opportunity.label)}"
    return f"走“{best.label}”：先补充 {supplied} 项资料；{also}{steep_too}是否达到、还需什么，补齐后才能算出，{when}。"
