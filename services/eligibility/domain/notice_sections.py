"""The tables of a notice (告知书): what an official and the enterprise read, in plain Chinese and in that order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from rulebook.assessment import Assessment, ConditionResult, Missing, RouteResult, ScoreCheck
from rulebook.dictionary import Dictionary, Fact
from rulebook.necessity import Necessity, key_of
from rulebook.pack import Document
from rulebook.standing import PLAN
from rulebook.status import Status, Verdict
from rulebook.subject import POINT
from rulebook.units import plain_decimal
from services.eligibility.domain.notice_words import plainly, requirement, requirements

GATES = "基本条件"
VERBATIM = "V"
DECIDED = "D"
"""The evidence grade of wording that was read as it stands; the quotation of any other line is a paraphrase."""
UNNAMED, UNNUMBERED = "（名称未取得）", "文号未取得"
"""How the rules say that a document's name or number was not found."""

Rows = tuple[tuple[str, ...], ...]
Table = tuple[str, tuple[str, ...], Rows]
"""Id of the section, its columns, and a cell for each of them in every row."""
_PENDING = ("事项", "说明", "需要的材料", "依据")
_JUDGED = ("所属", "条件", "要求", "现有数据", "依据")
_OTHER_MATERIAL = ("需要的材料", "用来说明", "用于")
_MATERIAL = (*_OTHER_MATERIAL, "必要性")
_TOTAL = ("项目", "目前得分", "尚未确定", "要求", "结果")
_SCORE = ("指标", "数据", "得分", "再进一档")
_REACHED = {Status.MET: "已达到", Status.UNMET: "未达到"}
_MATCHED, _UNGIVEN = "条相符", "按整数打分"
"""How a searched list is counted, and what is noted where points are not given yet."""
_LEDGER, _CANCELLED = re.compile(r"^称号台账（(.*)）$"), "取消记录"


def plan_over(found: Assessment) -> list[ConditionResult]:
    """The conditions that say that the plan has ended."""
    return [
        each
        for each in found.conditions
        if any(check.label == PLAN and check.status is not Status.MET for check in each.checks)
    ]


def plan_sections(found: Assessment, over: Sequence[ConditionResult], dictionary: Dictionary) -> Iterator[Table]:
    """That, and what fails whether or not the plan is carried on: nobody prepares material for one that may not be."""
    if found.verdict is Verdict.NOT_ELIGIBLE:
        yield "unmet", _JUDGED, _unmet(found)[0]
    yield "pending", _PENDING, tuple(_pending(each, dictionary) for each in over)


def without_rules(found: Assessment) -> bool:
    """Whether nothing is open but what the document itself leaves open: an enterprise could show nothing for it."""
    return not found.pack.stated and found.verdict is Verdict.MANUAL_REVIEW


def sections_of(found: Assessment, dictionary: Dictionary) -> Iterator[Table]:
    """What decides comes first: what is not met, else what is missing, else what people decide.

    Where the outcome is open, lines that are not met are those of other ways to the title: they stand last, as such.
    """
    asked, verdict = _asked(found), found.verdict
    unmet, elsewhere = _unmet(found)
    necessity = Necessity(found)
    facts = [each for each in found.missing if each.kind != "finding"]
    needed = [each for each in facts if necessity.matters([key_of(each)])]
    if verdict is Verdict.NOT_ELIGIBLE:
        yield "unmet", _JUDGED, unmet
    yield "material", _MATERIAL, _materials(needed, found, necessity, dictionary)
    if verdict in (Verdict.UNKNOWN, Verdict.MANUAL_REVIEW):
        for_people = [
            _pending(each, dictionary)
            for _, each in asked
            if each.status is Status.MANUAL_REVIEW and necessity.undecided(each.id)
        ]
        yield "pending", _PENDING, (*dict.fromkeys(for_people), *_experts(found, dictionary))
    if verdict is Verdict.ELIGIBLE:
        yield "met", _JUDGED, tuple(_judged(*each) for each in asked if each[1].status is Status.MET)
    if scored(found):
        yield "total", _TOTAL, tuple(_total(each, found) for each in _thresholds(found))
        yield "score", _SCORE, tuple(_scored(each, dictionary) for each in found.conditions if each.role == "indicator")
    yield "optional", _JUDGED, elsewhere
    rest = [each for each in facts if each not in needed]
    yield (
        "other_material",
        _OTHER_MATERIAL,
        tuple(_material(proof, of, found, dictionary) for proof, of in _proofs(rest, dictionary).items()),
    )


