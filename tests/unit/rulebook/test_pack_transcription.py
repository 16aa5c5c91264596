"""Days, periods, clauses, grades and figures of the packs, held to a page written beside them, and that to the sources.

The cases hold what a pack decides. Nothing but this page holds what it only says: a figure in a quotation, since when
a document is in force, how long a title lasts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rulebook.pack import AllOf, AnyOf, Band, Compare, CompareTotal, Document, InPlan, LeftOpen, Limit, Pack, Term, Test
from rulebook.reachability import lines_of
from rulebook.size_table import SizeTable
from tests.unit.rulebook.conftest import POLICIES
from tests.unit.rulebook.figures import NUMERALS, figures, figures_of, figures_of_routes
from tests.unit.rulebook.populations import nodes

STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))
RULEBOOK = Path(__file__).parents[4] / "shared" / "domain" / "rulebook.md"


@cache
def transcribed() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("transcribed.yaml").read_text("utf-8"))
    return found


def of(table: str, stem: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = transcribed()[table].get(stem, {})
    return found


def days(term: Term | None) -> list[Any]:
    return [] if term is None else [term.start, *([term.end] if term.end else [])]


def test_every_pack_is_transcribed() -> None:
    for table in ("documents", "lines", "beside"):
        assert sorted(transcribed()[table]) == STEMS
    for table in ("windows", "plans", "life_cycle"):
        assert set(transcribed()[table]) <= set(STEMS)


@pytest.mark.parametrize("stem", STEMS)
def test_the_document_and_the_days_on_which_it_is_in_force(shipped: dict[str, Pack], stem: str) -> None:
    pack, said = shipped[stem], of("documents", stem)
    assert said["source"]
    assert (pack.document.number, pack.document.annex) == (said["number"], said.get("annex", ""))
    assert (pack.id, pack.edition, list(pack.area)) == (stem, said["edition"], said.get("area", []))
    assert {kind: days(pack.term(kind)) for kind in pack.kinds} == {
        kind: said[kind] for kind in ("new", "review") if kind in said
    }
    if pack.area:  # a plan says its years in its title, its label repeats them
        assert set(figures(pack.label)) <= {pack.edition, *figures(pack.document.name)}
    else:
        assert figures(pack.label) == [pack.edition]


@pytest.mark.parametrize("stem", STEMS)
def test_lines_of_another_document_name_it(shipped: dict[str, Pack], stem: str) -> None:
    own, notices = of("documents", stem), transcribed()["notices"]
    for line in lines_of(shipped[stem]):
        notice = next((each for each in notices if line.id in notices[each]["lines"]), None)
        number, said = (own["number"], own) if notice is None else (notice, notices[notice])
        found = (line.document.number, line.document.name, line.document.issuer)
        assert found == (number, said["name"], said["issuer"]), line.id


@pytest.mark.parametrize("stem", STEMS)
def test_windows_plans_and_life_cycles(shipped: dict[str, Pack], stem: str) -> None:
    pack = shipped[stem]
    conditions = (*pack.gates, *pack.conditions)
    assert {each.line.id: days(each.term) for each in conditions if each.term} == of("windows", stem)
    ends = {each.line.id: plan.until for each in conditions for plan in plans(each.tests["new"])} if pack.area else {}
    assert ends == of("plans", stem)
    said = {
        line: (each.get("years"), each.get("months"), each.get("due")) for line, each in of("life_cycle", stem).items()
    }
    assert {
        each.line.id: (each.years, each.months, each.due and "{:02}-{:02}".format(*each.due))
        for each in pack.life_cycle
    } == said


def plans(test: Test) -> list[InPlan]:
    if isinstance(test, AllOf | AnyOf):
        return [found for each in test.tests for found in plans(each)]
    return [test] if isinstance(test, InPlan) else []


@pytest.mark.parametrize("stem", STEMS)
def test_clauses_grades_and_figures(shipped: dict[str, Pack], stem: str) -> None:
    items = {each.line.id: each.items for each in shipped[stem].notes}
    found = {
        line.id: (line.clause, line.evidence, counted(line.label, line.quote, *items.get(line.id, ())))
        for line in lines_of(shipped[stem])
    }
    assert found == {
        line: (clause, grade, [str(each) for figures_said in said for each in figures_said])
        for line, clause, grade, *said in of("lines", stem)
    }


def counted(*texts: str) -> list[str]:
    return [figure for text in texts for figure in figures(text)]


@pytest.mark.parametrize("stem", STEMS)
def test_a_figure_in_words_is_one_of_the_rule(shipped: dict[str, Pack], stem: str) -> None:
    """「500万元以上」 beside `>= 500 万元`: whoever changes one changes the other; what no rule has is listed."""
    pack, beside = shipped[stem], {}
    rules = [(each.line, figures_of(each)) for each in (*pack.gates, *pack.conditions, *pack.indicators)]
    rules += [(each.line, figures_of(each)) for each in pack.life_cycle]
    rules += [(line, figures_of_routes(pack)) for line in (pack.decision, pack.alternatives) if line is not None]
    for line, decided in rules:
        if left := [int(each) for each in counted(line.label, line.quote) if each not in decided]:
            beside[line.id] = left
    assert beside == of("beside", stem)


@pytest.mark.parametrize("stem", STEMS)
def test_ways_signs_and_remarks(shipped: dict[str, Pack], stem: str) -> None:
    pack = shipped[stem]
    assert {each.id: each.label for each in pack.routes} == of("routes", stem)
    signs = {line.id: "".join(re.findall(r"[≥≤<>]=?", line.quote)) for line in lines_of(pack)}
    assert {line: said for line, said in signs.items() if said} == of("signs", stem)
    flags = {}
    for each in (*pack.gates, *pack.conditions):
        if each.flag is not None:
            when, text = each.flag
            assert isinstance(when, Compare)
            flags[each.line.id] = [when.limit.text, [int(figure) for figure in figures(text)]]
    assert flags == of("flags", stem)


BOUND = re.compile(
    "及以上|以上|以下|不低于|不高于|不超过|不少于|至少|超过|高于|低于|大于|小于|不足|不满|以内|前[一二三四五六七八九十]名?|排名前"
)


def soft(pack: Pack) -> dict[str, str]:
    """What does not bind (A-27)."""
    return {each.line.id: each.modality for each in (*pack.gates, *pack.conditions) if each.modality != "must"}


def bounds(pack: Pack) -> dict[str, str]:
    """Whether a bound is included is one word of a label or a quotation."""
    items = {each.line.id: each.items for each in pack.notes}
    asked = {each.line.id: open_questions(each.tests) for each in (*pack.gates, *pack.conditions)}
    flags = {each.line.id: [each.flag[1]] for each in (*pack.gates, *pack.conditions) if each.flag is not None}
    found = {
        line.id: " ".join(
            word
            for text in (
                line.label,
                line.quote,
                *items.get(line.id, ()),
                *asked.get(line.id, ()),
                *flags.get(line.id, ()),
            )
            for word in BOUND.findall(text)
        )
        for line in lines_of(pack)
    }
    return {line: words for line, words in found.items() if words}


def open_questions(node: object) -> list[str]:
    return [each.text for each in nodes(node) if isinstance(each, LeftOpen)]


def operators(pack: Pack) -> dict[str, str]:
    """Of every comparison, in the order of the pack; a band says whether its lower edge is outside."""
    lines: list[tuple[str, object]] = [
        (each.line.id, each) for each in (*pack.gates, *pack.conditions, *pack.indicators)
    ]
    lines += [(each.id, each.score) for each in pack.routes]
    found = {
        line: " ".join(_sign(each) for each in nodes(part) if isinstance(each, Limit | Band)) for line, part in lines
    }
    return {line: signs for line, signs in found.items() if signs}


def _sign(found: Limit | Band) -> str:
    if isinstance(found, Limit):
        return found.operator
    low = "" if found.low is None else ">" if found.above else ">="
    return low + ("" if found.high is None else "<=")


@pytest.mark.parametrize("stem", STEMS)
def test_what_binds_and_whether_a_bound_is_included(shipped: dict[str, Pack], stem: str) -> None:
    pack = shipped[stem]
    assert soft(pack) == of("soft", stem)
    assert bounds(pack) == of("bounds", stem)
    assert operators(pack) == of("operators", stem)


SENSES = {
    ">=": "≥|以上|不低于|不少于|至少|及以上|min",
    "<=": "≤|以下|不高于|不超过|前三|前五|前[3５3三五]|top|rank|排名",
    ">": ">|超过|高于|突破|大于|>0",
    "<": "<|低于|小于|不足",
}
"""How a table of the rulebook, or the text that it copies, writes each sign."""


def test_the_table_of_sizes(sizes: SizeTable) -> None:
    said = transcribed()["sizes"]
    assert (sizes.id, sizes.edition, sizes.clause) == (said["id"], said["edition"], said["clause"])
    assert [int(each) for each in figures(sizes.label)] == said["label"]
    assert sizes.document == Document(said["number"], said["name"], said["issuer"], said["annex"])
    assert sizes.in_force_from == said["from"]
    divisions = {letter: [span.first // 100, span.last // 100] for letter, span in sizes.sections.items()}
    assert divisions == said["sections"]
    assert [[span.first, span.last] for span in sizes.not_covered] == said["not_covered"]


def test_an_article_of_63_is_marked_as_not_checked(shipped: dict[str, Pack]) -> None:
    """The rulebook knows the numbers of its articles from memory only (0.1): whoever reads one is told."""
    cited = [
        (pack.id, line.id)
        for pack in shipped.values()
        for line in lines_of(pack)
        if re.search(r"第[一二三四五六七八九十]+条", line.clause)
        and (line.document.number == "工信部企业〔2022〕63号" or "63号第" in line.clause)
        and "条号待核" not in line.clause
    ]
    assert cited == []


# -- the page itself, held to the rulebook where that lies beside this checkout -------------------------------------


class Row(NamedTuple):
    """A row of the rulebook, with what stands above its table."""

    text: str
    grades: str
    """Where they are said: in the column Ev; for tables without one in the row, or else above."""


def rows() -> dict[str, Row]:
    found: dict[str, Row] = {}
    above, header = "", []
    for text in RULEBOOK.read_text("utf-8").splitlines():
        if not text.startswith("|"):
            above, header = (text if text.startswith("#") else above + text), []
            continue
        cells = [each.strip() for each in text.strip("|").split("|")]
        header = header or cells
        name = f"附件4（{cells[0][1:-1]}）" if cells[0].startswith("(") else cells[0]
        own = cells[-1] if header[-1].startswith("Ev") else re.sub(r"M\(\d+\)", "", "|".join(cells[1:]))
        grades = own if re.search(GRADE, own) else above
        found.setdefault(name, Row("|".join([*header, text]), grades))
    return found


GRADE = r"M\(\d+\)|\bS2|\bS\b|\bV\b"


def row_of(line: str, known: Mapping[str, Row]) -> Row | None:
    """The row of a line; one row may be several lines (HT-5-1, DG-1a)."""
    names = (line, re.sub(r"-\d$", "", line), line.rstrip("abcd"))
    return next((known[name] for name in names if name in known), None)


def national(shipped: Mapping[str, Pack]) -> list[str]:
    """Local packs quote the published texts, and are held to those (tests/architecture/test_rulebook_rows.py)."""
    return [stem for stem, pack in shipped.items() if not pack.area]


def test_the_grades_here_are_those_of_the_rulebook(shipped: dict[str, Pack]) -> None:
    """No better than there: what was read may be condensed to a gist (S), and what is decided here says D."""
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    known, checked, wrong = rows(), 0, []
    for stem in national(shipped):
        for line, _, grade, *_ in of("lines", stem):
            row = row_of(line, known)
            if row is None or grade == "D":
                continue
            checked += 1
            own = re.findall(GRADE, row.grades)
            if grade not in own and not (grade == "S" and "V" in own):
                wrong.append((stem, line, grade, own))
    assert wrong == []
    assert checked > 150


def test_the_figures_of_quotations_stand_in_the_rows_of_the_rulebook(shipped: dict[str, Pack]) -> None:
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    known, checked, wrong = rows(), 0, []
    for stem in national(shipped):
        for line in lines_of(shipped[stem]):
            if (row := row_of(line.id, known)) is not None:
                checked += 1
                there = {*figures(row.text), *re.findall(r"\d+", row.text)}
                there |= {str(NUMERALS.index(each) + 1) for each in row.text if each in NUMERALS}
                there |= {"2"} if "second" in row.text else set()
                wrong += [(stem, line.id, each) for each in figures(line.quote) if each not in there]
    assert wrong == []
    assert checked > 150


def test_the_signs_of_comparisons_have_their_words_in_the_rows_of_the_rulebook(shipped: dict[str, Pack]) -> None:
    """Where a row says 以上 or ≥, no line asks for more than that, and the other way round."""
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    known, checked, wrong = rows(), 0, []
    for stem in national(shipped):
        for each in (*shipped[stem].gates, *shipped[stem].conditions):
            row = row_of(each.line.id, known)
            signs = {one.limit.operator for one in nodes(each.tests) if isinstance(one, Compare | CompareTotal)}
            if row is not None and each.line.id not in COUNTED_BY_US:
                checked += bool(signs)
                wrong += [(stem, each.line.id, sign) for sign in signs if not re.search(SENSES[sign], row.text)]
    assert wrong == []
    assert checked > 40


COUNTED_BY_US = {"XJ-T2"}
"""「拥有自主品牌」 is read as one brand at least."""
