"""A simulation says what other rules would change, for whom and why, and changes nothing."""

import datetime as dt
import io
import re
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from chassis import clock
from services.eligibility.app import PREFIX
from services.eligibility.use_cases import run_simulation
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, facts, registered, title
from tests.service.eligibility.rules import PACK, SHIPPED, TITLE, Office, stricter

WEAK = "91341302MA2N0C3K61"
ELSEWHERE = "91500107MA5U7C3K5Y"
EMPTY = "91341302MA2N0C3K88"


@pytest.fixture
def people(eligibility: Eligibility) -> None:
    """Four enterprises: two stand well, one misses by its growth, one has no facts at all."""
    flat = INNOVATIVE | {YEAR - 1: INNOVATIVE[YEAR - 1] | {"main_revenue_yuan": "28000000.00"}}
    low = flat | {YEAR: flat[YEAR] | {"total_liabilities_yuan": "24000000.00"}}
    eligibility.tell(
        registered(name="=HYPERLINK(1)"), facts(INNOVATIVE),
        registered(WEAK), facts(low, uscc=WEAK),
        registered(ELSEWHERE, district_code="500107", industry_code="6510", size_class="micro"),
        facts(INNOVATIVE, uscc=ELSEWHERE),
        registered(EMPTY, industry_code=None, size_class=None),
    )  # fmt: skip


def shipped(office: Office) -> str:
    found = office.client.get(f"{PREFIX}/packs", params={"pack_id": PACK, "state": "active"}).json()
    return str(found[0]["sha256"])


def flips(office: Office, made: dict[str, Any], **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.client.get(f"{PREFIX}/simulations/{made['id']}/flips", params=filters).json()[
        "items"
    ]
    return found


@pytest.mark.usefixtures("people")
def test_a_stricter_draft_says_who_loses_and_which_line_does_it(office: Office) -> None:
    made = office.simulate(office.post(stricter()))
    assert made["state"]["code"] == "done"
    assert made["progress"]["done"] == made["progress"]["total"] == 4
    counts = made["counts"]
    assert {name: counts[name] for name in ("enterprises", "eligible_before", "eligible_after", "flips", "loses")} == {
        "enterprises": 4, "eligible_before": 2, "eligible_after": 0, "flips": 2, "loses": 2,
    }  # fmt: skip
    moves = {(each["before"]["code"], each["after"]["code"]): each["count"] for each in counts["verdicts"]}
    assert moves == {("eligible", "not_eligible"): 2, ("not_eligible", "not_eligible"): 1, ("unknown", "unknown"): 1}
    assert [(each["what"], each["label"], each["loses"]) for each in counts["lines"]] == [("score", "评价得分", 2)]
    (first, second) = flips(office, made)
    assert (first["uscc"], second["uscc"]) == (USCC, ELSEWHERE)
    assert (first["before"]["code"], first["after"]["code"], first["direction"]["code"]) == (
        "eligible", "not_eligible", "loses",
    )  # fmt: skip
    assert [each["text"] for each in first["causes"]] == [
        "评价得分：由符合（95 分，要求不低于 60 分）变为不符合（95 分，要求不低于 99 分）"
    ]


@pytest.mark.usefixtures("people")
def test_counts_by_district_size_and_industry_add_up(office: Office) -> None:
    counts = office.simulate(office.post(stricter()))["counts"]
    by = {name: {each["code"]: each for each in counts[f"by_{name}"]} for name in ("district", "size", "industry")}
    assert {code: (each["enterprises"], each["loses"]) for code, each in by["district"].items()} == {
        "341302": (3, 1), "500107": (1, 1),
    }  # fmt: skip
    assert {code: each["enterprises"] for code, each in by["size"].items()} == {"": 1, "micro": 1, "small": 2}
    assert {code: each["enterprises"] for code, each in by["industry"].items()} == {"": 1, "C": 2, "I": 1}
    for places in by.values():
        for name in ("enterprises", "eligible_before", "eligible_after", "flips", "gains", "loses", "changes"):
            assert sum(each[name] for each in places.values()) == counts[name]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("wanted", "enterprises"),
    [
        ({"district": "3413"}, 3),
        ({"size": "small"}, 2),
        ({"industry": "C"}, 2),
        ({"industry": "65"}, 1),
        ({"industry": "C3484"}, 2),
        ({"district": "50", "industry": "C"}, 0),
    ],
)
def test_a_filter_narrows_the_population(office: Office, wanted: dict[str, str], enterprises: int) -> None:
    assert office.simulate(office.post(stricter()), **wanted)["counts"]["enterprises"] == enterprises


