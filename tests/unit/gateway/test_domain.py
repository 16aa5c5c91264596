"""The gateway's decisions, without a database or a network."""

import itertools
import time
from typing import Any

import pytest

from chassis.auth import Actor
from gateway.domain.backoff import FORGOTTEN_SECONDS, FREE_FAILURES, LONGEST_SECONDS, Backoff
from gateway.domain.clients import Attributes, checked
from gateway.domain.documents import merge
from gateway.domain.errors import ClientInvalid
from gateway.domain.grants import ScopeNotGranted, granted
from gateway.domain.health import Readiness, judge
from gateway.domain.roles import ROLES, SCOPES
from gateway.proxy.limits import RateLimits

READY = Readiness(200, {"checks": {"database": {"status": "ok"}}})
DOWN = Readiness(503, {"checks": {"database": {"status": "failed", "reason": "x"}}})
GONE = Readiness(None)
PUBLISHED = Readiness(200, {"checks": {"whitelist": {"status": "ok", "epoch": 0}}})


def test_every_scope_of_a_role_is_known_and_a_bank_reads_the_whitelist_only() -> None:
    assert frozenset().union(*(role.scopes for role in ROLES.values())) == frozenset(SCOPES)
    assert ROLES["bank"].scopes == {"whitelist:read"}
    assert ROLES["system"].scopes == frozenset(SCOPES)
    assert "inbox:read" not in ROLES["officer"].scopes


@pytest.mark.parametrize(
    ("requested", "expected"),
    [(None, {"a:r", "b:w"}), ("a:r", {"a:r"}), ("b:w a:r", {"a:r", "b:w"}), ("a:r a:r", {"a:r"})],
)
def test_granted_scopes(requested: str | None, expected: set[str]) -> None:
    assert granted(requested, frozenset({"a:r", "b:w"})) == expected


@pytest.mark.parametrize("requested", ["c:x", "a:r c:x", "", " a:r", "a:r  b:w", 'a"r', "a\\r", "ä"])
def test_scopes_that_are_refused(requested: str) -> None:
    with pytest.raises(ScopeNotGranted):
        granted(requested, frozenset({"a:r", "b:w"}))


def test_the_pause_doubles_up_to_a_limit_and_is_forgotten() -> None:
    backoff = Backoff()
    pauses = []
    now = 0.0
    for _ in range(FREE_FAILURES + 12):
        backoff.failed("k", now)
        pauses.append(backoff.wait("k", now))
        now += pauses[-1]
    assert pauses[: FREE_FAILURES - 1] == [0] * (FREE_FAILURES - 1)
    assert pauses[FREE_FAILURES - 1 : FREE_FAILURES + 3] == [1, 2, 4, 8]
    assert max(pauses) == LONGEST_SECONDS
    assert backoff.wait("other", now) == 0
    backoff.failed("k", now)
    assert backoff.wait("k", now + FORGOTTEN_SECONDS + 1) == 0
    backoff.failed("k", now)
    backoff.succeeded("k")
    assert backoff.wait("k", now) == 0


def test_the_memory_of_failures_is_bounded() -> None:
    backoff = Backoff(capacity=10)
    for number in range(1000):
        backoff.failed(number, 0.0)
    assert len(backoff._entries) == 10


@pytest.mark.parametrize(
    ("area", "kept"),
    [
        ("*", "*"),
        ("34", "34"),
        ("3413", "3413"),
        ("341302", "341302"),
        ("341300", "3413"),
        ("340000", "34"),
        ("3400", "34"),
        ("500100", "5001"),
        ("10", "10"),
    ],
)
def test_areas_are_kept_as_what_the_codes_of_their_districts_begin_with(area: str, kept: str) -> None:
    assert checked(Attributes("x", "officer", frozenset(), areas=(area,))).areas == (kept,)


def test_an_officer_of_a_city_answers_for_its_districts_however_the_city_was_written() -> None:
    kept = checked(Attributes("x", "officer", frozenset(), areas=("341300", "3413", "320100"))).areas
    assert kept == ("3413", "3201")
    actor = Actor("x", "x", areas=kept)
    assert actor.answers_for("341302")
    assert not actor.answers_for("341202")