def scored(found: Assessment) -> bool:
    """Whether points count: a way that asks for none has led to the title where it is met."""
    return bool(_thresholds(found))


# -- conditions -------------------------------------------------------------------------------------------------------


def _asked(found: Assessment) -> list[tuple[str, ConditionResult]]:
    """Part and condition: the gates, and what the routes that decide ask: the one that is met, or those that are not.

    A condition of two routes stands in both: each route is a way of its own.
    """
    by_id = {each.id: each for each in found.conditions}
    gates = [(GATES, each) for each in found.conditions if each.role == "gate"]
    routes = [each for each in found.routes if found.route in (None, each.id)]
    asked = [(route.label, by_id[condition]) for route in routes for condition in route.conditions]
    return [(part, each) for part, each in gates + asked if each.modality == "must"]


def _unmet(found: Assessment) -> tuple[Rows, Rows]:
    """What decides that the title is not reached, and what only fails on a way that need not be taken."""
    lines = [(part, each) for part, each in _asked(found) if each.status is Status.UNMET]
    gates = tuple(_judged(*each) for each in lines if each[1].role == "gate")
    ways = (*(_judged(*each) for each in lines if each[1].role != "gate"), *_unmet_scores(found))
    return ((*gates, *ways), ()) if found.decision is Status.UNMET else (gates, ways)


def _judged(part: str, found: ConditionResult) -> tuple[str, ...]:
    decisive = [check for check in found.checks if check.status is found.status] or list(found.checks)
    wanted = found.asked([requirement(check.label, check.threshold) for check in found.checks], of=found.status)
    labelled = len({check.label for check in decisive}) > 1
    values = [f"{requirement(check.label)}：{check.value}" if labelled else check.value for check in decisive]
    value = "；".join(dict.fromkeys(values)) or found.value
    return part, found.label, wanted or found.threshold, value, _basis(found)


def _basis(found: ConditionResult) -> str:
    """Document, clause and wording, quoted only where it was read. The clause says itself which annex it is of, if any.

    An enterprise may hold an authority to a quotation, so nobody's paraphrase stands in quotation marks, and what no
    text decides is not laid at the document's door.
    """
    where = cited(found.document) + plainly(found.clause)
    if found.evidence_grade == VERBATIM:
        return f"{where}：“{found.quote}”"
    if found.evidence_grade == DECIDED:
        return f"{where}（本系统按此处理）：{found.quote}"
    return f"{where}（转述）：{found.quote}"


def cited(document: Document) -> str:
    """Name and number as far as they are known; title marks only around a name that was read."""
    name = document.name.removesuffix(UNNAMED).strip()
    title = f"《{name}》" if name == document.name else name
    return title if document.number == UNNUMBERED else f"{title}（{document.number}）"


def _pending(found: ConditionResult, dictionary: Dictionary) -> tuple[str, ...]:
    notes = plainly("；".join(found.notes))
    proofs = _evidence_of([found], dictionary) or _evidence_read(found, dictionary)
    return found.label, notes, "、".join(proofs), _basis(found)


def _evidence_read(found: ConditionResult, dictionary: Dictionary) -> list[str]:
    """The proofs of what a person has to look at, where nothing is missing."""
    read = [fact for each in found.inputs if (fact := dictionary.find(each.fact_id)) is not None]
    return list(dict.fromkeys(item for fact in read for item in fact.evidence))


def _evidence_of(lines: Sequence[ConditionResult], dictionary: Dictionary) -> list[str]:
    wanted = [fact for line in lines for each in line.missing if (fact := dictionary.find(each.fact_id)) is not None]
    return list(dict.fromkeys(item for fact in wanted for item in fact.evidence))


# -- what is missing: the proof that is asked for, not what it may turn out to show -----------------------------------


Proofs = dict[str, list[Missing]]


def _proofs(missing: Sequence[Missing], dictionary: Dictionary) -> Proofs:
    """Each proof with everything that it shows."""
    shown: Proofs = {}
    for each in missing:
        shown.setdefault(_proof(each, dictionary), []).append(each)
    return shown


