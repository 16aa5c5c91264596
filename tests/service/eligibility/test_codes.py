"""Codes that nothing has: refused with field, finding and what exists, not answered with an empty list."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from services.eligibility.app import PREFIX
from tests.service.eligibility.conftest import YEAR


@pytest.mark.parametrize("path", ["assessments", "gap-plans"])
@pytest.mark.parametrize(
    ("stated", "field", "code", "found", "expected"),
    [
        ({"industry_code": "zz"}, "industry_code", "industry-unknown", "zz", "GB/T 4754-2017"),
        ({"industry_code": "9999"}, "industry_code", "industry-unknown", "9999", "GB/T 4754-2017"),
        ({"industry_code": "A3911"}, "industry_code", "industry-unknown", "A3911", "GB/T 4754-2017"),
        ({"district_code": "999999"}, "district_code", "district-unknown", "999999", "6 位区县代码"),
        ({"district_code": "341399"}, "district_code", "district-unknown", "341399", "6 位区县代码"),
        (
            {"facts": [{"fact": "industry_code", "value": "9999"}]},
            "facts[0].value",
            "industry-unknown",
            "9999",
            "GB/T 4754-2017",
        ),
    ],
)
def test_a_place_or_an_industry_that_is_not_there_is_refused(
    client: TestClient, path: str, stated: dict[str, Any], field: str, code: str, found: str, expected: str
) -> None:
    wanted = {"title": "innovative_sme", "facts": [], **stated}
    answer = client.post(f"{PREFIX}/{path}", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid"), answer.text
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["code"], problem["found"]) == (field, code, found)
    assert expected in problem["expected"]


@pytest.mark.parametrize(
    "stated",
    [
        {"industry_code": "C3911", "district_code": "341302"},
        {"industry_code": "39", "district_code": "500107"},
        {"industry_code": "C"},
        {"facts": [{"fact": "industry_code", "value": "C39 计算机、通信和其他电子设备制造业"}]},
        {"facts": [{"fact": "headcount", "value": 9999, "fiscal_year": YEAR}]},
    ],
)
def test_what_the_national_tables_have_is_taken(client: TestClient, stated: dict[str, Any]) -> None:
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": [], **stated})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["assessments", "gap-plans", "what-if"])
def test_a_title_that_is_not_there_is_refused_with_those_that_are(client: TestClient, path: str) -> None:
    stated: dict[str, Any] = {"uscc": "91110000600037341L"} if path == "what-if" else {"facts": []}
    answer = client.post(f"{PREFIX}/{path}", json={"title": "nonsense", **stated, "facts": []})
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid"), answer.text
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["code"], problem["found"]) == ("title", "title-unknown", "nonsense")
    assert "innovative_sme（创新型中小企业）" in problem["expected"]


TITLES = "innovative_sme（创新型中小企业）"


@pytest.mark.parametrize(
    ("path", "field", "found", "expected"),
    [
        ("near-misses?title=nope", "title", "nope", TITLES),
        ("near-misses?title=innovative_sme&district=99", "district", "99", "34 安徽省"),
        ("assessments?title=nope", "title", "nope", TITLES),
        ("assessments?district=3499", "district", "3499", "3413 宿州市"),
        ("assessments?district=341399", "district", "341399", "341302 埇桥区"),
        ("assessments?uscc=nope", "uscc", "nope", "18 位"),
        ("enterprises/91341302MA2N0C3K5X/assessments?title=nope", "title", "nope", TITLES),
        ("enterprises/91341302MA2N0C3K5X/history?title=nope", "title", "nope", TITLES),
        ("findings-requests?title=nope", "title", "nope", TITLES),
        ("findings-requests?district=99", "district", "99", "34 安徽省"),
        ("findings-requests?finding=headcount", "finding", "headcount", "market_position_leading"),
        ("simulations?title=nope", "title", "nope", TITLES),
        ("simulations/0198a5c8-7b5e-7c36-9c18-06ad0a84362b/flips?district=99", "district", "99", "34 安徽省"),
        ("packs?title=nope", "title", "nope", TITLES),
    ],
)
def test_a_filter_that_nothing_can_match_is_refused(
    client: TestClient, path: str, field: str, found: str, expected: str
) -> None:
    answer = client.get(f"{PREFIX}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "filter-invalid"), answer.text
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["found"]) == (field, found)
    assert expected in problem["expected"]
    assert found in problem["message"]


@pytest.mark.parametrize(
    "path",
    [
        "near-misses?title=innovative_sme&district=34",
        "near-misses?title=zhenjiang_small_to_above",
        "assessments?title=champion&district=341",
        "assessments?district=341302&uscc=91341302MA2N0C3K5X",
        "findings-requests?finding=market_position_leading&title=specialized_sme&district=3413",
        "simulations?title=little_giant",
        "packs?title=high_tech",
    ],
)
def test_a_filter_that_something_could_match_is_answered(client: TestClient, path: str) -> None:
    assert client.get(f"{PREFIX}/{path}").status_code == 200


def test_work_over_a_district_that_is_not_there_is_not_begun(client: TestClient) -> None:
    answer = client.post(f"{PREFIX}/batch-runs", json={"district": "99"})
    assert (answer.status_code, answer.json()["code"]) == (422, "filter-invalid"), answer.text