@pytest.mark.parametrize("area", ["341302001", "341302001001"])
def test_a_town_is_refused_with_its_district(area: str) -> None:
    with pytest.raises(ClientInvalid) as refused:
        checked(Attributes("x", "officer", frozenset(), areas=(area,)))
    (problem,) = refused.value.problems
    assert (problem.field, problem.expected) == ("areas", "341302")
    assert "县（区）" in problem.message


@pytest.mark.parametrize("area", ["", "3", "341", "34130", "0413", "34*", "３４", "3413021", "3４", "34\n", "000000"])
def test_areas_that_are_not(area: str) -> None:
    with pytest.raises(ClientInvalid):
        checked(Attributes("x", "officer", frozenset(), areas=(area,)))


@pytest.mark.parametrize(
    ("registry", "finance", "installation", "expect_sample"),
    list(
        itertools.product(
            [READY, DOWN, GONE],
            [READY, PUBLISHED, DOWN, GONE],
            [None, {}, {"sample": {"loaded": False}}, {"sample": {"loaded": True}}, {"sample": "yes"}],
            [True, False],
        )
    ),
)
def test_the_truth_table_of_health(
    registry: Readiness, finance: Readiness, installation: Any, expect_sample: bool
) -> None:
    health = judge({"registry": registry, "finance": finance}, installation, expect_sample=expect_sample)
    services = registry is READY and finance in (READY, PUBLISHED)
    sample = installation == {"sample": {"loaded": True}} and finance is PUBLISHED
    assert health.healthy == (services and installation is not None and (sample or not expect_sample))
    assert health.healthy == (not health.missing)
    assert health.sample_loaded == (installation == {"sample": {"loaded": True}})
    assert health.whitelist_epoch == (0 if finance is PUBLISHED else None), "epoch 0 is an epoch"


def test_schemas_of_one_name_and_different_content_are_kept_apart() -> None:
    def service(extra: dict[str, Any]) -> dict[str, Any]:
        return {
            "info": {"description": "x"},
            "paths": {f"/{len(extra)}": {"get": {"operationId": "list", "responses": {"200": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}}}}},
            "components": {"schemas": {
                "Page": {"properties": {"item": {"$ref": "#/components/schemas/Item"}}},
                "Item": {"type": "object", **extra},
                "Problem": {"type": "object"},
            }},
        }  # fmt: skip

    merged = merge({"a": service({}), "b": service({"title": "B"})}, public=["/0"])
    schemas = merged["components"]["schemas"]
    assert set(schemas) == {"a.Page", "a.Item", "b.Page", "b.Item", "Problem"}
    assert schemas["b.Page"]["properties"]["item"] == {"$ref": "#/components/schemas/b.Item"}
    assert merged["paths"]["/0"]["get"]["security"] == []
    assert merged["paths"]["/1"]["get"]["security"]
    assert merged["paths"]["/1"]["get"]["operationId"] == "b.list"


def test_an_allowance_is_used_up_and_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit = RateLimits("client")
    found = [limit.hit("a", 2) for _ in range(3)]
    assert [(each.remaining, each.exceeded) for each in found] == [(1, False), (0, False), (0, True)]
    assert not limit.hit("b", 2).exceeded
    now += 59.5
    assert limit.hit("a", 2).reset_seconds == 1
    now += 0.5
    assert not limit.hit("a", 2).exceeded


def test_the_memory_of_allowances_is_bounded() -> None:
    limit = RateLimits("anonymous", capacity=10)
    for number in range(1000):
        limit.hit(str(number), 1)
    assert len(limit._windows) == 10
    assert limit.hit("999", 1).exceeded, "the newest are kept"


def test_the_memory_of_ended_windows_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limit = RateLimits("client")
    for number in range(50):
        limit.hit(str(number), 1)
    now = 61.0
    limit.hit("x", 1)
    assert list(limit._windows) == ["x"]