def _materials(missing: Sequence[Missing], found: Assessment, necessity: Necessity, dictionary: Dictionary) -> Rows:
    """What the outcome waits for: first that without which the title is not reached, then what one way or more points
    need. A proof that shows things of either kind is told twice."""
    required: list[tuple[str, ...]] = []
    helpful: list[tuple[str, ...]] = []
    for proof, shows in _proofs(missing, dictionary).items():
        needed = [each for each in shows if necessity.required([key_of(each)])]
        rest = [each for each in shows if each not in needed]
        if rest and necessity.required([key_of(each) for each in rest]):  # one of them will do, and it is of this proof
            needed, rest = shows, []
        if needed:
            required.append((*_material(proof, needed, found, dictionary), REQUIRED))
        by_use: dict[str, list[Missing]] = {}
        for each in rest:
            by_use.setdefault(_use(each, necessity), []).append(each)
        helpful += [(*_material(proof, of, found, dictionary), use) for use, of in by_use.items()]
    return (*required, *helpful)


def _material(proof: str, shows: Sequence[Missing], found: Assessment, dictionary: Dictionary) -> tuple[str, ...]:
    labels = {each.id: each.label for each in found.conditions}
    years: dict[str, set[int]] = {}
    held = dict.fromkeys(name for each in shows for name in _titles(each))
    if held:
        years[f"是否持有{'、'.join(held)}称号"] = {POINT}
    for each in shows:
        if _titles(each):
            continue
        years.setdefault(_shown_by(each, dictionary), set()).add(each.fiscal_year)
    used = dict.fromkeys(labels[line] for each in shows for line in each.conditions)
    return proof, "、".join(_of_years(name, of) for name, of in years.items()), "、".join(used)


REQUIRED = "必需"
_MORE_POINTS, _INSTEAD = "不是必需，可提高得分", "不是必需，用于可以替代的条件"


def _use(missing: Missing, necessity: Necessity) -> str:
    """What something is for that the title can be reached without."""
    keys = [key_of(missing)]
    ways = necessity.ways(keys)
    needing = [each for each in ways if necessity.required_on(each, keys)]
    if needing:
        return f"走{'、'.join(f'“{each.label}”' for each in needing)}途径时必需"
    return _MORE_POINTS if any(necessity.scored_on(each, keys) for each in ways) else _INSTEAD


def _fact(missing: Missing, dictionary: Dictionary) -> Fact | None:
    return dictionary.find(missing.fact_id) if missing.kind == "fact" else None


def _proof(missing: Missing, dictionary: Dictionary) -> str:
    fact = _fact(missing, dictionary)
    if fact is not None:
        return "、".join(fact.evidence) or "加盖公章的说明"
    return "认定公告或证书" if missing.kind == "title" else "统计登记、社会保险缴纳证明、审计报告"


def _titles(missing: Missing) -> list[str]:
    """The titles of which it is not known whether they are held."""
    ledger = _LEDGER.match(missing.label)
    return ledger[1].split("、") if ledger is not None and ledger[1] != _CANCELLED else []


def _shown_by(missing: Missing, dictionary: Dictionary) -> str:
    fact = _fact(missing, dictionary)
    if fact is None:
        return "称号被取消的情况" if _LEDGER.match(missing.label) else missing.label
    if fact.type == "boolean":
        return f"{fact.label}（是或否）"
    if fact.type == "records" and missing.label == fact.label:
        return f"{fact.label}（没有的请注明“无”）"
    return fact.label if fact.yearly else missing.label


def _of_years(name: str, years: set[int]) -> str:
    told = sorted(years - {POINT})
    if not told or name.startswith(tuple(map(str, told))):
        return name
    row = told[-1] - told[0] == len(told) - 1 > 0
    return f"{told[0]}—{told[-1]}年{name}" if row else f"{'、'.join(map(str, told))}年{name}"


# -- points -----------------------------------------------------------------------------------------------------------


def _thresholds(found: Assessment) -> list[ScoreCheck]:
    """What is asked of the points by the route that is met, else by every route, each once."""
    routes = [each for each in found.routes if found.route in (None, each.id)]
    return list({(each.label, each.threshold): each for route in routes for each in route.score_checks}.values())


