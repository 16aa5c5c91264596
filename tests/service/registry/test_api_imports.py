"""Imports by API: what is refused at once, progress, visibility, and imports that meet each other."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import pytest

from chassis.jobs import JobRunner
from services.registry.domain.enterprises import Identity
from services.registry.jobs import import_job
from services.registry.settings import Settings
from services.registry.use_cases.register_enterprise import register_enterprise
from tests.service.registry.conftest import Everything, Registry, csv, uscc, xlsx

LIST = xlsx([["企业名称", "统一社会信用代码", "区划代码"], ["甲有限公司", uscc(1), "341302"]])


def zipped(**entries: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def with_entry(workbook: bytes, name: str, content: bytes) -> bytes:
    target = io.BytesIO(workbook)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def test_an_upload_is_accepted_and_can_be_followed(registry: Registry) -> None:
    answer = registry.call(
        "POST",
        "/imports",
        data={"kind": "enterprises"},
        files={"file": ("名单.xlsx", LIST, "application/octet-stream")},
    )
    assert answer.status_code == 202
    location = answer.headers["Location"].removeprefix("/api/registry/v1")
    body = answer.json()
    assert body["state"] == {"code": "queued", "label": "排队中"}
    assert body["kind"] == {"code": "enterprises", "label": "企业名单"}
    assert (body["mode"], body["dry_run"], body["file_name"]) == ("all_or_nothing", False, "名单.xlsx")
    before = registry.get(location)
    registry.work()
    after = registry.get(location)
    assert before.headers["ETag"] != after.headers["ETag"]
    assert registry.get(location, headers={"If-None-Match": after.headers["ETag"]}).status_code == 304
    assert after.json()["state"]["code"] == "done"
    assert after.json()["progress"] == {"done": 1, "total": 1, "message": "正在写入"}
    assert after.json()["finished_at"] is not None
    assert registry.scalar("SELECT count(*) FROM audit_log WHERE action = 'import-accepted'") == 1
    assert registry.scalar("SELECT actor FROM audit_log WHERE action = 'import-written'") == "test-officer"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-not-readable"),
        (b"%PDF-1.7\x00\x01\x02", "file-not-readable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file-not-readable"),
        (b"\xff\xfea\x00,\x00", "file-not-readable"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "file-not-readable"),
        (b"PK\x03\x04 not a zip", "file-not-readable"),
        (zipped(a=b"1"), "file-not-readable"),
        (with_entry(LIST, "xl/vbaProject.bin", b"macro"), "file-has-macros"),
        (with_entry(LIST, "xl/media/bomb.xml", b"0" * (3 << 20)), "file-too-large"),
        (b"a,b\n" * (1 << 19), "file-too-large"),
    ],
    ids=["empty", "pdf", "xls", "utf-16", "html", "damaged", "zip", "macros", "bomb", "large"],
)
def test_what_cannot_be_an_import_is_refused_at_once(
    registry: Registry, settings: Settings, content: bytes, code: str
) -> None:
    small = {"import_max_bytes": 1 << 20, "import_max_unpacked_bytes": 2 << 20}
    registry.client.app.state.settings = settings.model_copy(update=small)  # type: ignore[attr-defined]
    answer = registry.upload("enterprises", content, expect=413 if code == "file-too-large" else 422)
    assert answer["code"] == code
    assert registry.scalar("SELECT count(*) FROM jobs") == 0
    assert registry.scalar("SELECT count(*) FROM blobs") == 0


def test_a_declared_size_that_lies_does_not_hide_a_bomb(registry: Registry, settings: Settings) -> None:
    small = {"import_max_unpacked_bytes": 1 << 20}
    registry.client.app.state.settings = settings.model_copy(update=small)  # type: ignore[attr-defined]
    bomb = bytearray(with_entry(LIST, "xl/z.xml", b"0" * (8 << 20)))
    place = bomb.rindex(b"PK\x01\x02")
    bomb[place + 24 : place + 28] = (10).to_bytes(4, "little")
    assert registry.upload("enterprises", bytes(bomb), expect=413)["code"] == "file-too-large"


def test_unknown_kinds_modes_and_fields_are_refused(registry: Registry) -> None:
    answer = registry.upload("people", LIST, expect=422)
    assert (answer["code"], answer["errors"][0]["field"]) == ("import-kind-unknown", "kind")
    assert registry.upload("facts", LIST, expect=422, mode="some")["errors"][0]["field"] == "mode"
    assert registry.upload("facts", LIST, expect=422, colour="red")["errors"][0]["field"] == "colour"
    missing = registry.call("POST", "/imports", data={"kind": "facts"}, files={"other": ("f", b"a", "text/csv")})
    assert missing.status_code == 422
    assert registry.upload("facts", LIST, expect=403, as_={"roles": ("platform",)})["code"] == "role-refused"


def test_a_damaged_workbook_fails_with_a_reason(registry: Registry) -> None:
    broken = zipped(**{"[Content_Types].xml": b"<Types/>", "xl__workbook.xml": b"<workbook>"})
    done = registry.run("enterprises", broken)
    assert done["state"] == {"code": "failed", "label": "失败"}
    assert "另存" in done["error"]
    assert done["finished_at"] is not None


def test_the_same_key_uploads_once(registry: Registry) -> None:
    options: dict[str, Any] = {"headers": {"Idempotency-Key": "upload-1"}, "data": {"kind": "enterprises"}}
    first = registry.call("POST", "/imports", files={"file": ("a.xlsx", LIST, "x/y")}, **options)
    second = registry.call("POST", "/imports", files={"file": ("a.xlsx", LIST, "x/y")}, **options)
    assert first.json()["id"] == second.json()["id"]
    assert registry.scalar("SELECT count(*) FROM jobs") == 1


def test_imports_are_listed_newest_first_to_those_who_answer_for_their_areas(registry: Registry) -> None:
    district = registry.upload("enterprises", LIST, as_={"areas": ("341302",), "subject": "district-officer"})
    city = registry.upload("enterprises", LIST, as_={"areas": ("3413",)})
    whole = registry.upload("enterprises", LIST)

    def seen(*areas: str) -> list[str]:
        found: list[str] = []
        path = "/imports?limit=1"
        while path:
            answer = registry.get(path, as_={"areas": areas})
            found += [each["id"] for each in answer.json()["items"]]
            link = answer.headers.get("Link")
            path = link.split(">")[0].removeprefix("</api/registry/v1") if link else ""
        return found

    assert seen("*") == [whole["id"], city["id"], district["id"]]
    assert seen("34") == [city["id"], district["id"]]
    assert seen("341302") == [district["id"]]
    assert seen("3301") == seen() == []
    for path in (f"/imports/{whole['id']}", f"/imports/{whole['id']}/errors"):
        answer = registry.get(path, as_={"areas": ("34",)})
        assert (answer.status_code, answer.json()["code"]) == (404, "import-not-found")
    assert registry.get("/imports", params={"cursor": "WyJhIiwiYiJd"}).json()["code"] == "cursor-invalid"


def test_a_thousand_errors_are_kept_and_paged_all_are_counted(registry: Registry) -> None:
    lines = [["企业名称", "统一社会信用代码"], *([f"企业{number}", "123"] for number in range(1200))]
    done = registry.run("enterprises", csv(lines), name="a.csv")
    assert (done["errors"], done["counts"]["rejected"]) == (1200, 1200)
    seen: list[int] = []
    path = f"/imports/{done['id']}/errors?limit=200"
    while path:
        answer = registry.get(path)
        seen += [each["row"] for each in answer.json()["items"]]
        link = answer.headers.get("Link")
        path = link.split(">")[0].removeprefix("</api/registry/v1") if link else ""
    assert seen == list(range(2, 1002))


def test_two_imports_of_the_same_enterprises_take_turns(registry: Registry) -> None:
    """Overlapping files in opposite order: neither waits for the other for ever, both are accounted for."""
    codes = [uscc(number) for number in range(300)]
    header = ["企业名称", "统一社会信用代码", "区划代码"]
    forward = csv([header, *([f"正{code}", code, "341302"] for code in codes)])
    backward = csv([header, *([f"反{code}", code, "341302"] for code in reversed(codes))])
    ids = [registry.upload("enterprises", each, name="a.csv")["id"] for each in (forward, backward)]
    job = import_job(registry.knowledge, registry.item_kinds, 1000)
    threads = [threading.Thread(target=JobRunner(registry.db, {job.name: job}).run_once) for _ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    registry.work()
    done = [registry.get(f"/imports/{each}").json() for each in ids]
    assert [each["state"]["code"] for each in done] == ["done", "done"]
    assert sum(each["counts"]["created"] for each in done) == 300
    assert sum(each["counts"]["updated"] for each in done) == 300
    assert registry.scalar("SELECT count(*) FROM enterprises WHERE version = 2") == 300
    assert len(registry.events("enterprise-registered")) == 300
    assert len(registry.events("enterprise-updated")) == 300


def test_an_enterprise_registered_while_an_import_runs_is_updated_not_doubled(registry: Registry) -> None:
    """The single registration holds its row when the import wants to insert it."""
    sheet = csv([["企业名称", "统一社会信用代码", "区划代码"], *([f"导入{n}", uscc(n), "341302"] for n in range(3))])
    registry.upload("enterprises", sheet, name="a.csv")
    job = import_job(registry.knowledge, registry.item_kinds, 1000)
    with registry.db.transaction() as tx:
        register_enterprise(
            tx,
            uscc(1),
            Identity(name="先到有限公司", district_code="341302"),
            knowledge=registry.knowledge,
            may=Everything(),
        )
        runner = threading.Thread(target=JobRunner(registry.db, {job.name: job}).run_once)
        runner.start()
        runner.join(1.5)
        assert runner.is_alive(), "the import waits for the row"
    runner.join(30)
    assert registry.rows("SELECT state, created, updated FROM imports")[0][:] == ("done", 2, 1)
    assert registry.get(f"/enterprises/{uscc(1)}").json()["version"] == 2
    assert len(registry.events("enterprise-registered")) == 3
