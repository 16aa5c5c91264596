"""What a pack depends on is all it depends on; until the day that is named, the calendar changes nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.dependencies import dependencies, settled_until
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.subject import POINT, FactValue, Subject, Title
from services.eligibility.domain.subjects import outcome_hash
from tests.unit.rulebook.conftest import POLICIES

STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))

INNOVATIVE, SPECIALIZED = "miit-63-2022-innovative", "miit-2-2026-specialized"
DAY = date(2026, 6, 15)
DATES = st.integers(-1200, 900).map(lambda days: DAY + timedelta(days=days))


def entries(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[list[dict[str, object]]]:
    return st.lists(st.fixed_dictionaries(fields), max_size=3)


ISO = DATES.map(date.isoformat)
RECORDS = {
    "accidents": entries(
        kind=st.sampled_from(["work_safety", "quality", "tax_evasion", "data_fraud"]),
        severity=st.sampled_from(["general", "larger", "major"]),
        happened_on=ISO,
    ),
    "science_awards": entries(level=st.sampled_from(["national", "provincial"]), rank=st.just("2"), awarded_on=ISO),
    "equity_financing": entries(
        amount_yuan=st.sampled_from(["4000000", "30000000"]),
        closed_on=ISO,
        registered_investor=st.just(True),
        equity_share=st.just("0.1"),
    ),
}
TITLES = st.lists(
    st.builds(
        Title,
        code=st.sampled_from(["innovative_sme", "tech_sme", "specialized_sme", "little_giant", "high_tech"]),
        state=st.sampled_from(["valid", "under_review", "expired", "cancelled"]),
        valid_from=st.none() | DATES,
        valid_to=st.none() | DATES,
        cancelled_on=st.none() | DATES,
        ban=st.sampled_from([None, True, False]),
    ),
    max_size=3,
).map(tuple)
FINDING = st.fixed_dictionaries({"decision": st.just("met"), "reason": st.just("依据充分"), "valid_until": ISO})


@st.composite
def subjects(draw: st.DrawFn, findings: tuple[str, ...]) -> Subject:
    facts = {(name, POINT): FactValue(draw(each), "import") for name, each in RECORDS.items()}
    for finding in findings:
        facts[(finding, POINT)] = FactValue(draw(FINDING), "official_finding")
    for year in range(2022, 2027):
        facts[("revenue_yuan", year)] = FactValue(draw(st.sampled_from(["9000000", "20000000"])), "audit_report")
        facts[("rd_expense_yuan", year)] = FactValue(draw(st.sampled_from(["900000", "2000000"])), "audit_report")
    return Subject(facts=facts, titles=draw(TITLES), ledger_complete=draw(st.booleans()))


def outcome(pack: Pack, subject: Subject, day: date) -> object:
    """In every word: a batch run takes an outcome for settled until that day."""
    found = evaluate(pack, subject, application_date=day, kind="new" if "new" in pack.kinds else pack.kinds[0])
    return found.verdict, [(each.id, each.status, each.points) for each in found.conditions], outcome_hash(found)


@pytest.mark.parametrize("stem", STEMS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_nothing_changes_before_the_day_that_is_named(shipped: dict[str, Pack], stem: str, data: st.DataObject) -> None:
    pack = shipped[stem]
    subject = data.draw(subjects(tuple(sorted(dependencies(pack).findings))))
    share = data.draw(st.floats(0, 1))
    until = settled_until(pack, subject, DAY)
    assert DAY < until <= date(2027, 1, 1)
    span = (until - DAY).days - 1
    same = outcome(pack, subject, DAY)
    for days in {min(1, span), span, int(span * share)}:
        assert outcome(pack, subject, DAY + timedelta(days=days)) == same


def test_an_enterprise_without_dates_is_settled_until_the_new_year(shipped: dict[str, Pack]) -> None:
    settled = [pack for pack in shipped.values() if not dependencies(pack).daily]
    assert settled
    for pack in settled:
        assert settled_until(pack, Subject(facts={}, titles=()), DAY) == date(2027, 1, 1)


def test_the_far_day_of_a_window_and_the_last_day_of_a_title_are_named(shipped: dict[str, Pack]) -> None:
    innovative = shipped[INNOVATIVE]
    accident = {"kind": "quality", "severity": "major", "happened_on": "2023-06-20"}
    subject = Subject(facts={("accidents", POINT): FactValue([accident], "import")}, titles=())
    assert settled_until(innovative, subject, DAY) == date(2023, 6, 20) + timedelta(days=3 * 365)
    held = Title("innovative_sme", "valid", date(2023, 7, 1), date(2026, 6, 30))
    assert settled_until(innovative, replace(subject, facts={}, titles=(held,)), DAY) == date(2026, 7, 1)


def test_a_pack_depends_on_what_its_tests_read_and_on_nothing_else(shipped: dict[str, Pack]) -> None:
    innovative, specialized = shipped[INNOVATIVE], shipped[SPECIALIZED]
    assert "rd_expense_yuan" in dependencies(innovative).facts
    assert "development_score" in dependencies(specialized).facts
    assert "development_score" not in dependencies(innovative).facts
    assert {"innovative_sme", "tech_sme", "specialized_sme"} <= dependencies(specialized).titles
    assert dependencies(specialized).size
    assert dependencies(specialized).findings == {"market_position_leading"}
