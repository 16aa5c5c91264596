"""Whether what is declared of one enterprise agrees with itself: the rules are data, the arithmetic is here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Dictionary, Fact
from rulebook.expressions import Expressions
from rulebook.pack import SIZES, Ref
from rulebook.plan_bounds import Possible
from rulebook.scene import exact_decimal
from rulebook.size import SizeResult
from rulebook.source import Block, Reader
from rulebook.subject import POINT, FactValue
from rulebook.units import fold
from rulebook.wording import period_label, shown, shown_value

SEVERITIES = {"impossible": "不可能", "doubtful": "须核对"}
COMPARED = ("registered_size", "earlier_statements")
_RELATION = re.compile(r"^(.*?)(<=|>=|=)(.*)$")
_WORDS = {"<=": "应不超过", ">=": "应不小于", "=": "应等于"}

Facts = Mapping[tuple[str, int], FactValue]


@dataclass(frozen=True, slots=True)
class Side:
    """A sum of facts and of a constant."""

    refs: tuple[Ref, ...]
    constant: Decimal


@dataclass(frozen=True, slots=True)
class Relation:
    """left operator right; `absolute` and `share` (of the larger side) are how far they may be apart."""

    left: Side
    operator: str
    right: Side
    absolute: Decimal
    share: Decimal

    @property
    def refs(self) -> tuple[Ref, ...]:
        return self.left.refs + self.right.refs


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should hold: a `relation` between sums, codes that `agree`, or what else it `compares`."""

    id: str
    label: str
    reason: str
    severity: str
    relation: Relation | None
    compares: str | None
    agree: tuple[Ref, ...] = ()
    """Facts of the same codes, of which none may differ from the first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value as it was declared. `recorded_at` and `as_of` say when, `source_label` by whom."""

    fact_id: str
    label: str
    fiscal_year: int
    display: str
    source: str
    source_label: str
    as_of: str | None
    recorded_at: str | None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A check that does not hold, in words, with the figures that contradict each other."""

    check: Check
    fiscal_year: int
    message: str
    figures: tuple[Figure, ...]


# -- reading the rules --------------------------------------------------------------------------------------------


def load_checks(text: str, dictionary: Dictionary, file: str) -> tuple[Check, ...]:
    """The checks of one file. Raises SourceInvalid with file, line and remedy of everything that is wrong."""
    reader = Reader(file)
    root = reader.parse(text)
    reader.only(root, ("checks",))
    checks = [_check(reader, block, dictionary) for block in reader.blocks(root, "checks")]
    names = [each.id for each in checks]
    for block, check in zip(reader.blocks(root, "checks"), checks, strict=True):
        if names.count(check.id) > 1:
            reader.problem(block.line, check.id, "每个 id 只用一次", "请改名或删去重复的一条。", "repeated")
    reader.raise_if_any()
    return tuple(checks)


def _check(reader: Reader, block: Block, dictionary: Dictionary) -> Check:
    reader.only(block, ("id", "label", "reason", "severity", "holds", "tolerance", "agree", "compares"))
    severity = reader.text(block, "severity")
    if severity and severity not in SEVERITIES:
        reader.problem(
            reader.line_of(block, "severity"), severity, "、".join(SEVERITIES) + "之一", "请改正。", "choice"
        )
    compares = reader.text(block, "compares", required=False) or None
    holds = reader.text(block, "holds", required=False)
    agree = reader.text(block, "agree", required=False)
    if [bool(holds), bool(agree), bool(compares)].count(True) != 1:
        reader.problem(block.line, "holds、agree、compares", "三者之一", "请补写或删去。")
    if compares is not None and compares not in COMPARED:
        reader.problem(reader.line_of(block, "compares"), compares, "、".join(COMPARED) + "之一", "请改正。", "choice")
    return Check(
        id=reader.text(block, "id"),
        label=reader.text(block, "label"),
        reason=reader.text(block, "reason"),
        severity=severity,
        relation=_relation(reader, block, dictionary, holds) if holds else None,
        compares=compares,
        agree=_agreeing(reader, block, dictionary, agree) if agree else (),
    )


def _agreeing(reader: Reader, block: Block, dictionary: Dictionary, text: str) -> tuple[Ref, ...]:
    line = reader.line_of(block, "agree")
    expressions = Expressions(reader, dictionary)
    refs = [ref for term in text.split("=") if (ref := expressions.ref(term.strip(), line)) is not None]
    if len(refs) < 2 or any(ref.fact.type != "code" or ref.fact.yearly != refs[0].fact.yearly for ref in refs):
        reader.problem(line, text, "用 = 连起来的、期间相同的选项类指标", "如 a[t] = b[t]。", "operator")
    elif any(ref.fact.allowed != refs[0].fact.allowed for ref in refs):
        reader.problem(line, text, "选项相同的指标", "选项不同的指标不能比较。", "choice")
    return tuple(refs)


def _relation(reader: Reader, block: Block, dictionary: Dictionary, text: str) -> Relation | None:
    line = reader.line_of(block, "holds")
    match = _RELATION.match(fold(text))
    if match is None:
        reader.problem(line, text, "左边 <=、>= 或 = 右边", "如 a[t] <= b[t] + c[t]。", "operator")
        return None
    expressions = Expressions(reader, dictionary)
    parts = [[term.strip() for term in match.group(side).split("+")] for side in (1, 3)]
    first = next((term for terms in parts for term in terms if not term[:1].isdigit()), "")
    lead = expressions.ref(first, line)
    if lead is None:
        return None
    sides = [_side(expressions, terms, lead.fact, line) for terms in parts]
    absolute, share = _tolerance(reader, block, expressions, lead.fact)
    if sides[0] is None or sides[1] is None:
        return None
    relation = Relation(sides[0], match.group(2), sides[1], absolute, share)
    if len({ref.fact.yearly for ref in relation.refs}) > 1:
        reader.problem(line, text, "都按年度存放、或都不分年度的指标", "两者不能逐年核对。", "period")
    return relation


def _side(expressions: Expressions, terms: list[str], like: Fact, line: int) -> Side | None:
    refs: list[Ref] = []
    constant = Decimal(0)
    for term in terms:
        if term[:1].isdigit():
            value = expressions.literal(term, like, line)
            if value is None:
                return None
            constant += value
            continue
        ref = expressions.ref(term, line)
        if ref is None:
            return None
        if ref.fact.type not in NUMERIC or (ref.fact.type, ref.fact.unit) != (like.type, like.unit):
            expressions.reader.problem(
                line, term, f"与“{like.label}”单位相同的数", "只有同类的数能相加和比较。", "unit"
            )
            return None
        refs.append(ref)
    return Side(tuple(refs), constant)


def _tolerance(reader: Reader, block: Block, expressions: Expressions, like: Fact) -> tuple[Decimal, Decimal]:
    text = reader.text(block, "tolerance", required=False)
    if not text:
        return Decimal(0), Decimal(0)
    line = reader.line_of(block, "tolerance")
    if text.endswith("%") and text[:-1].replace(".", "", 1).isdigit():
        return Decimal(0), Decimal(text[:-1]) / 100
    return expressions.literal(text, like, line) or Decimal(0), Decimal(0)


# -- what a plan may not come to ----------------------------------------------------------------------------------


def possible_of(checks: Sequence[Check]) -> Possible:
    """The checks of severity `impossible` as bounds of a plan: parts within their wholes, and the rest as it reads."""
    firm = [check for check in checks if check.severity == "impossible" and check.relation is not None]
    within: dict[str, tuple[str, ...]] = {}
    reading: dict[str, list[Check]] = {}
    for check in firm:
        assert check.relation is not None
        pair = _part_and_whole(check.relation)
        if pair is not None:
            within[pair[0]] = (*within.get(pair[0], ()), pair[1])
        for ref in check.relation.refs:
            reading.setdefault(ref.fact.id, []).append(check)

    def broken(facts: Facts, touched: Collection[tuple[str, int]]) -> Iterator[str]:
        asked = {check.id: check for fact_id, _ in touched for check in reading.get(fact_id, ())}
        _, found = compare(list(asked.values()), facts)
        for each in found:
            if any((figure.fact_id, figure.fiscal_year) in touched for figure in each.figures):
                yield each.message

    return Possible(within, broken)


def _part_and_whole(relation: Relation) -> tuple[str, str] | None:
    """(part, whole) of a relation that says no more than that one figure never exceeds another of the same year."""
    if relation.operator == ">=":
        left, right = relation.right, relation.left
    else:
        left, right = relation.left, relation.right
    plain = relation.operator != "=" and not (left.constant or right.constant or relation.absolute or relation.share)
    if not plain or len(left.refs) != 1 or len(right.refs) != 1 or left.refs[0].offset != right.refs[0].offset:
        return None
    return left.refs[0].fact.id, right.refs[0].fact.id


# -- comparing ----------------------------------------------------------------------------------------------------


def compare(checks: Sequence[Check], facts: Facts) -> tuple[int, list[Discrepancy]]:
    """How many comparisons the facts allow, and those that do not hold. What is missing is not compared."""
    compared = 0
    found: list[Discrepancy] = []
    for check in checks:
        if check.agree:
            outcomes = [_disagreement(check, facts, year) for year in _years(check.agree, facts)]
            compared += len(outcomes)
            found += [outcome for outcome in outcomes if outcome is not None]
        if check.relation is None:
            continue
        for year in _years(check.relation.refs, facts):
            values = _values(check.relation, facts, year)
            if values is None:
                continue
            compared += 1
            discrepancy = _judge(check, check.relation, values, facts, year)
            if discrepancy is not None:
                found.append(discrepancy)
    return compared, found


def _years(refs: Sequence[Ref], facts: Facts) -> list[int]:
    lead = refs[0]
    if not lead.fact.yearly:
        return [POINT]
    return sorted(year - (lead.offset or 0) for fact_id, year in facts if fact_id == lead.fact.id)


def _disagreement(check: Check, facts: Facts, year: int) -> Discrepancy | None:
    """Those that say another code than the first one; what is missing says nothing."""
    told = [(ref.fact, _at(ref, year)[1], facts.get(_at(ref, year))) for ref in check.agree]
    known = [(fact, at, held) for fact, at, held in told if held is not None and held.value is not None]
    if not known or known[0][0] is not check.agree[0].fact:
        return None
    lead, *others = known
    differing = [each for each in others if each[2].value != lead[2].value]
    if not differing:
        return None
    said = [f"{period_label(fact, at)}为{shown_value(fact, held.value)}" for fact, at, held in (lead, *differing)]
    message = f"{said[0]}，而{'、'.join(said[1:])}。{check.reason}。"
    return Discrepancy(check, year, message, tuple(figure(*each) for each in (lead, *differing)))


def _at(ref: Ref, year: int) -> tuple[str, int]:
    return ref.fact.id, POINT if ref.offset is None else year + ref.offset


def _values(relation: Relation, facts: Facts, year: int) -> tuple[Decimal, Decimal] | None:
    totals = []
    for side in (relation.left, relation.right):
        total = side.constant
        for ref in side.refs:
            held = facts.get(_at(ref, year))
            if held is None or held.value is None:
                return None
            total += exact_decimal(ref.fact.id, year, held.value)
        totals.append(total)
    return totals[0], totals[1]


def _judge(
    check: Check, relation: Relation, values: tuple[Decimal, Decimal], facts: Facts, year: int
) -> Discrepancy | None:
    left, right = values
    allowed = max(relation.absolute, relation.share * max(abs(left), abs(right)))
    over = {"<=": left - right, ">=": right - left, "=": abs(left - right)}[relation.operator]
    if over <= allowed:
        return None
    fact = relation.refs[0].fact
    margin = f"（允许相差 {shown(fact, allowed)}）" if allowed else ""
    message = (
        f"{_named(relation.left, year)} {shown(fact, left)}，{_WORDS[relation.operator]}"
        f"{_named(relation.right, year)} {shown(fact, right)}，相差 {shown(fact, abs(left - right))}{margin}。"
        f"{check.reason}。"
    )
    figures = tuple(
        figure(ref.fact, _at(ref, year)[1], facts[_at(ref, year)]) for ref in relation.left.refs + relation.right.refs
    )
    return Discrepancy(check, year, message, figures)


def _named(side: Side, year: int) -> str:
    names = [period_label(ref.fact, _at(ref, year)[1]) for ref in side.refs]
    if side.constant and side.refs:
        names.append(shown(side.refs[0].fact, side.constant))
    return "＋".join(names)


def figure(fact: Fact, year: int, held: FactValue) -> Figure:
    """A declared value with its provenance."""
    return Figure(
        fact_id=fact.id,
        label=period_label(fact, year),
        fiscal_year=year,
        display=shown(fact, exact_decimal(fact.id, year, held.value))
        if fact.type in NUMERIC
        else shown_value(fact, held.value),
        source=held.source,
        source_label=SOURCE_KINDS.get(held.source, held.source),
        as_of=held.as_of.isoformat() if held.as_of else None,
        recorded_at=held.recorded_at.isoformat() if held.recorded_at else None,
    )


def compare_size(check: Check, registered: str | None, computed: SizeResult, year: int) -> Discrepancy | None:
    """The size class on the register against what the figures of the year come to; null while either is open."""
    if registered is None or registered not in SIZES or registered in computed.possible:
        return None
    possible = "或".join(label for code, label in SIZES.items() if code in computed.possible)
    message = f"登记为{SIZES[registered]}企业，按{year}年数据测算应为{possible}（{computed.reason}）。{check.reason}。"
    return Discrepancy(check, year, message, ())


def compare_statements(check: Check, dictionary: Dictionary, told: Sequence[Facts]) -> Iterator[Discrepancy]:
    """A fact of one year that was told with different values; `told` is what was known, the oldest first."""
    values: dict[tuple[str, int], list[FactValue]] = {}
    for facts in told:
        for key, held in facts.items():
            fact = dictionary.find(key[0])
            if fact is None or not fact.yearly or fact.type not in NUMERIC:
                continue
            known = values.setdefault(key, [])
            if not known or known[-1].value != held.value:
                known.append(held)
    for (fact_id, year), statements in sorted(values.items()):
        if len(statements) < 2:
            continue
        fact = dictionary[fact_id]
        figures = tuple(figure(fact, year, held) for held in statements)
        said = "，后为 ".join(f"{each.display}（{each.source_label}）" for each in figures)
        yield Discrepancy(check, year, f"{period_label(fact, year)}先为 {said}。{check.reason}。", figures)