@pytest.mark.usefixtures("people")
def test_other_figures_of_the_pack_in_use_can_be_tried_out(office: Office) -> None:
    """The weak one has 10 points for growth: it gains when the sub-totals ask for no more."""
    changes = [{"line": "score", "found": "15 分", "wanted": "10 分"}]
    made = office.simulate(shipped(office), changes=changes)
    assert (made["counts"]["gains"], made["counts"]["loses"], made["changes"]) == (1, 0, changes)
    (gained,) = flips(office, made, direction="gains")
    assert gained["uscc"] == WEAK
    assert [each["label"] for each in gained["causes"]] == ["成长性得分"]
    assert flips(office, made, direction="loses") == []
    with office.db.reading() as tx:
        (sent,) = tx.session.scalars(text("SELECT payload FROM outbox WHERE type = 'eligibility.flip-list-ready.v1'"))
    assert (sent["stored"], sent["gains"]) == (False, 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([{"line": "XX-1", "found": "15 分", "wanted": "5 分"}], "pack-refused"),
        ([{"line": "score", "found": "16 分", "wanted": "5 分"}], "pack-refused"),
        ([{"line": "score", "found": "60 分", "wanted": "600 分"}], "pack-refused"),
        ([{"line": "score", "found": "60 分", "wanted": "60 分"}], "simulation-pointless"),
        ([], "simulation-pointless"),
    ],
)
def test_figures_that_are_not_there_or_change_nothing_are_refused(
    office: Office, changes: list[dict[str, str]], code: str
) -> None:
    answer = office.client.post(f"{PREFIX}/simulations", json={"pack": shipped(office), "changes": changes})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_an_industry_a_district_or_a_day_that_does_not_exist_is_refused(office: Office) -> None:
    draft = office.post(stricter())
    for wanted, code in (
        ({"industry": "99"}, "industry-unknown"),
        ({"industry": "A39"}, "industry-unknown"),
        ({"industry": "3999"}, "industry-unknown"),
        ({"district": "99"}, "filter-invalid"),
        ({"as_of": "2001-01-01"}, "simulation-pointless"),
    ):
        answer = office.client.post(f"{PREFIX}/simulations", json={"pack": draft, **wanted})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.usefixtures("people")
def test_nothing_in_use_changes_and_nothing_is_assessed(office: Office) -> None:
    office.eligibility.assess()

    def state() -> list[Any]:
        with office.db.reading() as tx:
            query = text("SELECT id, verdict, assessed_at FROM assessments ORDER BY id")
            return [tuple(row) for row in tx.session.execute(query)]

    before = state()
    office.simulate(office.post(stricter()))
    assert state() == before
    assert office.eligibility.assess() == 0


@pytest.mark.usefixtures("people")
def test_the_simulation_tells_what_comes_true(office: Office) -> None:
    """The verdicts after activation are those that the simulation said, enterprise by enterprise."""
    office.eligibility.assess()
    draft = office.ready(stricter())
    (listed,) = office.client.get(f"{PREFIX}/simulations").json()["items"]
    said = {each["uscc"]: each["after"]["code"] for each in flips(office, listed)}
    assert office.schedule(draft).status_code == 200
    assert office.turn() == 1
    office.eligibility.assess()
    found = office.client.get(f"{PREFIX}/assessments", params={"title": TITLE}).json()["items"]
    assert {each["uscc"]: each["verdict"]["code"] for each in found if each["uscc"] in said} == said
    assert len(said) == 2


@pytest.mark.usefixtures("people")
def test_whoever_holds_the_title_is_judged_for_its_review(office: Office) -> None:
    office.eligibility.tell(title(TITLE))
    made = office.simulate(office.post(stricter()))
    assert {each["uscc"]: each["kind"]["code"] for each in flips(office, made)} == {USCC: "review", ELSEWHERE: "new"}


@pytest.mark.usefixtures("people")
def test_rules_for_an_area_leave_the_others_without_any(office: Office) -> None:
    local = SHIPPED.replace("kinds: [new, review]", 'kinds: [new, review]\narea: ["3413"]', 1)
    made = office.simulate(office.post(local))
    (lost,) = flips(office, made)
    assert (lost["uscc"], lost["after"]["code"]) == (ELSEWHERE, "no_rules")
    assert [each["text"] for each in lost["causes"]] == ["没有适用于该企业的模拟规则"]
    assert made["counts"]["loses"] == 1


def test_an_edition_that_begins_later_is_simulated_for_that_day(office: Office, eligibility: Eligibility) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    begin = clock.today() + dt.timedelta(days=20)
    later = stricter().replace("in_force: {from: 2022-08-01}", f"in_force: {{from: {begin}}}")
    made = office.simulate(office.post(later))
    assert made["as_of"] == begin.isoformat()


