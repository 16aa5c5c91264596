"""Assessing: on events, on request, with reasons; stored once, explained again, told when the verdict changes."""

import copy
import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from contracts.events.registry import EnterpriseUpdated, TitleRenewed
from services.eligibility.app import PREFIX, create_app
from services.eligibility.handlers import remember_facts
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import prepare
from services.eligibility.settings import Settings
from services.eligibility.use_cases.assess_pending import assess_pending
from services.eligibility.use_cases.start_batch_run import start_batch_run
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import (
    INNOVATIVE,
    USCC,
    YEAR,
    Eligibility,
    card,
    events,
    facts,
    registered,
    title,
    titles_with_rules,
)


def rows(db: Database, table: str = "assessments") -> int:
    with db.reading() as tx:
        return int(tx.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def run_everything_again(db: Database) -> None:
    with db.transaction() as tx:
        start_batch_run(tx, None)


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []


def test_facts_that_suffice_make_the_enterprise_eligible_and_say_so_once(
    eligibility: Eligibility, db: Database
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    assert eligibility.assess() == 1, "two events, one assessment"
    told = {event["title"]: event for event in events(db)}
    assert set(told) == titles_with_rules()
    assert [title for title, event in told.items() if event["verdict"] == "eligible"] == ["innovative_sme"]
    assert told["innovative_sme"]["verdict"] == "eligible"
    assert told["innovative_sme"]["previous"] is None
    assert told["innovative_sme"]["pack"].startswith("miit-63-2022-innovative@")
    eligibility.tell(facts(INNOVATIVE, version=3))
    assert eligibility.assess() == 0, "the same facts need no other assessment"
    run_everything_again(db)
    assert eligibility.assess() == 1
    assert len(events(db)) == len(told), "the same outcome is not told again"
    assert rows(db) == len(told), "nor stored again"


def test_an_enterprise_without_facts_is_unknown_with_every_missing_fact_named(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(industry_code=None, size_class=None))
    eligibility.assess()
    national = {e["verdict"] for e in events(db) if not e["title"].startswith("suzhou_")}
    assert national == {"unknown"}, "no title recorded is not the same as no title held"
    answer = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["verdict"]["code"] == "unknown"
    named = {(item["fact"], item["fiscal_year"]) for item in body["missing"]}
    for wanted in INNOVATIVE[0]:
        assert any(fact == wanted for fact, _ in named), f"{wanted} is not named"
    assert ("revenue_yuan", YEAR) in named
    assert ("main_revenue_yuan", YEAR - 1) in named
    assert {"industry_code", "headcount", "total_assets_yuan"} <= {fact for fact, _ in named}, "for the size class"


def test_an_older_event_never_overwrites_a_newer_one(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE, version=5))
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(facts(worse, version=4))
    eligibility.assess()
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"] == ["eligible"]


def test_a_change_of_the_verdict_is_told_with_the_one_before(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(facts(worse, version=3))
    eligibility.assess()
    told = [(e["previous"], e["verdict"]) for e in events(db) if e["title"] == "innovative_sme"]
    assert told == [(None, "eligible"), ("eligible", "not_eligible")]


def test_a_title_opens_the_way_to_the_next_and_its_own_review(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    eligibility.tell(title("innovative_sme"))
    eligibility.assess()
    with db.reading() as tx:
        current = tx.session.execute(text("SELECT title, kind FROM assessments WHERE current ORDER BY title")).all()
    held = [tuple(row) for row in current]
    assert ("innovative_sme", "new") not in held, "nobody applies anew for what it holds"
    assert ("specialized_sme", "new") in held


def test_a_passed_review_renews_what_is_held(eligibility: Eligibility, db: Database) -> None:
    over = dt.date(2020, 1, 1)
    eligibility.tell(registered(), facts(INNOVATIVE), title("innovative_sme", valid_to=over, state="expired"))
    eligibility.assess()
    passed = title("innovative_sme", version=4, valid_to=dt.date(2099, 1, 1))
    eligibility.tell(TitleRenewed(**dict(passed), previous_valid_to=over))
    eligibility.assess()
    with db.reading() as tx:
        kept = tx.session.execute(text("SELECT state, valid_to FROM enterprise_titles")).one()
        kinds = tx.session.scalars(text("SELECT kind FROM assessments WHERE current AND title = 'innovative_sme'"))
        assert set(kinds) == {"review"}, "nobody applies anew for what it holds again"
    assert tuple(kept) == ("valid", dt.date(2099, 1, 1))


def test_coming_nearer_with_the_same_verdict_is_told_apart(eligibility: Eligibility, db: Database) -> None:
    def without(*names: str) -> dict[int, dict[str, Any]]:
        return {**INNOVATIVE, 0: {name: value for name, value in INNOVATIVE[0].items() if name not in names}}

    eligibility.tell(registered(), facts(without("abnormal_list", "prohibited_product")))
    eligibility.assess()
    first = next(each for each in events(db) if each["title"] == "innovative_sme")
    assert (first["verdict"], first["open_lines"], first["open_effort"]) == ("unknown", 2, "paperwork")
    told = len(events(db))
    eligibility.tell(facts(without("abnormal_list"), version=3))
    eligibility.assess()
    (nearer,) = [each for each in events(db)[told:] if each["title"] == "innovative_sme"]
    assert (nearer["verdict"], nearer["open_lines"], nearer["open_lines_before"]) == ("unknown", 1, 2)
    assert "previous" not in nearer, "the verdict has not changed"
    eligibility.tell(facts(INNOVATIVE, version=4))
    eligibility.assess()
    last = [each for each in events(db) if each["title"] == "innovative_sme"][-1]
    assert (last["verdict"], last["previous"]) == ("eligible", "unknown")


def test_the_answer_gives_value_threshold_points_clause_and_quotation(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    body = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"}).json()
    assert body["verdict"] == {"code": "eligible", "label": "测算符合条件"}
    assert body["route"] == "score"
    assert "不作为认定依据" in body["disclaimer"]
    assert body["synthetic"] is True
    rd = next(each for each in body["conditions"] if each["id"] == "CX-2")
    assert rd["points"] == {"low": "20", "high": "20", "max": "20"}, "5% exactly is on the upper band (A-02)"
    assert "5" in rd["value"]
    assert rd["clause"]
    assert rd["quote"]
    assert rd["document"]["number"] == "工信部企业〔2022〕63号"
    assert {(each["fact"], each["fiscal_year"]) for each in rd["inputs"]} == {
        ("rd_expense_yuan", YEAR),
        ("revenue_yuan", YEAR),
    }
    assert all(each["source"]["code"] == "audit_report" for each in rd["inputs"])
    again = client.get(f"{PREFIX}/assessments/{body['id']}").json()
    for part in ("verdict", "conditions", "routes", "score", "reasons", "pack"):
        assert again[part] == body[part], f"{part} is explained differently the second time"


def test_facts_in_the_body_are_assessed_and_nothing_is_stored(client: TestClient, db: Database) -> None:
    stated = [
        {"fact": name, "value": value, **({"fiscal_year": year} if year else {})}
        for year, values in INNOVATIVE.items()
        for name, value in values.items()
    ]
    wanted = {"title": "innovative_sme", "facts": stated, "titles": [], "industry_code": "3484"}
    answer = client.post(f"{PREFIX}/assessments", json=wanted)
    assert (answer.status_code, answer.json()["verdict"]["code"]) == (200, "eligible")
    assert answer.json()["id"] is None
    assert (rows(db), rows(db, "outbox")) == (0, 0)


def test_a_fact_stated_twice_is_refused(client: TestClient) -> None:
    twice = [{"fact": "revenue_yuan", "value": value, "fiscal_year": YEAR} for value in ("1", "2")]
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": twice})
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [("facts[1].fact", "repeated")]


def test_money_may_be_stated_in_wan_yuan(client: TestClient) -> None:
    facts_given = [
        {"fact": "revenue_yuan", "value": "3200", "unit": "万元", "fiscal_year": YEAR},
        {"fact": "rd_expense_yuan", "value": "1600000", "fiscal_year": YEAR},
    ]
    body = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": facts_given}).json()
    rd = next(each for each in body["conditions"] if each["id"] == "CX-2")
    assert rd["points"]["low"] == "20"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"fact": "no_such_fact", "value": 1}, "facts[0].fact", "unknown-fact"),
        ({"fact": "revenue_yuan", "value": "1"}, "facts[0].fiscal_year", "missing"),
        ({"fact": "legal_person", "value": True, "fiscal_year": 2025}, "facts[0].fiscal_year", "unexpected"),
        ({"fact": "revenue_yuan", "value": "many", "fiscal_year": 2025}, "facts[0].value", "wrong-value"),
    ],
)
def test_a_stated_fact_that_cannot_be_read_is_named(
    client: TestClient, given: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": [given]})
    assert answer.status_code == 422
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": "innovative_sme"}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": USCC, "facts": []}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": "not-a-code"}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": USCC}, 404, "enterprise-not-known"),
        ({"title": "unicorn", "facts": []}, 422, "stated-facts-invalid"),
        ({"title": "suzhou_growing_micro", "facts": []}, 422, "no-pack-in-force"),
        ({"title": "suzhou_growing_micro", "facts": [], "district_code": "370102"}, 422, "no-pack-in-force"),
        ({"title": "suzhou_growing_micro", "facts": [], "district_code": "宿州"}, 422, "validation-failed"),
        ({"title": "suzhou_growing_micro", "uscc": USCC, "district_code": "341302"}, 422, "validation-failed"),
        ({"title": "specialized_sme", "facts": [], "application_date": "2022-06-30"}, 422, "no-pack-in-force"),
    ],
)
def test_what_cannot_be_assessed_is_refused(client: TestClient, body: Any, status: int, code: str) -> None:
    answer = client.post(f"{PREFIX}/assessments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lists_are_paged_filtered_and_bounded_by_the_callers_areas(
    eligibility: Eligibility, client: TestClient, db: Database, settings: Settings, identities: Identities
) -> None:
    others = ["91341302MA2N0C3K5X", "91341302MA2N0C3K6X", "91500107MA5U0C3K7X"]
    for code, district in zip(others, ["341302", "341302", "500107"], strict=True):
        eligibility.tell(registered(code, district_code=district))
    eligibility.assess()
    made = 2 * len(titles_with_rules("341302")) + len(titles_with_rules("500107"))
    first = client.get(f"{PREFIX}/assessments", params={"limit": made - 2})
    assert len(first.json()["items"]) == made - 2
    assert 'rel="next"' in first.headers["link"]
    following = {"limit": made - 2, "cursor": first.json()["next_cursor"]}
    second = client.get(f"{PREFIX}/assessments", params=following).json()
    assert len(second["items"]) == 2
    assert second["next_cursor"] is None
    seen = [(item["uscc"], item["title"]["code"]) for item in first.json()["items"] + second["items"]]
    assert len(set(seen)) == made
    suzhou = TestClient(
        create_app(settings, db), headers=identities.headers(scopes=["assessments:read"], areas=["3413"])
    )
    assert {item["uscc"] for item in suzhou.get(f"{PREFIX}/assessments").json()["items"]} == set(others[:2])
    answer = suzhou.get(f"{PREFIX}/enterprises/{others[2]}/assessments")
    assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")
    own = TestClient(
        create_app(settings, db),
        headers=identities.headers(roles=["enterprise"], scopes=["assessments:read"], areas=[], uscc=others[2]),
    )
    assert {item["uscc"] for item in own.get(f"{PREFIX}/assessments").json()["items"]} == {others[2]}
    assert own.get(f"{PREFIX}/enterprises/{others[0]}/assessments").status_code == 404


