"""Input that no form would send is refused like any other: never a 500."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.registry.conftest import PREFIX, Registry, uscc


@pytest.mark.parametrize(
    "body",
    [
        '{"uscc":"CODE","name":"\\ud800"}',
        '{"uscc":"\\ud800","name":"甲"}',
        '{"uscc":"CODE","name":"甲","\\ud800":1}',
        '{"uscc":"CODE","name":"甲","registered_capital":NaN}',
        '{"uscc":"CODE","name":"甲","registered_capital":1e400}',
        '{"uscc":"CODE","name":"甲","established_on":"2024-02-30"}',
        '{"uscc":["CODE"],"name":{}}',
        "[]",
        "null",
        '{"name":',
        "",
    ],
)
def test_a_body_that_makes_no_sense_is_refused(registry: Registry, body: str) -> None:
    headers = {**registry.headers(), "content-type": "application/json"}
    answer = registry.client.post(
        f"{PREFIX}/enterprises", content=body.replace("CODE", uscc(2)).encode(), headers=headers
    )
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lead_product", '"\\ud800"'),
        ("lead_product", '"' + "长" * 30_000 + '"'),
        ("revenue_yuan", "1e400"),
        ("revenue_yuan", "NaN"),
        ("headcount", "1" * 400),
        ("accidents", '[{"kind":"quality","happened_on":"2024-01-01","\\ud800":1}]'),
        ("accidents", "[[[[[]]]]]"),
        ("accidents", "{}"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused(registry: Registry, name: str, value: str) -> None:
    code = registry.register(1)
    year = ',"fiscal_year":2025' if name in ("revenue_yuan", "headcount") else ""
    body = f'{{"facts":[{{"fact":"{name}","value":{value},"source":"import"{year}}}]}}'
    headers = {**registry.headers(), "content-type": "application/json"}
    answer = registry.client.put(f"{PREFIX}/enterprises/{code}/facts", content=body.encode(), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "facts[0].value"


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "cursor=WyJcdTAwMDAiXQ",
        "cursor=WyJcdWQ4MDAiXQ",
        "cursor=%ED%A0%80",
        "limit=99999999999999999999",
        "sort=;",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(registry: Registry, query: str) -> None:
    assert registry.get(f"/enterprises?{query}").status_code == 422


@pytest.mark.parametrize("q", ["%25", "_", "%5C", "'; DROP TABLE enterprises; --", "%ED%A0%80", "🏭"])
def test_signs_of_other_languages_find_nothing_and_break_nothing(registry: Registry, q: str) -> None:
    registry.register(1)
    answer: Any = registry.get(f"/enterprises?q={q}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])
