"""What happens to packs, schedules and simulations that nobody looks at: they are told of, read again, forgotten."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.db import Database
from rulebook.source import SourceInvalid
from services.eligibility.app import PREFIX
from services.eligibility.prepare import prepare
from services.eligibility.settings import Settings
from services.eligibility.use_cases.forget_simulations import forget_simulations
from tests.service.eligibility.conftest import INNOVATIVE, USCC, facts, registered
from tests.service.eligibility.rules import PACK, POLICIES, SHIPPED, TITLE, Office, shipped_hash, stricter

BEHIND = "91341302MA2N0C3K5Y"


def told(db: Database, kind: str) -> list[dict[str, Any]]:
    with db.reading() as tx:
        query = text("SELECT payload FROM outbox WHERE type = :type ORDER BY id")
        return list(tx.session.scalars(query, {"type": f"eligibility.{kind}.v1"}))


def test_a_schedule_taken_back_is_told_to_whom_it_was_announced(office: Office) -> None:
    sha256 = office.ready(stricter())
    day = clock.today() + dt.timedelta(days=3)
    assert office.schedule(sha256, day).status_code == 200
    assert office.client.delete(f"{PREFIX}/packs/{sha256}/schedule").status_code == 200
    (event,) = told(office.db, "pack-schedule-withdrawn")
    assert (event["pack_hash"], event["activates_on"], event["because"]) == (sha256, day.isoformat(), None)


def test_a_pack_that_fails_at_its_moment_is_told_with_the_reason_and_keeps_the_report(office: Office) -> None:
    sha256 = office.ready(stricter())
    assert office.schedule(sha256).status_code == 200
    with office.db.transaction() as tx:
        wrong = (
            "UPDATE policy_packs SET cases = replace(cases, 'verdict: unknown', 'verdict: eligible') WHERE hash = :h"
        )
        tx.session.execute(text(wrong), {"h": sha256})
    assert office.turn() == 0
    found = office.read(sha256)
    assert (found["state"], found["report"]["passed"], found["report"]["green"]) == ("draft", 0, False)
    assert found["report"]["failed"][0]["differences"]
    (event,) = told(office.db, "pack-schedule-withdrawn")
    assert "案例没有全部通过" in event["because"]
    assert event["because"] == found["remark"]


def test_a_retirement_is_told(office: Office) -> None:
    sha256 = shipped_hash(office)
    assert office.client.post(f"{PREFIX}/packs/{sha256}/retire").status_code == 200
    (event,) = told(office.db, "pack-retired")
    yesterday = clock.today() - dt.timedelta(days=1)
    assert (event["pack_id"], event["pack_hash"], event["last_on"]) == (PACK, sha256, yesterday.isoformat())


def test_whoever_reports_something_does_not_wait_behind_new_rules(office: Office) -> None:
    """Everybody is assessed again as a batch run, with progress; an event goes first."""
    office.eligibility.tell(registered(), registered(BEHIND), facts(INNOVATIVE))
    office.eligibility.assess()
    office.use(stricter())
    run = office.client.get(f"{PREFIX}/batch-runs").json()["items"][0]
    assert (run["total"], run["done"], run["reason"]) == (2, 0, f"启用规则包 {PACK}")
    office.eligibility.tell(facts({0: INNOVATIVE[0] | {"ip_class2_count": 9}}, version=3))
    assert office.eligibility.assess_once() == 1
    with office.db.reading() as tx:
        assert tx.session.scalars(text("SELECT uscc FROM pending_assessments")).all() == [BEHIND]
    office.eligibility.assess()
    assert office.client.get(f"{PREFIX}/batch-runs/{run['id']}").json()["finished"]


def test_the_history_says_that_a_batch_run_found_it(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    office.use(stricter())
    office.eligibility.assess()
    history = office.client.get(f"{PREFIX}/enterprises/{USCC}/history", params={"title": TITLE}).json()["items"]
    assert [each["trigger"] for each in history] == [
        {"code": "batch", "label": "批量测算"},
        {"code": "event", "label": "数据变化"},
    ]


def test_where_no_rules_serve_any_more_that_is_told(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    assert office.client.post(f"{PREFIX}/packs/{shipped_hash(office)}/retire").status_code == 200
    office.eligibility.assess()
    (event,) = told(office.db, "assessment-ended")
    assert (event["uscc"], event["title"], event["previous"]) == (USCC, TITLE, "eligible")
    office.eligibility.assess()
    assert len(told(office.db, "assessment-ended")) == 1


# -- what a draft may take the place of ---------------------------------------------------------------------------


def test_a_draft_cannot_take_the_id_of_another_titles_rules(office: Office) -> None:
    """Activated, it would retire those; and its simulation, of its own title, would show nobody who loses."""
    other = stricter().replace("title: innovative_sme", "title: tech_sme")
    answer = office.client.post(f"{PREFIX}/packs", json={"source": other})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "id-of-another-title")
    assert "创新型中小企业" in answer.json()["detail"]
    free = other.replace(f"pack: {PACK}", "pack: another-id")
    assert office.client.post(f"{PREFIX}/packs", json={"source": free}).status_code == 201


def test_a_version_that_applies_later_does_not_end_the_one_in_use_today(office: Office) -> None:
    start = clock.today() + dt.timedelta(days=40)
    later = stricter().replace("in_force: {from: 2022-08-01}", f"in_force: {{from: {start}}}")
    sha256 = office.ready(later)
    for day in (clock.today(), start - dt.timedelta(days=1)):
        answer = office.schedule(sha256, day)
        assert (answer.status_code, answer.json()["code"]) == (422, "activation-too-early")
        assert str(start) in answer.json()["detail"]
    assert office.schedule(sha256, start).status_code == 200
    assert office.schedule(sha256, dt.date(9999, 12, 31)).status_code == 422


def test_the_cases_of_the_version_in_use_go_only_when_somebody_says_so(office: Office) -> None:
    """Otherwise one trivial case would open the gate that a hundred hold."""
    sha256 = office.ready(stricter())
    answer = office.schedule(sha256, without_cases=False)
    assert (answer.status_code, answer.json()["code"]) == (409, "cases-dropped")
    dropped = answer.json()["cases"]
    assert len(dropped) == 20
    shipped = (POLICIES / "cases" / f"{PACK}.yaml").read_text("utf-8")
    assert all(name in shipped for name in dropped)
    assert office.schedule(sha256).status_code == 200


def test_a_version_with_all_the_cases_needs_nobody_to_say_so(office: Office) -> None:
    relabelled = SHIPPED.replace("label: 境内注册、独立法人", "label: 境内登记、独立法人")
    shipped = (POLICIES / "cases" / f"{PACK}.yaml").read_text("utf-8")
    sha256 = office.post(relabelled, shipped)
    assert office.test(sha256)["green"]
    office.simulate(sha256)
    assert office.schedule(sha256, without_cases=False).status_code == 200


# -- stored text that a later release does not read ---------------------------------------------------------------


def spoil(office: Office, sha256: str) -> None:
    """As if an older, more lenient release had stored it."""
    with office.db.transaction() as tx:
        query = "UPDATE policy_packs SET body = replace(body, 'modality: must', 'modality: shall') WHERE hash = :hash"
        tx.session.execute(text(query), {"hash": sha256})


def test_a_draft_that_is_no_longer_read_spoils_nothing_else(office: Office) -> None:
    draft, shipped = office.post(stricter()), shipped_hash(office)
    spoil(office, draft)
    listed = office.client.get(f"{PREFIX}/packs", params={"pack_id": PACK}).json()
    assert [each["sha256"] for each in listed] == [shipped]
    answer = office.client.get(f"{PREFIX}/packs/{draft}")
    assert (answer.status_code, answer.json()["code"]) == (422, "pack-refused")
    assert answer.json()["errors"][0]["found"] == "shall"
    assert "modality: shall" in office.client.get(f"{PREFIX}/packs/{draft}/source").text
    assert office.client.delete(f"{PREFIX}/packs/{draft}").status_code == 204


def test_a_service_whose_rules_are_not_read_does_not_begin(office: Office, settings: Settings) -> None:
    shipped = shipped_hash(office)
    prepare(settings, office.db)
    spoil(office, shipped)
    with pytest.raises(SourceInvalid, match=shipped[:12]) as refusal:
        prepare(settings, office.db)
    assert {each.found for each in refusal.value.problems} == {"shall"}


# -- simulations of long ago --------------------------------------------------------------------------------------


def test_a_simulation_of_long_ago_is_forgotten_unless_a_schedule_rests_on_it(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    relied_on = office.ready(stricter())
    assert office.schedule(relied_on).status_code == 200
    tried = office.simulate(shipped_hash(office), changes=[{"line": "score", "found": "15 分", "wanted": "29 分"}])
    with office.db.transaction() as tx:
        assert forget_simulations(tx, dt.timedelta(days=180)) == 0
    with clock.frozen(clock.now() + dt.timedelta(days=181)), office.db.transaction() as tx:
        assert forget_simulations(tx, dt.timedelta(days=180)) == 1
        assert forget_simulations(tx, dt.timedelta(days=180)) == 0
    assert office.client.get(f"{PREFIX}/simulations/{tried['id']}").status_code == 404
    (kept,) = office.client.get(f"{PREFIX}/simulations").json()["items"]
    assert office.client.get(f"{PREFIX}/simulations/{kept['id']}/flips").json()["items"]
    assert office.client.get(f"{PREFIX}/simulations/{kept['id']}/result.xlsx").status_code == 200
    with office.db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM blobs")) == 1
        assert tx.session.scalar(text("SELECT count(DISTINCT simulation_id) FROM simulation_flips")) == 1