def test_the_figures_add_up(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    before = client.get(f"{PREFIX}/statistics").json()
    assert (before["enterprises"], before["pending"], before["verdicts"]) == (1, 1, [])
    eligibility.assess()
    after = client.get(f"{PREFIX}/statistics").json()
    assert (after["enterprises"], after["pending"]) == (1, 0)
    assert sum(each["count"] for each in after["verdicts"]) == len(titles_with_rules())


def test_seeding_twice_adds_nothing_and_a_changed_file_becomes_a_draft(
    db: Database, settings: Settings, client: TestClient, tmp_path: Any
) -> None:
    before = rows(db, "policy_packs")
    prepare(settings, db)
    assert rows(db, "policy_packs") == before
    for path in settings.policies_folder.glob("*.yaml"):
        body = path.read_text("utf-8")
        changed = path.name == "miit-63-2022-innovative.yaml"
        edited = body.replace('total: ">= 60 分"', 'total: ">= 61 分"') if changed else body
        assert changed == (edited != body)
        (tmp_path / path.name).write_text(edited, "utf-8")
    prepare(settings.model_copy(update={"policies_folder": tmp_path}), db)
    packs = client.get(f"{PREFIX}/packs").json()
    states = [each["state"] for each in packs if each["id"] == "miit-63-2022-innovative"]
    assert sorted(states) == ["active", "draft"], "versions are listed by hash"
    assert rows(db, "policy_packs") == before + 1
    active = next(each for each in packs if each["state"] == "active")
    source = client.get(f"{PREFIX}/packs/{active['sha256']}/source")
    assert source.headers["etag"] == f'"{active["sha256"]}"'
    assert client.get(source.request.url.path, headers={"If-None-Match": source.headers["etag"]}).status_code == 304


def test_facts_that_are_still_being_written_are_not_assessed_without(eligibility: Eligibility, db: Database) -> None:
    """The enterprise waits already; its facts arrive in a transaction that is still open when the assessor comes."""
    eligibility.tell(registered())
    with db.transaction() as arriving:
        remember_facts(arriving, facts(INNOVATIVE))
        arriving.flush()
        assert eligibility.assess() == 0, "taken now, it would be assessed without them and not again"
    assert eligibility.assess() == 1
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"] == ["eligible"]


def test_a_request_and_the_worker_may_assess_the_same_enterprise_at_once(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    answers: list[int] = []

    def ask() -> None:
        wanted = {"uscc": USCC, "title": "innovative_sme"}
        answers.append(client.post(f"{PREFIX}/assessments", json=wanted).status_code)

    asking = threading.Thread(target=ask)
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 10) == 1
        asking.start()
        asking.join(0.5)
        assert answers == [], "it waits for the worker instead of writing a second current assessment"
    asking.join()
    assert answers == [201]
    assert rows(db) == len(titles_with_rules())
    assert len([e for e in events(db) if e["title"] == "innovative_sme"]) == 1


def test_what_was_asked_for_and_has_come_is_no_longer_named(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(industry_code=None, size_class=None))
    eligibility.assess()
    eligibility.tell(
        EnterpriseUpdated(uscc=USCC, version=2, changed=("industry_code",), enterprise=card(industry_code="3911"))
    )
    eligibility.assess()
    [current] = client.get(f"{PREFIX}/assessments", params={"title": "innovative_sme"}).json()["items"]
    named = {each["fact"] for each in client.get(f"{PREFIX}/assessments/{current['id']}").json()["missing"]}
    assert "industry_code" not in named
    assert "headcount" in named


def test_another_title_does_not_say_that_the_needed_one_is_not_held(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE), title("high_tech"))
    eligibility.assess()
    with db.reading() as tx:
        missing = tx.session.scalar(text("SELECT missing FROM assessments WHERE current AND title = 'specialized_sme'"))
    assert "specialized_sme" not in {e["title"] for e in events(db) if e["verdict"] == "not_eligible"}
    assert missing


