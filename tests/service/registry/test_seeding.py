"""A loading of the sample that goes on after an import failed for good, or on a later day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from chassis import clock
from chassis.jobs import MAX_INTERRUPTIONS
from chassis.plumbing import JobProgressRow
from peiyu.api import Answer, Client
from peiyu.home import Home
from peiyu.refusals import CannotRun
from peiyu.sample.generate import DEFAULT_SEED, generate
from peiyu.sample.model import Finding, Sample
from peiyu.seeding import Seeding
from tests.service.registry.conftest import Registry, uscc, xlsx

HEADER = ["企业名称", "统一社会信用代码", "所属区县", "成立日期", "登记状态"]
ROW = ["导入企业有限公司", uscc(1), "341302", dt.date(2015, 3, 20), "存续"]


class Direct(Client):
    """The installer's client, speaking to the application without a network and a token endpoint between them.

    The worker runs what is queued whenever something is read.
    """

    def __init__(self, registry: Registry) -> None:
        super().__init__(0, "", "")
        self.registry = registry

    def _once(self, method: str, path: str, body: bytes | None, media_type: str, key: str) -> Answer | None:
        if method == "GET":
            self.registry.work()
        headers = self.registry.headers() | {"Content-Type": media_type}
        headers |= {"Idempotency-Key": key} if key else {}
        answer = self.registry.client.request(method, path, content=body, headers=headers)
        return Answer(answer.status_code, answer.json())


def seeding(registry: Registry, sample: Sample, folder: Path) -> Seeding:
    client = Direct(registry)
    return Seeding(Home(folder), 0, sample, client, client, lambda done, total, message: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "enterprises.xlsx"
    path.write_bytes(xlsx([HEADER, ROW]))
    return path


def test_an_import_that_was_killed_for_good_is_sent_again_by_the_next_start(
    registry: Registry, tmp_path: Path, file: Path
) -> None:
    sample = generate(DEFAULT_SEED, clock.today(), 10)
    fields = {"kind": "enterprises", "mode": "all_or_nothing", "source": "import"}
    first = seeding(registry, sample, tmp_path)
    accepted = first.officer.upload(
        "/api/registry/v1/imports", fields, file.name, file.read_bytes(), key=first._key(file.name)
    )
    with registry.db.transaction() as tx:
        job_id = registry.scalar("SELECT job_id FROM imports")
        past = clock.now() - dt.timedelta(hours=1)
        tx.session.add(
            JobProgressRow(job_id=job_id, attempts=0, interrupted=MAX_INTERRUPTIONS, done=0, updated_at=past)
        )
    registry.work()
    assert registry.get(f"/imports/{accepted['id']}").json()["state"]["code"] == "failed"

    seeding(registry, sample, tmp_path)._import("企业名单", "enterprises", file)
    assert registry.scalar("SELECT count(*) FROM enterprises") == 1
    seeding(registry, sample, tmp_path)._import("企业名单", "enterprises", file)
    assert registry.scalar("SELECT count(*) FROM imports") == 2, "the next start finds the second one done"


def test_an_import_that_is_refused_is_told_and_not_sent_again(registry: Registry, tmp_path: Path, file: Path) -> None:
    file.write_bytes(xlsx([HEADER, ["没有代码", "1", "341302", None, None]]))
    sample = generate(DEFAULT_SEED, clock.today(), 10)
    for _ in range(2):
        with pytest.raises(CannotRun, match="没有导入"):
            seeding(registry, sample, tmp_path)._import("企业名单", "enterprises", file)
    assert registry.scalar("SELECT count(*) FROM imports") == 1


def test_a_finding_that_ran_out_since_the_first_start_does_not_stop_a_later_one(
    registry: Registry, tmp_path: Path
) -> None:
    code = registry.register(1)
    today = clock.today()
    first_day = today - dt.timedelta(days=2)
    findings = [
        Finding(code, fact, "met", "示例", "示例材料", first_day, today + dt.timedelta(days=left))
        for fact, left in zip(finding_ids(registry)[:2], (-1, 0), strict=True)
    ]
    sample = replace(generate(DEFAULT_SEED, first_day, 10), findings=tuple(findings))
    seeding(registry, sample, tmp_path)._findings()
    recorded = registry.rows("SELECT details ->> 'finding' AS fact FROM audit_log WHERE action = 'finding-recorded'")
    assert [each.fact for each in recorded] == [findings[1].fact]


def finding_ids(registry: Registry) -> list[str]:
    return [fact.id for fact in registry.knowledge.dictionary if fact.type == "finding"]
