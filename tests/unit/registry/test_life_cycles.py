"""The life cycles of titles: the shipped file, what is wrong with others, and the days that follow from them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from rulebook.pack import TITLES
from services.registry.domain.life_cycle import ACTS, STAGES, LifeCycles, add_months, add_years
from services.registry.domain.life_cycle_file import LifeCyclesInvalid, parse_life_cycles

SERVICES = Path(__file__).resolve().parents[3] / "services"
SHIPPED = SERVICES / "registry" / "reference" / "title_life_cycles.yaml"
POLICIES = SERVICES / "eligibility" / "policies"
TEXT = SHIPPED.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shipped() -> LifeCycles:
    return parse_life_cycles(TEXT)


def problems_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(LifeCyclesInvalid) as caught:
        parse_life_cycles(text, "own.yaml")
    return [(each.line, each.code, each.found) for each in caught.value.problems]


def line_of(fragment: str, text: str = TEXT) -> int:
    return text[: text.index(fragment)].count("\n") + 1


def test_every_title_has_a_life_cycle_and_every_stage_is_reached_by_some_act(shipped: LifeCycles) -> None:
    assert set(shipped.by_title) == set(TITLES)
    reached = {t.target for each in shipped.by_title.values() for t in each.process.transitions.values()}
    assert set(STAGES) - reached == {"publicized", "taken_back"}, "one is a beginning, the other no life at all"
    assert {act for each in shipped.by_title.values() for act in each.process.transitions} == set(ACTS)


def test_what_falls_due_agrees_with_the_packs_of_the_same_document(shipped: LifeCycles) -> None:
    """The packs tell an applicant the same provisions: the two files must not drift apart."""
    compared = 0
    for file in sorted(POLICIES.glob("*.yaml")):
        pack = yaml.safe_load(file.read_text(encoding="utf-8"))
        provisions = (
            {each.id: each for each in shipped.by_title.get(pack.get("title"), ()).provisions}
            if (pack.get("title") in shipped.by_title)
            else {}
        )
        for line in pack.get("life_cycle", ()):
            own = provisions.get(line["id"])
            if own is None:
                continue
            assert own.source is not None
            assert own.source.number == pack["document"]["number"]
            for name, value in (("years", own.years), ("months", own.months)):
                if name in line and value is not None:
                    assert line[name] == value, (file.name, line["id"])
                    compared += 1
            if "due" in line and own.due is not None:
                assert line["due"] == f"{own.due[0]:02d}-{own.due[1]:02d}", (file.name, line["id"])
                compared += 1
    assert compared >= 10


def test_validity_is_proposed_by_what_is_in_force_when_it_begins(shipped: LifeCycles) -> None:
    begins = dt.date(2025, 7, 1)
    assert shipped.of("specialized_sme").proposed_end(begins) == dt.date(2028, 6, 30)
    assert shipped.of("tech_sme").proposed_end(begins) == dt.date(2025, 12, 31), "valid for its own year"
    assert shipped.of("suzhou_specialized_sme").proposed_end(begins) is None, "no text says how long"


def test_the_yearly_update_moves_with_the_edition(shipped: LifeCycles) -> None:
    giant = shipped.of("little_giant")
    assert giant.next_update(dt.date(2025, 1, 1)) == dt.date(2025, 4, 30)
    assert giant.next_update(dt.date(2025, 4, 30)) == dt.date(2025, 4, 30), "the day itself is still in time"
    assert giant.next_update(dt.date(2025, 5, 1)) == dt.date(2026, 5, 31), "in 2026 the new edition is in force"
    assert shipped.of("innovative_sme").next_update(dt.date(2026, 5, 1)) == dt.date(2027, 4, 30)
    assert shipped.of("suzhou_growing_micro").next_update(dt.date(2026, 1, 1)) is None


def test_a_ban_lasts_three_years_to_the_day_before(shipped: LifeCycles) -> None:
    assert shipped.of("specialized_sme").banned_until(dt.date(2026, 1, 5)) == dt.date(2029, 1, 4)
    assert shipped.of("champion").banned_until(dt.date(2024, 2, 29)) == dt.date(2027, 2, 27)
    assert shipped.of("suzhou_growing_micro").banned_until(dt.date(2026, 1, 5)) is None


def test_cancelling_is_called_what_the_title_came_by(shipped: LifeCycles) -> None:
    assert shipped.of("innovative_sme").cancelled_stage == "announcement_cancelled"
    assert shipped.of("little_giant").cancelled_stage == "recognition_cancelled"
    assert shipped.announced() == ("innovative_sme",)


@pytest.mark.parametrize(
    ("state", "outcome", "kind", "stage"),
    [
        ("publicized", None, None, "publicized"),
        ("valid", None, None, "recognised"),
        ("valid", "passed", None, "review_passed"),
        ("under_review", "passed", None, "under_review"),
        ("expired", "passed", None, "expired"),
        ("expired", "failed", None, "review_failed"),
        ("cancelled", None, None, "recognition_cancelled"),
        ("cancelled", None, "recorded_in_error", "taken_back"),
    ],
)
def test_the_stage_of_a_record(
    shipped: LifeCycles, state: str, outcome: str | None, kind: str | None, stage: str
) -> None:
    assert shipped.stage("little_giant", state, outcome, kind) == stage
    assert STAGES[stage][1] == state


def test_months_end_on_a_day_that_is_there() -> None:
    assert add_months(dt.date(2025, 11, 30), 3) == dt.date(2026, 2, 28)
    assert add_months(dt.date(2025, 9, 15), 3) == dt.date(2025, 12, 15)
    assert add_months(dt.date(2025, 12, 31), 12) == dt.date(2026, 12, 31)
    assert add_years(dt.date(2024, 2, 29), 4) == dt.date(2028, 2, 29)


@pytest.mark.parametrize(
    ("old", "new", "code", "found"),
    [
        ("process: announced", "process: heard", "unknown-process", "heard"),
        ("to: announcement_cancelled", "to: gone", "unknown-stage", "gone"),
        ("after: [innovative_sme]", "after: [giant]", "unknown-title", "giant"),
        ("due: 03-31", "due: 02-29", "date", "02-29"),
        ("months: 3", "months: none", "number", "none"),
        ("days: [90, 30]", "days: [90, 90]", "number", "90、90"),
        ("evidence: M(70)", "evidence: Z", "choice", "Z"),
        ("document: tsme-115-2017", "document: tsme", "unknown-document", "tsme"),
        ("until: 2026-03-31", "until: 2026-13-31", "date", "2026-13-31"),
        ("        who: 省级科技主管部门\n", "", "missing-who", "（没有填写）"),
        ("        quote: 期满重新认定\n", "", "missing-quote", "（没有填写）"),
        ("        by: anew\n", "        by: anew\n        colour: red\n", "unknown-key", "colour"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(old: str, new: str, code: str, found: str) -> None:
    changed = TEXT.replace(old, new, 1)
    assert (code, found) in [(each[1], each[2]) for each in problems_of(changed)]
    if new.strip():
        bad = new.strip().splitlines()[-1].strip()
        assert line_of(bad, changed) in [line for line, said, _ in problems_of(changed) if said == code]


def test_two_provisions_of_a_kind_are_never_in_force_together() -> None:
    changed = TEXT.replace(
        "        from: 2026-04-01\n        years: 3\n", "        from: 2026-03-01\n        years: 3\n", 1
    )
    ((_, code, found),) = problems_of(changed)
    assert (code, found) == ("provisions-overlap", "OV-3 与 DM63-1 同时有效")


def test_a_title_without_a_life_cycle_is_missed() -> None:
    start = TEXT.index("  qianjiang_tech_enterprise:")
    ((_, code, found),) = problems_of(TEXT[:start])
    assert (code, found) == ("title-missing", "缺少 qianjiang_tech_enterprise")