def test_two_assessors_share_the_work(eligibility: Eligibility, db: Database) -> None:
    """One holds its batch uncommitted; the other takes the rest and neither takes the same enterprise."""
    eligibility.tell(*(registered(f"91341302MA2N0C3K{n}X") for n in range(4)))
    with db.transaction() as one:
        assert assess_pending(one, eligibility.catalog, eligibility.sizes, 2) == 2
        with db.transaction() as two:
            assert assess_pending(two, eligibility.catalog, eligibility.sizes, 10) == 2
    assert rows(db, "pending_assessments") == 0
    assert rows(db) == 4 * len(titles_with_rules())


def test_who_waits_longest_is_assessed_first(eligibility: Eligibility, db: Database) -> None:
    first, second = "91341302MA2N0C3K3X", "91341302MA2N0C3K0X"
    eligibility.tell(registered(first), registered(second), facts(INNOVATIVE, uscc=first))
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 1) == 1
    with db.reading() as tx:
        assert tx.session.scalars(text("SELECT uscc FROM pending_assessments")).all() == [second]


def test_a_change_during_the_assessment_is_assessed_too(eligibility: Eligibility, db: Database) -> None:
    """An event that arrives while the enterprise is being assessed marks it again."""
    eligibility.tell(registered())
    arrived = threading.Thread(target=lambda: eligibility.tell(facts(INNOVATIVE)))
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 10) == 1
        arrived.start()
        arrived.join(0.3)
    arrived.join()
    assert rows(db, "pending_assessments") == 1
    eligibility.assess()
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"][-1] == "eligible"


