"""Gap plans, what-if questions and near-misses over HTTP: verified, bounded by the caller's areas, nothing stored."""

import copy
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from services.eligibility.app import PREFIX, create_app
from services.eligibility.settings import Settings
from services.eligibility.store.pending import Pending
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, facts, registered, title

SHORT = copy.deepcopy(INNOVATIVE)
SHORT[0] |= {"ip_class1_own_count": 0, "ip_class1_count": 0, "lead_product_in_sei": False}
SHORT[YEAR] |= {"rd_expense_yuan": "768000.00", "main_revenue_yuan": "24000000.00"}
"""Research costs of 2.4 % and no growth: short of 创新型 by a little."""

SPRING = dt.datetime(YEAR + 1, 3, 1, 12, tzinfo=dt.UTC)
"""Early in the year of today: what the days left of a year can bring shrinks with them."""


def stored(db: Database) -> tuple[int, int]:
    with db.reading() as tx:
        counts = [tx.session.scalar(text(f"SELECT count(*) FROM {name}")) for name in ("assessments", "outbox")]
    return int(counts[0] or 0), int(counts[1] or 0)


def stated(periods: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"fact": name, "value": value, **({"fiscal_year": year} if year else {})}
        for year, values in periods.items()
        for name, value in values.items()
    ]


def caller(db: Database, settings: Settings, identities: Identities, **who: Any) -> TestClient:
    headers = identities.headers(scopes=["assessments:read"], **who)
    return TestClient(create_app(settings, db), raise_server_exceptions=False, headers=headers)


