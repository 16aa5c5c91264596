"""The registry's events as the consumer would hand them over, and a bank that only ever reads the feed."""

import datetime as dt
import json
from typing import Any

from joserfc.jwk import OKPKey
from starlette.testclient import TestClient

from chassis.context import Context
from chassis.db import Database
from chassis.signing import Signer
from contracts.events.base import Event
from contracts.events.registry import (
    EnterpriseCard,
    EnterpriseRegistered,
    EnterpriseUpdated,
    TitleCancelled,
    TitleCard,
    TitleRecorded,
)
from services.finance.domain.feed import Cadence
from services.finance.subscriptions import SUBSCRIPTIONS
from services.finance.worker import Publisher

PREFIX = "/api/finance/v1"
NAMES = {"341302": "埇桥区", "341321": "砀山县", "321102": "京口区"}
LABELS = {"innovative_sme": "创新型中小企业", "specialized_sme": "专精特新中小企业"}


def uscc(number: int) -> str:
    """A code in the shape of a 统一社会信用代码; finance leaves the check digit to the registry."""
    return f"91341300MA{number:07d}X"


def card(code: str, **changes: Any) -> EnterpriseCard:
    district = changes.get("district_code", "341302")
    values: dict[str, Any] = {
        "uscc": code,
        "name": f"宿州示例{code[10:17]}有限公司",
        "district_code": district,
        "district_name": NAMES.get(district or ""),
        "industry_code": "3912",
        "industry_name": "计算机零部件制造",
        "size_class": "small",
        "status": "active",
        "synthetic": True,
    }
    return EnterpriseCard(**values | changes)


def record(title_id: str, **changes: Any) -> TitleCard:
    title = changes.get("title", "specialized_sme")
    values: dict[str, Any] = {
        "title_id": title_id,
        "title": title,
        "title_label": LABELS[title],
        "batch": "2025年度",
        "document_number": "合成示例〔2025〕7号",
        "issued_by": "合成示例主管部门",
        "announced_on": dt.date(2025, 8, 15),
        "valid_from": dt.date(2025, 8, 15),
        "valid_to": dt.date(2028, 8, 14),
        "state": "valid",
    }
    return TitleCard(**values | changes)


def registered(code: str, version: int = 1, **changes: Any) -> EnterpriseRegistered:
    return EnterpriseRegistered(uscc=code, version=version, enterprise=card(code, **changes))


def updated(code: str, version: int, **changes: Any) -> EnterpriseUpdated:
    return EnterpriseUpdated(
        uscc=code, version=version, changed=tuple(changes) or ("name",), enterprise=card(code, **changes)
    )


def recorded(
    code: str, title_id: str, version: int, enterprise: EnterpriseCard | None = None, **changes: Any
) -> TitleRecorded:
    return TitleRecorded(
        uscc=code, version=version, record=record(title_id, **changes), enterprise=enterprise or card(code)
    )


def cancelled(
    code: str, title_id: str, version: int, enterprise: EnterpriseCard | None = None, **changes: Any
) -> TitleCancelled:
    values = {"state": "cancelled"} | changes
    return TitleCancelled(
        uscc=code,
        version=version,
        record=record(title_id, **values),
        enterprise=enterprise or card(code),
        reason="取消公告",
    )


def deliver(db: Database, *events: Event) -> None:
    """Each event in a transaction of its own, as after a poll that brought one message."""
    for event in events:
        with db.transaction(Context()) as tx:
            for handler in SUBSCRIPTIONS[type(event)]:
                handler(tx, event)


def publisher(db: Database, signer: Signer | None = None, *, segment_rows: int = 1000) -> Publisher:
    """One that cuts an epoch whenever something is pending."""
    return Publisher(db, signer or Signer(OKPKey.generate_key("Ed25519")), Cadence(0.0, 0.0), segment_rows)


def number(db: Database) -> int:
    """Number everything that waits; how many."""
    total = 0
    while count := publisher(db).number():
        total += count
    return total


def get(client: TestClient, headers: dict[str, str], path: str, encoding: str = "identity", **extra: str) -> Any:
    return client.get(path, headers={**headers, "Accept-Encoding": encoding, **extra})


def raw(client: TestClient, headers: dict[str, str], path: str, encoding: str, **extra: str) -> tuple[Any, bytes]:
    """An answer and its body as it travelled, not decoded."""
    with client.stream("GET", path, headers={**headers, "Accept-Encoding": encoding, **extra}) as answer:
        return answer, b"".join(answer.iter_raw())


class Bank:
    """Follows the feed from the beginning, only ever advancing; keeps the rows exactly as it read them."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers
        self.after = 0
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        self.seen: list[int] = []

    def advance(self, limit: int = 200) -> int:
        """Read to the end of the feed; how many changes there were."""
        count = 0
        while changes := self._page(limit):
            count += len(changes)
            for change in changes:
                self.apply(change)
        return count

    def apply(self, change: dict[str, Any]) -> None:
        self.after = change["seq"]
        self.seen.append(change["seq"])
        key = (change["subject"], change["title_id"])
        if change["tombstone"]:
            self.rows.pop(key)  # a tombstone of what was never there would be a fault of the feed
        else:
            assert (key in self.rows) == (change["type"] == "changed")
            self.rows[key] = change["data"]

    def content(self) -> bytes:
        """The whole list in canonical form, made from nothing but changes."""
        rows = sorted(self.rows.values(), key=lambda row: (row["uscc"], row["title"], row["title_id"]))
        return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()

    def snapshot(self) -> tuple[int, bytes]:
        """The position and the plain bytes of the published list."""
        answer = self._client.get(
            f"{PREFIX}/whitelist/snapshot", headers={**self._headers, "Accept-Encoding": "identity"}
        )
        assert answer.status_code == 200
        return int(answer.headers["Peiyu-Seq"]), answer.content

    def _page(self, limit: int) -> list[dict[str, Any]]:
        answer = self._client.get(
            f"{PREFIX}/whitelist/changes", params={"after": self.after, "limit": limit}, headers=self._headers
        )
        assert answer.status_code == 200
        page = answer.json()
        items: list[dict[str, Any]] = page["items"]
        assert [each["seq"] for each in items] == list(range(self.after + 1, self.after + 1 + len(items)))
        assert page["next_after"] == (items[-1]["seq"] if items else self.after)
        return items