# -- what cannot be read ------------------------------------------------------------------------------------------


def test_a_date_to_come_in_an_event_is_kept_and_does_not_count_yet(
    eligibility: Eligibility, client: TestClient
) -> None:
    """Registry refuses it today; what it told before, or a neighbour tells, must not stop the consumer."""
    told = {year: dict(values) for year, values in INNOVATIVE.items()}
    told[0]["science_awards"] = [{"level": "national", "rank": 1, "awarded_on": "2999-01-01"}]
    told[0]["established_on"] = "2999-01-01"
    eligibility.tell(registered(), facts(told))
    assert eligibility.assess() == 1
    found = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"}).json()
    assert [each["status"]["code"] for each in found["conditions"] if each["id"] == "CX-D1"] == ["unmet"]


def test_a_stored_value_that_cannot_be_read_holds_up_nobody(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    """However it came there: its enterprise keeps what it has, the others go on, and what is told anew mends it."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    before = client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"]
    broken = facts(INNOVATIVE, version=3)
    for period in broken.periods:
        if period.fiscal_year == YEAR:
            period.facts["revenue_yuan"]["value"] = "三千万"
    other = "91341302MA2N0C3K5Y"
    eligibility.tell(broken, registered(other), facts(INNOVATIVE, uscc=other))
    assert eligibility.assess() == 2
    assert len(client.get(f"{PREFIX}/assessments", params={"uscc": other}).json()["items"]) == len(before)
    assert client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"] == before
    for path, wanted in (
        ("assessments", {}),
        ("gap-plans", {}),
        ("what-if", {"facts": [{"fact": "headcount", "value": 9, "fiscal_year": YEAR}]}),
    ):
        answer = client.post(f"{PREFIX}/{path}", json={"uscc": USCC, "title": "innovative_sme"} | wanted)
        assert (answer.status_code, answer.json()["code"]) == (409, "stored-fact-unreadable"), path
        assert "三千万" in answer.json()["detail"]
    run = client.post(f"{PREFIX}/batch-runs", json={}).json()
    eligibility.assess()
    assert client.get(f"{PREFIX}/batch-runs/{run['id']}").json()["finished"]
    eligibility.tell(facts(INNOVATIVE, version=4))
    eligibility.assess()
    assert client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"] != before
