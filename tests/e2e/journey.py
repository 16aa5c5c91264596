"""The main job, step by step, from outside: what an officer, a bank and a commissioner do and see.

Every step can be repeated: a request whose answer was lost is sent again with the same Idempotency-Key.
"""

import csv
import hashlib
import io
import json
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import xlsxwriter

from chassis import clock
from services.registry.domain.uscc import check_digit
from tests.e2e.suite import PATIENCE_SECONDS, Door, until

DISTRICT = "370102"
REGISTRY, ELIGIBILITY = "/api/registry/v1", "/api/eligibility/v1"
FINANCE, NOTIFICATION = "/api/finance/v1", "/api/notification/v1"


def sheet(headers: list[str], rows: list[list[Any]]) -> bytes:
    """An xlsx file as an officer would have it."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, headers)
        for number, row in enumerate(rows, start=1):
            page.write_row(number, 0, row)
    return made.getvalue()


def credit_code(chance: str) -> str:
    """A valid 统一社会信用代码 nobody else uses."""
    first = f"91{DISTRICT}{chance}"
    return first + check_digit(first)


class Visitor:
    """Whoever comes through the door: sends until there is an answer, uploads files and reads feeds to their end."""

    def __init__(self, suite: Door) -> None:
        self.suite = suite
        self._clients: dict[str, httpx.Client] = {}
        self._keys: dict[str, str] = {}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def as_(self, role: str) -> httpx.Client:
        if role not in self._clients:
            self._clients[role] = self.suite.client(role)
        return self._clients[role]

    def send(self, role: str, method: str, path: str, **given: Any) -> httpx.Response:
        """Send until it is answered, with one key: an answer that was lost is asked for again."""
        key = self._keys.setdefault(f"{method} {path} {given}", secrets.token_hex(8))
        headers = {"Idempotency-Key": key} if method == "POST" else {}

        def attempt() -> httpx.Response | None:
            answer = self.as_(role).request(method, path, headers=headers, **given)
            return None if answer.status_code in (502, 503, 504) else answer

        answer: httpx.Response = until(f"{method} {path}", attempt)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer

    def get(self, role: str, path: str, **given: Any) -> Any:
        return self.send(role, "GET", path, **given).json()

    def upload(self, kind: str, filename: str, content: bytes) -> str:
        answer = self.send(
            "officer", "POST", f"{REGISTRY}/imports", files={"file": (filename, content)}, data={"kind": kind}
        )
        assert answer.status_code == 202
        return str(answer.json()["id"])

    def done(self, import_id: str, *, patience: float = PATIENCE_SECONDS, **counts: int) -> None:
        def finished() -> Any:
            found = self.get("officer", f"{REGISTRY}/imports/{import_id}")
            return found if found["state"]["code"] not in ("queued", "running") else None

        found = until("the end of the import", finished, patience)
        assert found["state"]["code"] == "done", json.dumps(found, ensure_ascii=False)[:3000]
        for name, count in counts.items():
            assert found["counts"][name] == count, found["counts"]

    def feed(self, role: str, path: str) -> list[Any]:
        """The whole feed, as one who only advances reads it."""
        found: list[Any] = []
        after = 0
        while True:
            page = self.get(role, path, params={"after": after, "limit": 200})
            found += page["items"]
            if not page["items"]:
                assert [each["seq"] for each in found] == sorted({each["seq"] for each in found})
                return found
            after = page["next_after"]


class Journey(Visitor):
    """One enterprise's way through the suite; `steps` in order, `verify` at the end counts every effect."""

    def __init__(self, suite: Door) -> None:
        super().__init__(suite)
        mark = "XW" + "".join(secrets.choice("0123456789") for _ in range(7))
        self.uscc = credit_code(mark)
        self.name = f"（合成样例）济南历下{mark}精密机械有限公司"
        self.commissioner = f"e2e-{mark.lower()}"
        self.year = clock.today().year - 1
        self.steps: list[Callable[[], None]] = [
            self.appoint_a_commissioner,
            self.import_the_enterprise,
            self.import_its_facts,
            self.see_the_assessment,
            self.read_that_it_is_eligible,
            self.import_the_title,
            self.pull_the_whitelist,
            self.read_of_the_title_and_the_whitelist,
        ]

    def run(self, between: Callable[[int], None] = lambda step: None) -> None:
        """Every step, with `between` before each and after the last."""
        try:
            for number, step in enumerate(self.steps):
                between(number)
                step()
            between(len(self.steps))
            self.verify()
        finally:
            self.close()

    # -- the steps

    def appoint_a_commissioner(self) -> None:
        wanted = {"code": self.commissioner, "display_name": "合成专员（测试）", "areas": [DISTRICT]}
        self.send("officer", "POST", f"{NOTIFICATION}/commissioners", json=wanted)
        client = self.send(
            "admin",
            "POST",
            "/api/gateway/v1/clients",
            json={
                "client_id": self.commissioner,
                "name": "合成专员（测试）",
                "role": "commissioner",
                "areas": [DISTRICT],
                "commissioner": self.commissioner,
            },
        ).json()
        self._clients["commissioner"] = self.suite.signed_in(client["client_id"], client["client_secret"])

    def import_the_enterprise(self, **counts: int) -> None:
        headers = [
            "企业名称", "统一社会信用代码", "注册地区划代码", "注册地址", "行业代码(GB/T 4754)", "成立日期", "登记状态",
            "合成样例",
        ]  # fmt: skip
        row = [self.name, self.uscc, DISTRICT, "合成路 1 号", "3484", "2016-05-04", "存续", "是"]
        self.done(self.upload("enterprises", "企业.xlsx", sheet(headers, [row])), **(counts or {"created": 1}))

    def import_its_facts(self) -> None:
        wan = {"营业收入": 3200, "主营业务收入": 2800, "研发费用总额": 160, "资产总额": 4000, "负债总额": 1600}
        before = {"营业收入": 2700, "主营业务收入": 2400, "研发费用总额": 120, "资产总额": 3600, "负债总额": 1500}
        headers = ["统一社会信用代码", "企业名称", "年度", *(f"{name}(万元)" for name in wan), "期末从业人员"]
        rows = [
            [self.uscc, self.name, self.year, *wan.values(), 85],
            [self.uscc, self.name, self.year - 1, *before.values(), 80],
        ]
        self.done(self.upload("facts", "年度指标.xlsx", sheet(headers, rows)))
        said = {
            "境内工商注册登记": "是", "具有独立法人资格": "是",
            "被列入经营异常名录": "否", "被列入严重失信主体名单": "否",
            "产品（服务）属于国家禁止、限制或淘汰类": "否", "事故与违法违规记录": "[]",
            "Ⅰ类高价值知识产权数": 0, "自主研发的Ⅰ类知识产权数": 1, "Ⅰ类知识产权数": 1, "Ⅱ类知识产权数": 3,
            "主导产品属于《战略性新兴产业分类》": "是",
        }  # fmt: skip
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["统一社会信用代码", "年度", *said])
        writer.writerow([self.uscc, "", *("无" if value == "[]" else value for value in said.values())])
        self.done(self.upload("facts", "时点指标.csv", text.getvalue().encode("utf-8-sig")))

    def see_the_assessment(self) -> None:
        listed = until("an eligible assessment", lambda: self.current("innovative_sme", "eligible"))
        explained = self.get("officer", f"{ELIGIBILITY}/assessments/{listed['id']}")
        rd = next(each for each in explained["conditions"] if each["id"] == "CX-2")
        assert rd["points"]["low"] == rd["points"]["max"]
        assert rd["quote"]
        assert rd["clause"]
        assert explained["reasons"]

    def read_that_it_is_eligible(self) -> None:
        found = until("the message of eligibility", lambda: self.messages().get("enterprise_eligible"))
        assert self.name in found[0]["body"] + found[0]["title"]

    def import_the_title(self) -> None:
        headers = [
            "企业名称", "统一社会信用代码", "称号", "批次", "公告文号", "发文机关", "公告日期",
            "有效期起", "有效期止", "状态",
        ]  # fmt: skip
        first = clock.today().replace(day=1)
        row = [
            self.name, "", "创新型中小企业", "第一批", "合成示例〔2026〕9号", "合成示例局", first.isoformat(),
            first.isoformat(), first.replace(year=first.year + 3).isoformat(), "有效",
        ]  # fmt: skip
        self.done(self.upload("titles", "公告名单.xlsx", sheet(headers, [row])), created=1)
        held = self.get("officer", f"{REGISTRY}/enterprises/{self.uscc}")["titles"]
        assert [title["title"]["code"] for title in held] == ["innovative_sme"]

    def pull_the_whitelist(self) -> None:
        row = until("the enterprise on the whitelist", self.whitelisted)
        assert (row["title"], row["synthetic"]) == ("innovative_sme", True)
        manifest = self.get("bank", f"{FINANCE}/whitelist/manifest")
        snapshot = self.send("bank", "GET", f"{FINANCE}/whitelist/snapshot", params={"epoch": manifest["epoch"]})
        listed = {file["sha256"] for file in manifest["files"]}
        assert hashlib.sha256(snapshot.content).hexdigest() in listed
        assert len(snapshot.text.splitlines()) == manifest["count"]

    def read_of_the_title_and_the_whitelist(self) -> None:
        until("the messages", lambda: {"title_recorded", "whitelist_entered"} <= set(self.messages()))

    # -- what it sees

    def current(self, title: str, verdict: str) -> Any:
        asked = {"uscc": self.uscc, "title": title, "verdict": verdict}
        return next(iter(self.get("officer", f"{ELIGIBILITY}/assessments", params=asked)["items"]), None)

    def messages(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        asked = {"limit": 200, "state": "all"}
        for message in self.get("commissioner", f"{NOTIFICATION}/inbox", params=asked)["items"]:
            if message["enterprise"]["uscc"] == self.uscc:
                found.setdefault(message["kind"]["code"], []).append(message)
        return found

    def whitelisted(self) -> Any:
        text = self.send("bank", "GET", f"{FINANCE}/whitelist/snapshot").text
        return next((row for row in map(json.loads, text.splitlines()) if row["uscc"] == self.uscc), None)

    def verify(self) -> None:
        """Each effect exactly once: messages, changes of the feed, rows of the whitelist, titles, registrations."""
        self.let_a_last_change_arrive_everywhere()
        kinds = Counter({kind: len(found) for kind, found in self.messages().items()})
        assert kinds == {"enterprise_eligible": 1, "title_recorded": 1, "whitelist_entered": 1}
        changes = [each for each in self.feed("bank", f"{FINANCE}/whitelist/changes") if each["subject"] == self.uscc]
        assert [each["type"] for each in changes] == ["entered", "changed"], changes
        registered = [each for each in self.feed("platform", f"{REGISTRY}/changes") if each["subject"] == self.uscc]
        kinds_of_change = Counter(each["type"] for each in registered)
        assert kinds_of_change["registry.enterprise-registered.v1"] == 1, kinds_of_change
        assert kinds_of_change["registry.title-recorded.v1"] == 1, kinds_of_change
        text = self.send("bank", "GET", f"{FINANCE}/whitelist/snapshot").text
        assert sum(json.loads(line)["uscc"] == self.uscc for line in text.splitlines()) == 1

    def let_a_last_change_arrive_everywhere(self) -> None:
        """Events of one enterprise keep their order: where its new name has arrived, everything before it has too."""
        self.name += "（更名）"
        self.import_the_enterprise(updated=1)
        until("the new name on the whitelist", lambda: (self.whitelisted() or {}).get("name") == self.name)
        until("the new name in the inbox", lambda: self.names_in_the_inbox() == {self.name})

    def names_in_the_inbox(self) -> set[str]:
        return {message["enterprise"]["name"] for found in self.messages().values() for message in found}
