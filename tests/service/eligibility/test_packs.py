"""The life of a pack: draft, tested, scheduled, active, retired; and what each step refuses."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from services.eligibility.app import PREFIX, create_app
from services.eligibility.domain.catalog import Catalog
from services.eligibility.prepare import prepare
from services.eligibility.settings import Settings
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.seed_packs import seed_packs
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import INNOVATIVE, USCC, facts, registered
from tests.service.eligibility.rules import CASES, PACK, SHIPPED, TITLE, Office, shipped_hash, stricter

ELSEWHERE = "91500107MA5U7C3K5Y"


def emitted(db: Database, kind: str) -> list[dict[str, Any]]:
    with db.reading() as tx:
        query = text("SELECT payload FROM outbox WHERE type = :type ORDER BY id")
        return list(tx.session.scalars(query, {"type": f"eligibility.{kind}.v1"}))


def audited(db: Database, sha256: str) -> list[str]:
    with db.reading() as tx:
        query = text("SELECT action FROM audit_log WHERE details->>'hash' = :hash ORDER BY id")
        return list(tx.session.scalars(query, {"hash": sha256}))


def verdict(office: Office, uscc: str = USCC, day: dt.date | None = None) -> str:
    wanted = {"uscc": uscc, "title": TITLE} | ({"application_date": day.isoformat()} if day else {})
    answer = office.client.post(f"{PREFIX}/assessments", json=wanted)
    assert answer.status_code in (200, 201), answer.json()["code"]
    return str(answer.json()["verdict"]["code"])


# -- drafts -------------------------------------------------------------------------------------------------------


def test_what_is_shipped_serves_at_once_with_its_cases_and_since_ever(office: Office) -> None:
    found = office.read(shipped_hash(office))
    assert (found["state"], found["periods"]) == ("active", [{"first_on": None, "last_on": None}])
    report = office.test(found["sha256"])
    assert report["green"]
    assert report["cases"] > 100
    assert office.read(found["sha256"])["state"] == "active", "what serves goes on serving whatever is tested"


def test_a_draft_serves_nobody_until_it_has_gone_the_whole_way(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    sha256 = office.post(stricter())
    assert office.read(sha256)["state"] == "draft"
    assert verdict(office) == "eligible"
    assert office.test(sha256)["green"]
    assert office.read(sha256)["state"] == "tested"
    office.simulate(sha256)
    assert office.schedule(sha256, clock.today() + dt.timedelta(days=3)).json()["state"] == "scheduled"
    assert office.turn() == 0, "its day has not come"
    assert verdict(office) == "eligible"


def test_a_draft_comes_as_yaml_too(office: Office) -> None:
    answer = office.client.post(
        f"{PREFIX}/packs", content=stricter().encode(), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 201, answer.text
    sha256 = answer.json()["sha256"]
    assert answer.headers["location"] == f"{PREFIX}/packs/{sha256}"
    given = office.client.put(f"{PREFIX}/packs/{sha256}/cases", json={"cases": CASES})
    assert given.status_code == 200
    assert office.test(sha256)["green"]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"\xff\xfe", "application/yaml"), (b"{", "application/json"), (b'{"sauce": ""}', "application/json"), (b"", "")],
)
def test_a_body_that_is_none_is_refused(office: Office, body: bytes, media_type: str) -> None:
    answer = office.client.post(f"{PREFIX}/packs", content=body, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_pack_beyond_the_limit_is_refused_with_the_limit(office: Office) -> None:
    body = b"v" * 1_000_001
    answer = office.client.post(f"{PREFIX}/packs", content=body, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"] == "不超过 1000000 个字符"


def test_every_mistake_is_told_by_its_line(office: Office) -> None:
    wrong = SHIPPED.replace("title: innovative_sme", "title: inovative_sme").replace("test: prohibited_product = 否",
                                                                                   "test: prohibited = 否")  # fmt: skip
    answer = office.client.post(f"{PREFIX}/packs", json={"source": wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "pack-refused")
    lines = wrong.splitlines()
    found = {each["field"]: each for each in answer.json()["errors"]}
    assert set(found) == {
        f"source:{number}" for number, line in enumerate(lines, 1) if "inovative_sme" in line or "prohibited = " in line
    }
    assert all(each["expected"] and each["message"] for each in found.values())
    broken = office.client.post(f"{PREFIX}/packs", json={"source": stricter(), "cases": "pack: x\ncases: [{nme: y}]"})
    assert broken.json()["code"] == "pack-refused"
    assert broken.json()["errors"][0]["field"].startswith("cases:")


def test_the_same_content_is_stored_once(office: Office) -> None:
    sha256 = office.post(stricter())
    again = office.client.post(f"{PREFIX}/packs", json={"source": "# 另一条注释\n" + stricter()})
    assert (again.status_code, again.json()["code"], again.json()["sha256"]) == (409, "pack-known-already", sha256)


def test_without_green_cases_nothing_is_scheduled(office: Office) -> None:
    for cases in (None, CASES.replace("verdict: unknown", "verdict: eligible"), CASES.replace(PACK, "another")):
        sha256 = office.post(stricter(90 + len(cases or "") % 9), cases)
        report = office.test(sha256)
        assert not report["green"]
        assert office.read(sha256)["state"] == "draft"
        assert office.schedule(sha256).json()["code"] == "pack-state-wrong"
    assert report["failed"][0]["differences"][0].startswith("案例属于 another")


def test_other_cases_make_a_tested_pack_a_draft_again(office: Office) -> None:
    sha256 = office.post(stricter())
    office.test(sha256)
    office.client.put(f"{PREFIX}/packs/{sha256}/cases", json={"cases": CASES + "\n"})
    assert office.read(sha256)["state"] == "draft"
    assert (
        office.client.put(f"{PREFIX}/packs/{shipped_hash(office)}/cases", json={"cases": CASES}).json()["code"]
        == "pack-state-wrong"
    )


# -- scheduling ---------------------------------------------------------------------------------------------------


def test_a_pack_is_scheduled_only_when_its_flip_list_has_been_sent(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    sha256 = office.post(stricter())
    office.test(sha256)
    none = office.schedule(sha256)
    assert (none.status_code, none.json()["code"]) == (409, "simulation-required")
    assert "还没有以当日为准对全部企业做过模拟" in none.json()["detail"]
    office.simulate(sha256, district="3413")
    assert office.schedule(sha256).status_code == 409, "a part of the enterprises is not all of them"
    office.client.post(f"{PREFIX}/simulations", json={"pack": sha256})
    assert "还没有完成" in office.schedule(sha256).json()["detail"]
    office.work()
    assert office.schedule(sha256).status_code == 200
    (sent,) = [each for each in emitted(office.db, "flip-list-ready") if each["everybody"]]
    (told,) = emitted(office.db, "pack-scheduled")
    assert told["simulation_id"] == sent["simulation_id"]
    assert (sent["loses"], told["loses"], sent["stored"]) == (1, 1, True)
    assert sent["districts"] == [{"district_code": "341302", "gains": 0, "loses": 1, "changes": 0}]
    assert told["replaces"] == shipped_hash(office)


def test_a_simulation_as_of_another_day_or_of_long_ago_tells_nobody(office: Office) -> None:
    sha256 = office.post(stricter())
    office.test(sha256)
    later = clock.today() + dt.timedelta(days=400)
    assert office.simulate(sha256, as_of=later.isoformat())["state"]["code"] == "done"
    assert "还没有以当日为准对全部企业做过模拟" in office.schedule(sha256).json()["detail"]
    office.simulate(sha256)
    with clock.frozen(clock.now() + dt.timedelta(days=31)):
        refused = office.schedule(sha256)
        assert (refused.status_code, refused.json()["code"]) == (409, "simulation-required")
        assert "30 天以前" in refused.json()["detail"]
    assert office.schedule(sha256).status_code == 200


def test_a_simulation_against_what_is_no_longer_in_use_counts_for_nothing(office: Office) -> None:
    first, second = office.ready(stricter(98)), office.ready(stricter(97))
    assert office.schedule(first).status_code == 200
    assert office.schedule(second, clock.today() + dt.timedelta(days=1)).status_code == 200
    assert office.turn() == 1
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        assert office.turn() == 0
    found = office.read(second)
    assert found["state"] == "tested"
    assert "名单已经过时" in found["remark"]
    assert office.read(first)["state"] == "active"
    assert "名单已经过时" in office.schedule(second).json()["detail"]


def test_a_day_that_has_passed_is_refused_and_a_schedule_can_be_taken_back(office: Office) -> None:
    sha256 = office.ready(stricter())
    past = office.schedule(sha256, clock.today() - dt.timedelta(days=1))
    assert (past.status_code, past.json()["code"]) == (422, "activation-day-past")
    assert office.schedule(sha256).status_code == 200
    assert office.client.delete(f"{PREFIX}/packs/{sha256}").json()["code"] == "pack-in-use"
    assert office.client.delete(f"{PREFIX}/packs/{sha256}/schedule").json()["state"] == "tested"
    assert office.turn() == 0
    assert office.client.delete(f"{PREFIX}/packs/{sha256}/schedule").json()["code"] == "pack-state-wrong"


def test_what_collides_with_a_pack_in_use_is_refused(office: Office) -> None:
    sha256 = office.post(stricter().replace(f"pack: {PACK}", "pack: other"), CASES.replace(PACK, "other"))
    office.test(sha256)
    simulated = office.client.post(f"{PREFIX}/simulations", json={"pack": sha256})
    for answer in (simulated, office.schedule(sha256)):
        assert (answer.status_code, answer.json()["code"]) == (409, "pack-contradicts"), answer.text


# -- activation ---------------------------------------------------------------------------------------------------


def test_at_its_moment_the_pack_serves_and_everybody_it_concerns_is_assessed_again(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    before, day = shipped_hash(office), clock.today() + dt.timedelta(days=1)
    sha256 = office.ready(stricter())
    assert office.schedule(sha256, day).status_code == 200
    eve = dt.datetime.combine(day, dt.time(), clock.SHANGHAI) - dt.timedelta(seconds=1)
    with clock.frozen(eve.astimezone(dt.UTC)):
        assert office.turn() == 0
    with clock.frozen((eve + dt.timedelta(seconds=1)).astimezone(dt.UTC)):
        assert office.turn() == 1
        assert office.turn() == 0
        assert office.eligibility.assess() == 1
    assert [office.read(each)["state"] for each in (before, sha256)] == ["retired", "active"]
    (told,) = emitted(office.db, "pack-activated")
    assert (told["pack_hash"], told["replaces"], told["serves_from"]) == (sha256, before, day.isoformat())
    changed = [each for each in emitted(office.db, "assessment-changed") if each["title"] == TITLE]
    assert [each["verdict"] for each in changed] == ["eligible", "not_eligible"]
    assert changed[-1]["pack"] == f"{PACK}@{sha256[:12]}"
    assert audited(office.db, sha256) == [
        "pack-stored", "pack-tested", "simulation-started", "pack-scheduled", "pack-activated",
    ]  # fmt: skip
    assert audited(office.db, before)[-1] == "pack-retired"


def test_an_old_date_goes_on_getting_its_old_answer(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    before, today = shipped_hash(office), clock.today()
    sha256 = office.use(stricter())
    assert verdict(office) == "not_eligible"
    assert verdict(office, day=today - dt.timedelta(days=1)) == "eligible"
    yesterday, now = (today - dt.timedelta(days=1)).isoformat(), today.isoformat()
    assert office.read(before)["periods"] == [{"first_on": None, "last_on": yesterday}]
    assert office.read(sha256)["periods"] == [{"first_on": now, "last_on": None}]


def test_a_pack_that_was_in_use_may_come_back(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    before, today = shipped_hash(office), clock.today()
    office.use(stricter())
    with clock.frozen(clock.now() + dt.timedelta(days=5)):
        assert office.test(before)["green"]
        assert office.read(before)["state"] == "tested"
        office.simulate(before)
        assert office.schedule(before).status_code == 200
        assert office.turn() == 1
        assert verdict(office) == "eligible"
        assert verdict(office, day=today + dt.timedelta(days=4)) == "not_eligible"
        assert len(office.read(before)["periods"]) == 2


def test_a_version_under_another_id_does_not_answer_for_the_days_of_the_one_before(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    before = shipped_hash(office)
    with clock.frozen(clock.now() + dt.timedelta(days=5)):
        assert office.client.post(f"{PREFIX}/packs/{before}/retire").status_code == 200
        renamed = f"{PACK}-corrected"
        sha256 = office.post(stricter().replace(f"pack: {PACK}", f"pack: {renamed}"), CASES.replace(PACK, renamed))
        assert office.test(sha256)["green"]
        office.simulate(sha256)
        assert office.schedule(sha256).status_code == 200
        assert office.turn() == 1
        assert verdict(office) == "not_eligible"
        assert verdict(office, day=clock.today() - dt.timedelta(days=1)) == "eligible"


def test_a_version_out_of_use_may_be_given_other_cases(office: Office) -> None:
    before = shipped_hash(office)
    office.use(stricter())
    assert office.client.put(f"{PREFIX}/packs/{before}/cases", json={"cases": CASES}).status_code == 200
    assert office.read(before)["state"] == "retired"
    assert office.test(before)["green"]


def test_two_changes_on_one_day_leave_no_empty_period(office: Office) -> None:
    first = office.use(stricter(98))
    second = office.use(stricter(97))
    assert office.read(first)["periods"] == []
    assert office.read(second)["periods"] == [{"first_on": clock.today().isoformat(), "last_on": None}]
    assert office.client.delete(f"{PREFIX}/packs/{first}").status_code == 204, "no answer rests on it"


def test_both_processes_notice_another_pack_without_being_told(
    office: Office, settings: Settings, identities: Identities
) -> None:
    """Another HTTP process and a worker, each with a catalog of its own that has answered before."""
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    other = TestClient(create_app(settings, office.db))
    other.headers |= identities.headers(scopes=["assessments:read", "assessments:run"])
    worker = Catalog(office.eligibility.catalog.dictionary, "test")

    def seen() -> tuple[str, str]:
        answer = other.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": TITLE}).json()
        with office.db.reading() as tx:
            rules = load_rules(tx, worker, office.eligibility.sizes)
            (pack,) = [each for each in rules.editions.of_title(TITLE) if each.id == PACK]
        return answer["verdict"]["code"], pack.sha256

    before = shipped_hash(office)
    assert seen() == ("eligible", before)
    sha256 = office.use(stricter())
    assert seen() == ("not_eligible", sha256)


def test_the_catalog_asks_for_no_text_while_nothing_changes(office: Office) -> None:
    catalog = Catalog(office.eligibility.catalog.dictionary, "test")
    with office.db.reading() as tx:
        first = load_rules(tx, catalog, office.eligibility.sizes).editions
        assert load_rules(tx, catalog, office.eligibility.sizes).editions is first


def test_red_cases_at_the_moment_keep_the_pack_out(office: Office) -> None:
    """The engine may have become another one since the pack was tested: the gate is asked again."""
    sha256 = office.ready(stricter())
    assert office.schedule(sha256).status_code == 200
    with office.db.transaction() as tx:
        wrong = CASES.replace("verdict: unknown", "verdict: eligible")
        tx.session.execute(text("UPDATE policy_packs SET cases = :c WHERE hash = :h"), {"c": wrong, "h": sha256})
    assert office.turn() == 0
    found = office.read(sha256)
    assert (found["state"], found["activates_on"]) == ("draft", None)
    assert "案例没有全部通过" in found["remark"]
    assert office.read(shipped_hash(office))["state"] == "active"
    assert emitted(office.db, "pack-activated") == []


def test_a_local_pack_has_only_its_area_assessed_again(office: Office) -> None:
    office.eligibility.tell(registered(), registered(ELSEWHERE, district_code="500114"))
    office.eligibility.assess()
    local = office.client.get(f"{PREFIX}/packs", params={"title": "suzhou_industry_giant"}).json()[0]["sha256"]
    assert office.client.post(f"{PREFIX}/packs/{local}/retire").json()["state"] == "retired"
    with office.db.reading() as tx:
        waiting = tx.session.scalars(text("SELECT uscc FROM pending_assessments")).all()
    assert waiting == [USCC]
    run = office.client.get(f"{PREFIX}/batch-runs").json()["items"][0]
    assert (run["total"], run["done"], run["reason"]) == (1, 0, "停用规则包 suzhou-2018-industry-giant")


# -- retirement and deletion --------------------------------------------------------------------------------------


def test_a_retired_pack_answers_for_old_dates_only(office: Office) -> None:
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    sha256, today = shipped_hash(office), clock.today()
    assert office.client.post(f"{PREFIX}/packs/{sha256}/retire").json()["retired_by"] == "test-officer"
    office.eligibility.assess()
    listed = office.client.get(f"{PREFIX}/assessments", params={"title": TITLE}).json()["items"]
    assert listed == [], "nobody stands anywhere towards a title without rules"
    gone = office.client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": TITLE})
    assert gone.json()["code"] == "no-pack-in-force"
    assert verdict(office, day=today - dt.timedelta(days=1)) == "eligible"
    assert office.client.post(f"{PREFIX}/packs/{sha256}/retire").json()["code"] == "pack-state-wrong"


def test_a_pack_that_serves_or_served_cannot_be_deleted(office: Office) -> None:
    before = shipped_hash(office)
    used = office.client.delete(f"{PREFIX}/packs/{before}")
    assert (used.status_code, used.json()["code"]) == (409, "pack-in-use")
    assert "正在使用" in used.json()["detail"]
    office.use(stricter())
    served = office.client.delete(f"{PREFIX}/packs/{before}")
    assert (served.status_code, "曾经使用过" in served.json()["detail"]) == (409, True)


def test_a_deleted_draft_stays_deleted_through_upgrades(office: Office, settings: Settings) -> None:
    sha256 = office.post(stricter())
    assert office.client.delete(f"{PREFIX}/packs/{sha256}").status_code == 204
    assert office.client.get(f"{PREFIX}/packs/{sha256}").status_code == 404
    with office.db.transaction() as tx:
        assert seed_packs(tx, office.eligibility.catalog.dictionary, {f"{PACK}.yaml": stricter()}) == []
    assert office.post(stricter()) == sha256, "somebody may want it after all"


def test_an_upgrade_adds_drafts_with_cases_and_touches_nothing_in_use(office: Office, settings: Settings) -> None:
    before = shipped_hash(office)
    dictionary = office.eligibility.catalog.dictionary
    with office.db.transaction() as tx:
        tx.session.execute(text("UPDATE policy_packs SET cases = NULL"))  # as a release before cases had left it
        added = seed_packs(tx, dictionary, {f"{PACK}.yaml": stricter()}, {f"{PACK}.yaml": CASES})
    assert added == [PACK]
    found = office.client.get(f"{PREFIX}/packs", params={"pack_id": PACK}).json()
    assert {each["state"]: each["sha256"] == before for each in found} == {"active": True, "draft": False}
    draft = next(each["sha256"] for each in found if each["state"] == "draft")
    assert office.test(draft)["green"]
    prepare(settings, office.db)
    assert office.test(before)["green"], "a version in use gets the cases it ships with"


def test_a_pack_id_that_there_is_not_is_refused_with_those_that_there_are(office: Office) -> None:
    answer = office.client.get(f"{PREFIX}/packs", params={"pack_id": "nope"})
    assert (answer.status_code, answer.json()["code"]) == (422, "filter-invalid")
    [item] = answer.json()["errors"]
    assert (item["field"], item["found"]) == ("pack_id", "nope")
    assert PACK in item["expected"]
    none = office.client.get(f"{PREFIX}/packs", params={"pack_id": PACK, "state": "retired"})
    assert (none.status_code, none.json()) == (200, []), "there is such a pack, only not in that state"
