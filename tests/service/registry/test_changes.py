"""The change feed: complete for whoever only advances, limited to the reader's areas, quiet while it waits."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import Any

import httpx2
import pytest

from contracts.events import ALL
from services.registry.use_cases.update_enterprise import update_enterprise
from tests.service.registry.conftest import PREFIX, Everything, Registry, uscc


def test_every_change_is_in_the_feed_once_and_in_order(registry: Registry) -> None:
    one = registry.register(1)
    registry.change(one, name="新名有限公司")
    stated = {"fact": "lead_product", "value": "轴承", "source": "self_declared"}
    registry.call("PUT", f"/enterprises/{one}/facts", json={"facts": [stated]})
    registry.post(f"/enterprises/{one}/titles", {"title": "high_tech", "document_number": "测〔2026〕1号"})
    assert registry.get("/changes").json() == {"items": [], "next_after": 0, "latest_seq": 0}, (
        "not before they are numbered"
    )
    assert registry.number_changes() == 4
    answer = registry.get("/changes", params={"limit": 3}).json()
    assert [each["seq"] for each in answer["items"]] == [1, 2, 3]
    assert answer["next_after"] == 3
    rest = registry.get("/changes", params={"after": 3}).json()
    items = answer["items"] + rest["items"]
    assert [each["type"] for each in items] == [
        "registry.enterprise-registered.v1",
        "registry.enterprise-updated.v1",
        "registry.facts-recorded.v1",
        "registry.title-recorded.v1",
    ]
    assert [each["changed"] for each in items] == [[], ["name"], ["lead_product"], ["titles"]]
    for each in items:
        assert each["subject"] == one
        assert each["tombstone"] is False
        ALL[each["type"]].model_validate(each["data"])
    outbox = registry.rows("SELECT type, payload FROM outbox ORDER BY id")
    assert [(row.type, row.payload) for row in outbox] == [(each["type"], each["data"]) for each in items]
    assert registry.get("/changes", params={"after": 4}).json() == {"items": [], "next_after": 4, "latest_seq": 4}
    beyond = registry.get("/changes", params={"after": 99})
    assert (beyond.status_code, beyond.json()["code"]) == (409, "changes-position-ahead")


def test_a_platform_sees_its_areas_and_is_told_to_forget_what_left_them(registry: Registry) -> None:
    here, there = registry.register(1), registry.register(2, district_code="340102")
    registry.number_changes()
    mine: dict[str, Any] = {"roles": ("platform",), "areas": ("3413",)}
    first = registry.get("/changes", as_=mine).json()
    assert [each["subject"] for each in first["items"]] == [here]
    assert first["next_after"] == 2, "what it may not see is passed over"
    registry.change(here, district_code="340102")
    registry.change(there, district_code="341321")
    registry.number_changes()
    left, arrived = registry.get("/changes", params={"after": 2}, as_=mine).json()["items"]
    assert (left["subject"], left["tombstone"], left["data"]) == (here, True, None)
    assert (arrived["subject"], arrived["tombstone"]) == (there, False)
    assert arrived["data"]["enterprise"]["district_code"] == "341321"
    assert registry.get("/changes", as_={"roles": ("platform",), "areas": ()}).json()["items"] == []
    assert registry.get("/changes", as_={"roles": ("bank",)}).json()["code"] == "role-refused"


@pytest.mark.parametrize("wrong", [{"after": -1}, {"limit": 0}, {"wait": 31}, {"since": 1}, {"after": 2**70}])
def test_wrong_parameters_are_refused(registry: Registry, wrong: dict[str, int]) -> None:
    assert registry.get("/changes", params=wrong).status_code == 422


def test_f20_a_follower_who_only_advances_misses_nothing_under_concurrent_writers(registry: Registry) -> None:
    """Four writers commit at random moments; one loop numbers; a follower reads on and on."""
    codes = [registry.register(number) for number in range(4)]
    each_writes = 12
    writing = threading.Event()
    seen: list[dict[str, Any]] = []

    def write(number: int) -> None:
        chance = random.Random(number)
        for turn in range(each_writes):
            with registry.db.transaction() as tx:
                update_enterprise(
                    tx,
                    codes[number],
                    {"name": f"企业{number}第{turn}次更名有限公司"},
                    knowledge=registry.knowledge,
                    may=Everything(),
                )
                time.sleep(chance.random() * 0.02)

    def follow() -> None:
        after = 0
        while True:
            last = writing.is_set()
            registry.number_changes()
            answer = registry.get("/changes", params={"after": after, "limit": 5}).json()
            for item in answer["items"]:
                assert item["seq"] == after + 1, "no gap, no repetition"
                after = item["seq"]
                seen.append(item)
            if last and not answer["items"]:
                return

    follower = threading.Thread(target=follow)
    follower.start()
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    follower.join()
    assert len(seen) == 4 + 4 * each_writes
    for code in codes:
        versions = [each["data"]["version"] for each in seen if each["subject"] == code]
        assert versions == list(range(1, each_writes + 2)), "in the order of the enterprise's own history"


def test_waiting_readers_are_woken_by_a_change_and_hold_no_connection(registry: Registry) -> None:
    registry.register(1)
    registry.number_changes()
    transport = httpx2.ASGITransport(app=registry.client.app)
    headers = registry.headers()

    async def main() -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:

            async def wait() -> dict[str, Any]:
                answer = await client.get(f"{PREFIX}/changes?after=1&wait=25", headers=headers)
                return dict(answer.json())

            waiting = [asyncio.create_task(wait()) for _ in range(40)]
            for _ in range(100):  # until all have looked once; a busy machine takes a while
                await asyncio.sleep(0.1)
                if registry.db.engine.pool.checkedout() <= 1:  # type: ignore[attr-defined]
                    break
            await asyncio.sleep(0.5)
            assert registry.db.engine.pool.checkedout() <= 1  # type: ignore[attr-defined]
            assert not any(task.done() for task in waiting)
            await asyncio.to_thread(registry.register, 2)
            await asyncio.to_thread(registry.number_changes)
            return await asyncio.gather(*waiting)

    started = time.monotonic()
    answers = asyncio.run(main())
    assert time.monotonic() - started < 24, "they waited to the end"
    assert {each["items"][0]["subject"] for each in answers} == {uscc(2)}


def test_waiting_without_a_change_answers_in_time(registry: Registry) -> None:
    started = time.monotonic()
    assert registry.get("/changes", params={"wait": 1}).json() == {"items": [], "next_after": 0, "latest_seq": 0}
    assert time.monotonic() - started > 0.9