def _total(check: ScoreCheck, found: Assessment) -> tuple[str, ...]:
    low, open_ = check.points.low, check.points.high - check.points.low
    result = _REACHED.get(check.status, "待定")
    return check.label, f"{plain_decimal(low)} 分", _open(check, open_, found), requirements(check.threshold), result


def _open(check: ScoreCheck, points: Decimal, found: Assessment) -> str:
    """How many points may still come, and from whom."""
    if not points:
        return ""
    statuses = {each.status for each in _members(check, found) if each.points and each.points.low != each.points.high}
    causes = [words for status, words in _CAUSES.items() if status in statuses]
    return f"最多 {plain_decimal(points)} 分，{'、'.join(causes)}"


_CAUSES = {Status.MANUAL_REVIEW: "待专家或主管部门评定", Status.UNKNOWN: "待补充资料"}


def _members(check: ScoreCheck, found: Assessment) -> list[ConditionResult]:
    groups = {f"{each.label}得分": each.id for each in found.score.groups} if found.score is not None else {}
    lines = [each for each in found.conditions if each.role == "indicator"]
    return [each for each in lines if each.group == groups[check.label]] if check.label in groups else lines


def _experts(found: Assessment, dictionary: Dictionary) -> Iterator[tuple[str, ...]]:
    """The points that people still have to give, where an outcome waits for them."""
    if found.route is not None:
        return
    waiting = [each for each in found.routes if each.status in (Status.MANUAL_REVIEW, Status.UNKNOWN)]
    checks = [each for route in waiting for each in route.score_checks if each.status not in _REACHED]
    lines = [each for each in found.conditions if each.role == "indicator" and each.status is Status.MANUAL_REVIEW]
    if not checks or not lines:
        return
    what = "、".join(f"{each.label}（{each.points.display}）" for each in lines if each.points is not None)
    asked = dict.fromkeys(
        f"{each.label}要求{requirements(each.threshold)}，目前 {plain_decimal(each.points.low)} 分" for each in checks
    )
    notes = dict.fromkeys(plainly(note) for each in lines for note in each.notes if not note.endswith(_UNGIVEN))
    told = f"由专家或主管部门评定的指标：{what}。{'；'.join([*asked, *notes])}"
    basis = cited(found.document) + found.document.annex
    yield "评价指标的评定", told, "、".join(_evidence_of(lines, dictionary)), basis


def _unmet_scores(found: Assessment) -> Iterator[tuple[str, ...]]:
    """Points that fall short of what a route asks; the indicators follow in a table of their own."""
    if found.route is not None:
        return
    for route in found.routes:
        for check in route.score_checks:
            if check.status is Status.UNMET:
                yield _unmet_score(route, check, found)


def _unmet_score(route: RouteResult, check: ScoreCheck, found: Assessment) -> tuple[str, ...]:
    basis = cited(found.document) + found.document.annex
    return route.label, check.label, requirements(check.threshold), check.points.display, basis


def _scored(found: ConditionResult, dictionary: Dictionary) -> tuple[str, ...]:
    points = found.points.display if found.points is not None else ""
    best = f"，满分 {found.points.max} 分" if found.points is not None else ""
    better = found.next_band
    return (
        found.label,
        _data(found, dictionary),
        points + best,
        f"{requirements(better.reach)}，得 {better.points.display}" if better else "",
    )


def _data(found: ConditionResult, dictionary: Dictionary) -> str:
    """What was scored. Of lists that were searched more than once the entries, not how many matched each time."""
    if _MATCHED not in found.value:
        return requirements(found.value)
    read = [
        f"{each.period_label} {_entries(each.fact_id, each.value, dictionary) or each.display}" for each in found.inputs
    ]
    lacking = dict.fromkeys(each.label for each in found.missing if each.kind == "fact")
    return "；".join(dict.fromkeys([*read, *([f"缺少{'、'.join(lacking)}"] if lacking else [])]))


def _entries(fact_id: str, value: object, dictionary: Dictionary) -> str:
    """A list of entries by the codes that they name."""
    fact = dictionary.find(fact_id)
    if fact is None or not isinstance(value, list):
        return ""
    named = [
        "，".join(
            field.label_of(str(entry[field.name])) for field in fact.fields if field.allowed and field.name in entry
        )
        for entry in value
        if isinstance(entry, dict)
    ]
    return "、".join(each for each in named if each)