def test_the_way_to_a_title_is_planned_verified_and_not_stored(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    eligibility.tell(registered(), facts(SHORT))
    eligibility.assess()
    before = stored(db)
    with clock.frozen(SPRING):
        answer = client.post(f"{PREFIX}/gap-plans", json={"uscc": USCC, "title": "innovative_sme"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    best = body["plan"]
    assert (body["verdict"]["code"], best["route"], best["outcome"]["code"]) == ("not_eligible", "score", "planned")
    assert best["verification"]["verdict"]["code"] == "eligible"
    assert best["verification"]["fiscal_year"] == YEAR + 1, "last year is history: the running year is the target"
    assert best["changes"]
    assert {each["fiscal_year"] for each in best["changes"]} <= {YEAR + 1, None}
    assert [each["route"] for each in body["alternatives"]] == ["direct"]
    assert "不作为认定依据" in body["disclaimer"]
    assert stored(db) == before


def test_the_changes_of_a_plan_really_reach_the_title(eligibility: Eligibility, client: TestClient) -> None:
    """The plan's targets, stated as facts a year later, are assessed as eligible."""
    eligibility.tell(registered(), facts(SHORT))
    with clock.frozen(SPRING):
        body = client.post(f"{PREFIX}/gap-plans", json={"uscc": USCC, "title": "innovative_sme"}).json()
    [best] = [each for each in (body["plan"], *body["alternatives"]) if each["route"] == "score"]
    reached = copy.deepcopy(SHORT)
    reached[YEAR + 1] = dict(SHORT[YEAR])
    for change in best["changes"]:
        assert change["kind"]["code"] == "reach", change
        reached[change["fiscal_year"] or 0][change["fact"]] = change["target"]
    wanted = {
        "title": "innovative_sme", "facts": stated(reached), "titles": [], "industry_code": "3484",
        "application_date": best["opportunity"]["day"],
    }  # fmt: skip
    answer = client.post(f"{PREFIX}/assessments", json=wanted)
    assert (answer.status_code, answer.json()["verdict"]["code"]) == (200, "eligible"), answer.text


def test_facts_in_the_body_are_planned_for_too_and_windows_are_named(client: TestClient) -> None:
    window = {"opens": f"{YEAR + 2}-04-01", "closes": f"{YEAR + 2}-04-30", "label": "第一批"}
    wanted = {
        "title": "innovative_sme", "facts": stated(SHORT), "titles": [], "industry_code": "3484", "windows": [window],
    }  # fmt: skip
    with clock.frozen(SPRING):
        body = client.post(f"{PREFIX}/gap-plans", json=wanted).json()
    assert body["uscc"] is None
    assert body["plan"]["opportunity"]["label"] == "第一批"
    wanted["windows"] = [window | {"closes": f"{YEAR + 2}-03-01"}]
    assert client.post(f"{PREFIX}/gap-plans", json=wanted).status_code == 422


def test_a_title_that_is_needed_first_comes_with_its_own_plan(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(SHORT))
    body = client.post(f"{PREFIX}/gap-plans", json={"uscc": USCC, "title": "specialized_sme"}).json()
    needed = [each["title"]["code"] for each in body["plan"]["changes"] if each["title"]]
    assert needed
    assert body["first"][-1]["title"]["code"] == needed[-1]
    first = body["first"][-1]["plan"]["opportunity"]["day"]
    assert body["plan"]["opportunity"]["day"] > first, "it can only be held after it was applied for"


def test_an_edition_that_ends_is_named_with_the_one_that_follows(client: TestClient) -> None:
    wanted = {"title": "little_giant", "kind": "review", "facts": [], "titles": [], "industry_code": "3484"}
    with clock.frozen(dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)):
        body = client.post(f"{PREFIX}/gap-plans", json=wanted).json()
    assert (body["pack"]["id"], body["edition_ends"]) == ("miit-63-2022-giant", "2026-12-31")
    assert (body["following"]["id"], body["following"]["in_force_from"]) == ("miit-2-2026-giant", "2027-01-01")
    assert any("适用至 2026-12-31" in each for each in body["plan"]["assumptions"])


def test_what_is_missing_is_asked_for_and_the_plan_is_not_called_verified(client: TestClient) -> None:
    held = copy.deepcopy(SHORT)
    del held[YEAR]["revenue_yuan"]
    wanted = {"title": "innovative_sme", "facts": stated(held), "titles": [], "industry_code": "3484"}
    best = client.post(f"{PREFIX}/gap-plans", json=wanted).json()["plan"]
    assert (best["outcome"]["code"], best["verification"]["verdict"]["code"]) == ("pending", "unknown")
    assert (best["changes"][0]["fact"], best["changes"][0]["target"]) == ("revenue_yuan", None)
    assert any(f"补齐{YEAR}年营业收入" in each for each in best["pending"])


def test_who_is_too_large_for_a_title_is_not_near_to_it(eligibility: Eligibility, client: TestClient) -> None:
    held = copy.deepcopy(SHORT)
    held[YEAR] |= {"tsme_total_staff": 2100, "tsme_sales_revenue_yuan": "900000000.00"}
    eligibility.tell(registered(), facts(held))
    eligibility.assess()
    assert (
        client.get(f"{PREFIX}/near-misses", params={"title": "tech_sme", "lines": 20, "short": 1}).json()["items"] == []
    )


def test_a_list_begins_as_the_plan_does(eligibility: Eligibility, client: TestClient) -> None:
    unknown = copy.deepcopy(SHORT)
    del unknown[0]["accidents"]
    eligibility.tell(registered(), facts(unknown))
    eligibility.assess()
    [row] = client.get(f"{PREFIX}/near-misses", params={"title": "innovative_sme", "lines": 20, "short": 1}).json()[
        "items"
    ]
    best = client.post(f"{PREFIX}/gap-plans", json={"uscc": USCC, "title": "innovative_sme"}).json()["plan"]
    assert row["first_change"].startswith(best["changes"][0]["text"])
    assert row["effort"]["code"] == best["effort"]["code"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": "innovative_sme"}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": USCC}, 404, "enterprise-not-known"),
        ({"title": "no_such_title", "facts": []}, 422, "stated-facts-invalid"),
        ({"title": "innovative_sme", "facts": [{"fact": "no_such_fact", "value": 1}]}, 422, "stated-facts-invalid"),
        ({"title": "innovative_sme", "facts": [], "unknown": 1}, 422, "validation-failed"),
    ],
)
def test_what_cannot_be_planned_is_refused(client: TestClient, body: Any, status: int, code: str) -> None:
    answer = client.post(f"{PREFIX}/gap-plans", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_enterprise_plans_for_itself_and_nobody_plans_outside_its_areas(
    eligibility: Eligibility, db: Database, settings: Settings, identities: Identities
) -> None:
    other = "91500107MA5U0C3K7X"
    eligibility.tell(registered(), facts(SHORT), registered(other, district_code="500107"))
    own = caller(db, settings, identities, roles=["enterprise"], areas=[], uscc=USCC)
    suzhou = caller(db, settings, identities, areas=["3413"])
    for path in ("gap-plans", "what-if"):
        assert own.post(f"{PREFIX}/{path}", json={"uscc": USCC, "title": "innovative_sme"}).status_code == 200
        assert own.post(f"{PREFIX}/{path}", json={"uscc": other, "title": "innovative_sme"}).status_code == 404
        answer = suzhou.post(f"{PREFIX}/{path}", json={"uscc": other, "title": "innovative_sme"})
        assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")


# -- what-if --------------------------------------------------------------------------------------------------------


def test_what_if_shows_both_verdicts_and_every_line_that_differs(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    eligibility.tell(registered(), facts(SHORT))
    eligibility.assess()
    before = stored(db)
    change = {"fact": "rd_expense_yuan", "value": "160", "unit": "万元", "fiscal_year": YEAR}
    growth = {"fact": "main_revenue_yuan", "value": "2800", "unit": "万元", "fiscal_year": YEAR}
    wanted = {"uscc": USCC, "title": "innovative_sme", "facts": [change, growth]}
    body = client.post(f"{PREFIX}/what-if", json=wanted).json()
    assert (body["before"]["verdict"]["code"], body["after"]["verdict"]["code"]) == ("not_eligible", "eligible")
    differing = {each["id"]: each for each in body["differences"]}
    assert set(differing) == {"CX-2", "CX-3", "CX-6"}
    assert (differing["CX-2"]["before"]["points"]["low"], differing["CX-2"]["after"]["points"]["low"]) == ("10", "20")
    assert differing["CX-6"]["decided"] is False, "other value, same status"
    assert stored(db) == before


def test_what_if_a_fact_were_missing_a_title_held_or_a_finding_made(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    gone = {"fact": "abnormal_list", "value": None}
    body = client.post(f"{PREFIX}/what-if", json={"uscc": USCC, "title": "innovative_sme", "facts": [gone]}).json()
    assert (body["before"]["verdict"]["code"], body["after"]["verdict"]["code"]) == ("eligible", "unknown")
    wanted: dict[str, Any] = {"uscc": USCC, "title": "specialized_sme"}
    wanted["titles"] = [{"title": "innovative_sme", "valid_to": f"{YEAR + 3}-01-01"}]
    wanted["findings"] = [{"finding": "market_position_leading", "decision": "met"}]
    states = {each["id"]: each["after"]["status"]["code"] for each in
              client.post(f"{PREFIX}/what-if", json=wanted).json()["differences"]}  # fmt: skip
    assert states == {"ZJ26-1a": "met", "ZJ26-5": "met"}
    wanted["findings"] = [{"finding": "revenue_yuan", "decision": "met"}]
    answer = client.post(f"{PREFIX}/what-if", json=wanted)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "findings[0].finding")


def test_what_if_refuses_what_has_not_happened_yet(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    tomorrow = clock.today() + dt.timedelta(days=1)
    wanted: dict[str, Any] = {
        "uscc": USCC, "title": "innovative_sme",
        "facts": [{"fact": "rd_institutions", "value": []}, {"fact": "established_on", "value": f"{tomorrow}"}],
    }  # fmt: skip
    answer = client.post(f"{PREFIX}/what-if", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid")
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == ("facts[1].value", "date-in-future")
    assert f"应为不晚于 {clock.today()} 的日期，现为“{tomorrow}”" in problem["message"]
    titles = [{"title": "innovative_sme", "state": "cancelled", "cancelled_on": f"{tomorrow}"}]
    answer = client.post(f"{PREFIX}/what-if", json=wanted | {"facts": [], "titles": titles})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "titles[0].cancelled_on")


def test_what_a_plan_says_to_obtain_can_be_asked_of_what_if(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(SHORT))
    with clock.frozen(SPRING):
        body = client.post(f"{PREFIX}/gap-plans", json={"uscc": USCC, "title": "innovative_sme"}).json()
    [direct] = [each for each in (body["plan"], *body["alternatives"]) if each["route"] == "direct"]
    [change] = direct["changes"]
    value = [*(change["current"] or []), change["target"]]
    wanted = {
        "uscc": USCC, "title": "innovative_sme", "application_date": direct["opportunity"]["day"],
        "facts": [{"fact": change["fact"], "value": value}],
    }  # fmt: skip
    answer = client.post(f"{PREFIX}/what-if", json=wanted)
    assert (answer.status_code, answer.json()["after"]["route"]) == (200, "direct"), answer.text


# -- near-misses ----------------------------------------------------------------------------------------------------


def test_near_misses_are_those_with_few_open_lines_nearest_first_with_the_first_change(
    eligibility: Eligibility, client: TestClient, db: Database, settings: Settings, identities: Identities
) -> None:
    near, nearer, there, far = (f"91341302MA2N0C3K{n}X" for n in range(1, 5))
    unknown = copy.deepcopy(SHORT)
    del unknown[0]["accidents"]
    for code, held in ((near, unknown), (nearer, SHORT), (there, INNOVATIVE)):
        eligibility.tell(registered(code), facts(held, uscc=code))
    eligibility.tell(registered(far), registered("91500107MA5U0C3K7X", district_code="500107"))
    eligibility.tell(facts(SHORT, uscc="91500107MA5U0C3K7X"))
    eligibility.assess()
    asked = {"title": "innovative_sme", "district": "3413"}
    body = client.get(f"{PREFIX}/near-misses", params=asked).json()
    assert [(each["uscc"], each["open_lines"]) for each in body["items"]] == [(nearer, 1), (near, 2)]
    assert all(each["first_change"] for each in body["items"])
    assert body["items"][1]["first_change"].startswith("补充事故与违法违规记录")
    assert body["items"][1]["effort"]["code"] != "paperwork"
    assert "此外还有属“" in body["items"][1]["first_change"], "the row's class is of what remains, and that is said"
    assert client.get(f"{PREFIX}/near-misses", params=asked | {"lines": 0}).json()["items"] == []
    first = client.get(f"{PREFIX}/near-misses", params={"title": "innovative_sme", "limit": 2})
    assert 'rel="next"' in first.headers["link"]
    page = {"title": "innovative_sme", "limit": 2, "cursor": first.json()["next_cursor"]}
    second = client.get(f"{PREFIX}/near-misses", params=page).json()
    assert len({each["uscc"] for each in first.json()["items"] + second["items"]}) == 3
    chongqing = caller(db, settings, identities, areas=["5001"])
    seen = chongqing.get(f"{PREFIX}/near-misses", params={"title": "innovative_sme"}).json()["items"]
    assert [each["uscc"] for each in seen] == ["91500107MA5U0C3K7X"]
    own = caller(db, settings, identities, roles=["enterprise"], areas=[], uscc=near)
    assert own.get(f"{PREFIX}/near-misses", params={"title": "innovative_sme"}).status_code == 403


def test_a_score_that_lacks_much_is_not_near_and_the_nearest_come_first(
    eligibility: Eligibility, client: TestClient
) -> None:
    """One line each, whatever is missing: without the order a list for an area names nearly everybody."""
    codes = [f"91341302MA2N0C3K{n}X" for n in range(1, 4)]
    spent = ("1.00", "200000.00", "600000.00")
    for code, amount in zip(codes, spent, strict=True):
        held = copy.deepcopy(SHORT)
        held[YEAR]["rd_expense_yuan"] = amount
        held[0] |= {"ip_class1_own_count": 0, "ip_class1_count": 0, "ip_class2_count": 1 if code == codes[0] else 3}
        eligibility.tell(registered(code), facts(held, uscc=code))
    eligibility.assess()
    asked = {"title": "innovative_sme", "short": "1"}
    every = client.get(f"{PREFIX}/near-misses", params=asked).json()["items"]
    lacking = [float(each["short"]) for each in every]
    assert len(every) == 3
    assert lacking == sorted(lacking)
    assert lacking[-1] > lacking[0] > 0
    middle = str((lacking[0] + lacking[-1]) / 2)
    fewer = client.get(f"{PREFIX}/near-misses", params=asked | {"short": middle}).json()["items"]
    assert 0 < len(fewer) < 3
    seen, cursor = [], None
    while cursor or not seen:
        page = asked | {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        body = client.get(f"{PREFIX}/near-misses", params=page).json()
        seen += [each["uscc"] for each in body["items"]]
        cursor = body["next_cursor"]
    assert seen == [each["uscc"] for each in every]


def test_a_page_is_filled_past_those_whom_nothing_brings_there(eligibility: Eligibility, client: TestClient) -> None:
    """Of two years in the field a plan can make six, and ten are asked: there is no way for them."""
    elsewhere, hopeless, other, third = ("91500107MA5U0C3K7X", *(f"91341302MA2N0C3K{n}X" for n in range(1, 4)))
    for code, years, place in (
        (elsewhere, 2, "500107"), (hopeless, 2, "341302"), (other, 12, "341302"), (third, 12, "341302")
    ):  # fmt: skip
        held = {0: {"champion_new_product": False}, YEAR: {"champion_field_years": years}}
        eligibility.tell(registered(code, district_code=place), facts(held, uscc=code))
    eligibility.assess()
    asked = {"title": "champion", "lines": 20, "short": 1, "limit": 1}
    first = client.get(f"{PREFIX}/near-misses", params=asked).json()
    assert [each["uscc"] for each in first["items"]] == [other]
    second = client.get(f"{PREFIX}/near-misses", params=asked | {"cursor": first["next_cursor"]}).json()
    assert ([each["uscc"] for each in second["items"]], second["next_cursor"]) == ([third], None)
    none = client.get(f"{PREFIX}/near-misses", params=asked | {"district": "500107"}).json()
    assert (none["items"], none["next_cursor"]) == ([], None)


def test_where_only_officials_have_something_to_do_the_list_says_what(
    eligibility: Eligibility, client: TestClient
) -> None:
    held = copy.deepcopy(INNOVATIVE)
    eligibility.tell(registered(), facts(held), title("innovative_sme", state="cancelled", cancelled_on=None))
    eligibility.assess()
    body = client.get(f"{PREFIX}/near-misses", params={"title": "innovative_sme"}).json()
    found = [(each["verdict"]["code"], each["open_lines"], each["first_change"]) for each in body["items"]]
    assert found == [("manual_review", 0, "请主管部门核定“不在取消公告或认定后的禁止申报期内”")]


def test_a_row_from_before_nearness_was_kept_gets_it_at_the_next_assessment(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    eligibility.tell(registered(), facts(SHORT))
    eligibility.assess()
    with db.transaction() as tx:
        tx.session.execute(text("UPDATE assessments SET near_route = NULL, open_lines = NULL, open_effort = NULL"))
    asked = {"title": "innovative_sme"}
    assert client.get(f"{PREFIX}/near-misses", params=asked).json()["items"] == []
    with db.transaction() as tx:
        Pending(tx).add_all()
    eligibility.assess()
    assert len(client.get(f"{PREFIX}/near-misses", params=asked).json()["items"]) == 1


def test_a_plan_may_be_asked_for_a_day_to_come(eligibility: Eligibility, client: TestClient) -> None:
    """The running year is not over: on that day it is the year judged, and its figures are targets."""
    eligibility.tell(registered(), facts(SHORT), title("tech_sme"))
    later = dt.date(YEAR + 2, 5, 20).isoformat()
    wanted = {"uscc": USCC, "title": "innovative_sme", "application_date": later}
    with clock.frozen(SPRING):
        body = client.post(f"{PREFIX}/gap-plans", json=wanted).json()
    assert body["application_date"] == later
    [score] = [each for each in (body["plan"], *body["alternatives"]) if each["route"] == "score"]
    years = {each["fiscal_year"] for each in score["changes"]}
    assert YEAR + 1 in years
    assert years <= {YEAR + 1, None}, "what has no year can change at any time"


def test_a_what_if_that_cannot_be_true_beside_what_is_registered_is_refused(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(SHORT))
    eligibility.assess()
    more = {"fact": "main_revenue_yuan", "value": "999999", "unit": "万元", "fiscal_year": YEAR}
    wanted = {"uscc": USCC, "title": "innovative_sme", "facts": [more]}
    answer = client.post(f"{PREFIX}/what-if", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid"), answer.text
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == ("facts[0].value", "impossible")
    assert "营业收入" in problem["message"]
    both = [more, {"fact": "revenue_yuan", "value": "1000000", "unit": "万元", "fiscal_year": YEAR}]
    assert client.post(f"{PREFIX}/what-if", json=wanted | {"facts": both}).status_code == 200
    unknown = {"fact": "industry_code", "value": "9999"}
    assert client.post(f"{PREFIX}/what-if", json=wanted | {"facts": [unknown]}).status_code == 422