def test_many_are_taken_in_portions_and_listed_in_pages(
    office: Office, eligibility: Eligibility, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [f"9134130200000{number:04d}X" for number in range(25)]
    for code in codes:
        eligibility.tell(registered(code), facts(INNOVATIVE, uscc=code))
    monkeypatch.setattr(run_simulation, "CHUNK", 10)
    made = office.simulate(office.post(stricter()))
    assert (made["counts"]["enterprises"], made["counts"]["loses"]) == (25, 25)
    seen, cursor = [], None
    while True:
        params = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = office.client.get(f"{PREFIX}/simulations/{made['id']}/flips", params=params).json()
        seen += [each["uscc"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == codes


@pytest.mark.usefixtures("people")
def test_the_result_is_a_workbook_without_formulas(office: Office) -> None:
    made = office.simulate(office.post(stricter()))
    answer = office.client.get(f"{PREFIX}/simulations/{made['id']}/result.xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["说明", "汇总", "起作用的条件", "名单"]
    people = book.get_sheet_by_name("名单").to_python()
    assert [row[0] for row in people[1:]] == [USCC, ELSEWHERE]
    assert people[1][1] == "=HYPERLINK(1)", "text, as it was registered"
    assert people[1][8] == "不再符合"
    total = book.get_sheet_by_name("汇总").to_python()[1]
    assert total[:5] == ["合计", "", 4, 2, 0]
    assert people[1][2] == "安徽省宿州市埇桥区（341302）"
    assert people[1][4] == "机械零部件加工（3484）"
    assert "由符合（" in people[1][9]
    assert "编号" not in people[1][9], "the total is no line"
    places = [row[1] for row in book.get_sheet_by_name("汇总").to_python()[2:]]
    assert "安徽省宿州市埇桥区（341302）" in places
    assert "制造业（C）" in places
    about = dict(row[:2] for row in book.get_sheet_by_name("说明").to_python())
    assert about["改动的数值"] == "没有另改数值，按草案原文模拟"
    assert "适用于 2022-08-01 起的申请" in about["比较对象"]
    for name in ("模拟的规则", "比较对象"):
        assert not re.search("[0-9a-f]{12}", about[name]), "an edition by its name"
    assert any("不作为认定依据" in str(row[1]) for row in book.get_sheet_by_name("说明").to_python())


def test_an_unfinished_simulation_has_no_result_and_a_failed_one_says_why(office: Office) -> None:
    answer = office.client.post(f"{PREFIX}/simulations", json={"pack": office.post(stricter())})
    place = answer.headers["location"]
    waiting = office.client.get(f"{place}/result.xlsx")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "simulation-not-finished")
    assert office.client.get(place).json()["state"]["code"] == "queued"
    with office.db.transaction() as tx:
        tx.session.execute(text("UPDATE simulations SET body = 'pack: x'"))
    office.work()
    failed = office.client.get(place).json()
    assert failed["state"]["code"] == "failed"
    assert failed["error"]
    assert "没有成功" in office.client.get(f"{place}/result.xlsx").json()["detail"]


def test_the_same_request_is_simulated_once(office: Office) -> None:
    draft = office.post(stricter())
    answers = [
        office.client.post(f"{PREFIX}/simulations", json={"pack": draft}, headers={"Idempotency-Key": "s1"}).json()
        for _ in range(2)
    ]
    assert answers[0]["id"] == answers[1]["id"]


@pytest.mark.usefixtures("people")
def test_an_official_of_an_area_simulates_and_sees_that_area(office: Office, identities: Identities) -> None:
    draft = office.post(stricter())
    own = identities.headers(scopes=["assessments:read", "policies:write"], areas=["3413"])
    refused = office.client.post(f"{PREFIX}/simulations", json={"pack": draft}, headers=own)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside-jurisdiction")
    made = office.client.post(f"{PREFIX}/simulations", json={"pack": draft, "district": "341302"}, headers=own)
    assert made.status_code == 202
    everybody, elsewhere = office.simulate(draft), office.simulate(draft, district="5001")
    listed = office.client.get(f"{PREFIX}/simulations", headers=own).json()["items"]
    assert [each["id"] for each in listed] == [made.json()["id"]]
    for other in (everybody, elsewhere):
        for path in ("", "/flips", "/result.xlsx"):
            answer = office.client.get(f"{PREFIX}/simulations/{other['id']}{path}", headers=own)
            assert (answer.status_code, answer.json()["code"]) == (404, "simulation-not-found")
