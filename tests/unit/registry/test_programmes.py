"""The shipped programmes: complete, word for word against the documents; and what the loader refuses."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from rulebook.source import SourceInvalid
from services.registry.domain.programmes.loader import ProgrammeInvalid, load_programme
from services.registry.domain.programmes.model import Programme, Quotation, Threshold, Vocabulary
from services.registry.domain.programmes.schema import programme_schema
from services.registry.domain.programmes.vocabulary import load_vocabulary

ROOT = Path(__file__).parents[3]
REGISTRY = ROOT / "services" / "registry"
SHARED = ROOT.parent / "shared"
SEEDS = {
    "S0": "jiulongpo-2022-2025",
    "S1": "suzhou-2018-2020",
    "S2": "qianjiang-2023-2027",
    "S3": "zhenjiang-2023-2025",
    "S4": "xining-2022-2024",
}
ROWS = {"S0": 5, "S1": 18, "S2": 10, "S3": 14, "S4": 9}
"""Rows of the table of targets per plan."""
TASKS = {
    "S0": {"task": 30, "safeguard": 4},
    "S1": {"annex": 11, "body": 12},
    "S2": {"task": 14, "safeguard": 6},
    "S3": {"task": 26, "safeguard": 3},
    "S4": {"task": 11, "safeguard": 3},
}
HEADING = 50
"""Characters of the longest run of numbers and headings between two tasks."""
BETWEEN = {
    "S0": [],
    "S1": ["各县区、园区要结合实际制定加强版政策措施"],
    "S2": [],
    "S3": [],
    "S4": [],
}
"""Passages in between that are no task: the closing words before the annex."""
DECISIONS = {
    "S0": {"A-17", "A-21", "A-33", "A-35"},
    "S1": {"A-17", "A-18", "A-19", "A-20", "A-21", "A-33", "A-35"},
    "S2": {"A-17", "A-20", "A-21", "A-33", "A-35"},
    "S3": {"A-17", "A-19", "A-20", "A-21", "A-33"},
    "S4": {"A-17", "A-19", "A-20", "A-21", "A-33"},
}


@cache
def vocabulary() -> Vocabulary:
    return load_vocabulary((REGISTRY / "reference" / "programme_vocabulary.yaml").read_text("utf-8"))


@cache
def text_of(seed: str) -> str:
    return (REGISTRY / "programmes" / f"{SEEDS[seed]}.yaml").read_text("utf-8")


@cache
def programme(seed: str) -> Programme:
    return load_programme(text_of(seed), vocabulary(), f"{SEEDS[seed]}.yaml")


def target(line: str) -> Threshold:
    found = programme(line.split("-")[1]).target(line)
    assert found is not None
    return found.threshold


def test_no_other_programme_is_shipped() -> None:
    assert {path.stem for path in (REGISTRY / "programmes").glob("*.yaml")} == set(SEEDS.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_row_of_the_table_is_a_target(seed: str) -> None:
    assert {each.row for each in programme(seed).targets} == {f"T-{seed}-{n}" for n in range(1, ROWS[seed] + 1)}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_task_is_there(seed: str) -> None:
    assert Counter(each.part for each in programme(seed).tasks) == TASKS[seed]


@pytest.mark.parametrize("seed", SEEDS)
def test_conflicts_name_their_decision_and_keep_both_sources(seed: str) -> None:
    found = programme(seed).conflicts
    assert {each.decision for each in found} == DECISIONS[seed]
    for each in found:
        assert len({reading.says for reading in each.readings}) >= 2
        assert each.used in {reading.source for reading in each.readings}


def test_the_counts_here_are_those_of_the_rulebook() -> None:
    """The rulebook is not in the repository: where it lies beside it, its own tables are counted."""
    file = SHARED / "domain" / "rulebook.md"
    if not file.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    text = file.read_text("utf-8")
    rows = re.findall(r"^\| (T-S\d)-\d+ \|", text, re.MULTILINE)
    assert Counter(rows) == {f"T-{seed}": count for seed, count in ROWS.items()}
    appendix = text[text.index("## Appendix A") :]
    units = dict(re.findall(r"^### (S\d) \((?:[^\n]*)\)\n(.*?)(?=^### |\Z)", appendix, re.MULTILINE | re.DOTALL))
    assert set(units) == {"S0", "S2", "S3", "S4"}
    for seed, table in units.items():
        stated = {}
        for item, first, second in re.findall(r"^\| (\w+) \| \d+ \| ([^|]*) \| ?([^|\n]*)", table, re.MULTILINE):
            stated[item] = (first.strip(), second.strip())
        for item, (first, second) in stated.items():
            number = f"G{'一二三四五六'.index(item[-1]) + 1}" if item.startswith("保障") else item
            task = programme(seed).task(f"TK-{seed}-{number}")
            assert task is not None
            if seed == "S2":
                assert ("、".join(task.lead), "、".join(task.responsible)) == (first, second)
            elif seed == "S0" and second != "–":
                assert "、".join(task.lead) == second
            elif seed == "S3":
                written = {each.name: each.written or each.name for each in programme(seed).units}
                assert "、".join(written[name] for name in task.responsible) == first
            else:
                assert re.split("、|及", first) == list(task.responsible)


@cache
def lines_of_the_copy(seed: str) -> tuple[str, ...]:
    files = sorted((SHARED / "seeds").glob(f"00{seed[1]}_*.txt"))
    if not files:
        pytest.skip("the documents are not beside this checkout (../shared/seeds)")
    lines = files[0].read_text("utf-8").split("\n")
    return tuple(re.sub(r"^\d+、", "", line) for line in lines) if seed == "S0" else tuple(lines)


def quotations(found: Programme) -> list[tuple[str, Quotation]]:
    said = [(each.id, each.quotation) for each in found.targets]
    said += [(f"{each.id} annex", each.annex) for each in found.targets if each.annex]
    said += [(each.id, each.wording) for each in found.tasks]
    said += [(each.id, Quotation(each.wording.lines, each.units_quote)) for each in found.tasks if each.units_quote]
    said += [(each.id, Quotation(each.wording.lines, each.deadline.quote)) for each in found.tasks]
    said += [(each.id, reading.quotation) for each in found.conflicts for reading in each.readings if reading.quotation]
    said += [(each.kind, each.quotation) for each in found.orders]
    return [*said, ("period", found.period.quotation)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_word_is_the_documents_own(seed: str) -> None:
    copy = lines_of_the_copy(seed)
    wrong = [
        (line, quotation.text[:40])
        for line, quotation in quotations(programme(seed))
        if _squeezed(quotation.text) not in _squeezed("".join(copy[quotation.lines.first - 1 : quotation.lines.last]))
    ]
    assert wrong == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wording_of_a_task_is_whole(seed: str) -> None:
    """Between the first and the last task nothing is left of the document but numbers and headings."""
    found = programme(seed)
    copy = lines_of_the_copy(seed)
    first = min(each.wording.lines.first for each in found.tasks)
    last = max(each.wording.lines.last for each in found.tasks)
    whole = _squeezed("".join(copy[first - 1 : last]))
    parts = [part for each in found.tasks for part in (each.wording.text, each.units_quote) if part]
    for part in sorted(parts, key=len, reverse=True):
        assert _squeezed(part) in whole, part[:40]
        whole = whole.replace(_squeezed(part), "\n", 1)
    left = [part for part in whole.split("\n") if len(part) > HEADING]
    assert [part[:20] for part in left] == BETWEEN[seed]


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_a20_operator_words_decide_as_the_decisions_say() -> None:
    assert not target("T-S2-1").reached_by(Decimal(80), Decimal(0)), "突破 is strict (A-02)"
    assert target("T-S0-1").reached_by(Decimal(1500), Decimal(0))
    about = programme("S1").target("T-S1-5")
    assert about is not None
    assert about.tolerance == Decimal("0.1")
    assert about.threshold.reached_by(Decimal("22.5"), about.tolerance)
    assert not about.threshold.reached_by(Decimal(22), about.tolerance), "左右 allows ten per cent (A-20)"
    brand = programme("S1").target("T-S1-12")
    assert brand is not None
    assert brand.stretch is not None
    assert (brand.threshold.value, brand.stretch.value) == (60, 80), "力争 beside 确保 is a stretch"
    assert programme("S3").target("T-S3-1a").stretch is None, "力争 alone is the target"  # type: ignore[union-attr]


def test_units_are_never_inferred_from_order() -> None:
    assert sum(bool(each.lead) for each in programme("S0").tasks) == 8
    assert sum(bool(each.lead) for each in programme("S2").tasks) == 20
    assert [each.id for each in programme("S2").tasks if len(each.lead) > 1] == [
        "TK-S2-3", "TK-S2-4", "TK-S2-9", "TK-S2-G6",
    ]  # fmt: skip
    assert not any(each.lead for seed in ("S3", "S4") for each in programme(seed).tasks)
    assert programme("S1").task("TK-S1-8").lead == ("市工商局", "市质监局")  # type: ignore[union-attr]
    shared = [each for each in programme("S3").tasks if each.part == "task"]
    assert all("各市（区）人民政府" in each.units for each in shared), "the document says it once for all"


def test_deadlines_are_those_of_the_annex() -> None:
    kinds = Counter(each.deadline.kind for each in programme("S1").tasks if each.part == "annex")
    assert kinds == {"yearly": 4, "dated": 6, "event": 1}
    others = [each for seed in SEEDS if seed != "S1" for each in programme(seed).tasks]
    assert {each.deadline.kind for each in others} == {"none"}, "no other plan states a deadline with a task"


def test_what_supervision_a_plan_orders() -> None:
    ordered = {seed: sorted(each.kind for each in programme(seed).orders) for seed in SEEDS}
    assert ordered == {
        "S0": ["bulletin"],
        "S1": ["bulletin", "scorecard", "yearly_report"],
        "S2": ["closed_loop", "ranking", "yearly_targets"],
        "S3": [],
        "S4": [],
    }


def test_the_hash_does_not_see_comments_and_spacing() -> None:
    text = text_of("S4")
    assert load_programme("# 注\n\n" + text, vocabulary()).sha256 == programme("S4").sha256
    changed = text.replace("value: 200\n", "value: 201\n", 1)
    assert load_programme(changed, vocabulary()).sha256 != programme("S4").sha256


@pytest.mark.parametrize("seed", SEEDS)
def test_the_schema_for_editors_accepts_what_is_shipped(seed: str) -> None:
    jsonschema.Draft202012Validator(programme_schema(vocabulary())).validate(
        yaml.load(text_of(seed), Loader=yaml.BaseLoader)  # text only, as the loader reads it
    )


BREAKS = [
    ("metric: title.high_tech\n", "metric: title.high\n", "unknown-metric"),
    ("operator: [突破]\n    value: 80", "operator: [远超]\n    value: 80", "unknown-operator"),
    ("operator: [突破]\n    value: 80", "operator: [超过]\n    value: 80", "operator-not-quoted"),
    ("value: 80\n", "value: 八十\n", "not-a-number"),
    ("unit: 家\n", "unit: 亿元\n", "wrong-unit"),
    ("metric: title.high_tech\n", "metric: title.high_tech\n    among: giant\n", "unknown-among"),
    ("metric: title.high_tech\n", "metric: title.high_tech\n    holders: [little_giant]\n", "holders-not-counted"),
    ("metric: title.high_tech\n", "metric: item.town_brand\n", "not-of-each"),
    ("levels: [nation, province, city]\n", "levels: [world]\n", "unknown-level"),
    ("levels: [nation, province, city]\n", "holders: [giant]\n", "unknown-holder"),
    ("metric: item.innovation_platform\n", "metric: item.startup_base\n", "levels-twice"),
    ("by: 2025\n", "by: 2035\n", "year-outside-period"),
    ("    by: 2025\n", "", "missing-by"),
    ("kind: stock\n", "kind: total\n", "unknown-kind"),
    ("lead: [区科技局]\n", "lead: [区科委]\n", "unknown-unit"),
    ("responsible: [正阳工业园区管委会, 区级有关行业主管部门]\n", "responsible: [区科技局]\n", "unit-twice"),
    ("id: T-S2-2\n", "id: T-S2-1\n", "repeated-id"),
    ("used: 读作直辖市的省级称号", "used: 读作县级称号", "unknown-reading"),
    ("about: [T-S2-4a]", "about: [T-S2-44]", "unknown-line"),
    ("members: district", "members: everybody", "unknown-members"),
    ('area: ["500114"]', 'area: ["黔江"]', "not-an-area"),
    ("lines: 19\n", "lines: 十九\n", "not-lines"),
    ("tasks: [TK-S2-4]\n", "tasks: [TK-S2-40]\n", "unknown-task"),
    ("    label: 高新技术企业（2025年）\n", "    label: 高新技术企业（2025年）\n    weight: 3\n", "unknown-key"),
    ("to: 2027-12-31", "to: 2022-12-31", "period-reversed"),
]


@pytest.mark.parametrize(("old", "new", "code"), BREAKS, ids=[code for _, _, code in BREAKS])
def test_what_is_wrong_is_refused_with_its_line_and_remedy(old: str, new: str, code: str) -> None:
    text = text_of("S2")
    assert old in text
    broken = text.replace(old, new, 1)
    with pytest.raises(ProgrammeInvalid) as refused:
        load_programme(broken, vocabulary(), "黔江.yaml")
    problem = next(each for each in refused.value.problems if each.code == code)
    assert problem.file == "黔江.yaml"
    assert problem.expected
    assert problem.remedy
    begins = text[: text.index(old)].count("\n") + 1
    assert begins - 10 <= problem.line <= begins + 3


def test_a_stretch_stands_beside_a_floor_only() -> None:
    text = text_of("S1").replace("operator: [确保, 超过]", "operator: [超过]")
    with pytest.raises(ProgrammeInvalid, match="单独的“力争”就是目标"):
        load_programme(text, vocabulary())


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (", kinds: [cultivation]}", "}", "malformed"),
        ("kinds: [smart_factory], once: item", "kinds: [smart_factory]", "missing-once"),
        ("kinds: [smart_factory], once: item", "kinds: [smart_factory], once: piece", "unknown-once"),
        ("kinds: [cultivation]", "kinds: [cultivation], once: item", "unknown-once"),
        ("levels: [province], once: subject", "levels: [realm], once: subject", "unknown-level"),
    ],
)
def test_a_metric_that_does_not_say_what_it_counts_is_refused(old: str, new: str, code: str) -> None:
    text = (REGISTRY / "reference" / "programme_vocabulary.yaml").read_text("utf-8")
    assert old in text
    with pytest.raises(SourceInvalid) as refused:
        load_vocabulary(text.replace(old, new, 1))
    assert code in [each.code for each in refused.value.problems]


@pytest.mark.parametrize("written", ["[8, 1]", "[1, 1]", "[0, 8]", "[soon]"])
def test_days_of_escalation_that_make_no_ladder_are_refused_with_their_line(written: str) -> None:
    text = (REGISTRY / "reference" / "programme_vocabulary.yaml").read_text("utf-8")
    with pytest.raises(SourceInvalid, match="天数"):
        load_vocabulary(text.replace("escalation_days: [1, 5, 10]", f"escalation_days: {written}"))
    assert vocabulary().escalation_days == (1, 5, 10)
