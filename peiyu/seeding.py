"""Loads the synthetic sample once, through the public API, as an officer and an installer would.

Every step can be repeated: requests carry keys made from the sample, and the day on which the first attempt was made is
recorded, so a start that continues a killed one sends the very same sample. A later start leaves out only what has run
out since that day, and sends an import that failed in an earlier start again as a new one.
"""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chassis import clock
from gateway.bootstrap import bootstrap, write_demo_clients
from peiyu import targets
from peiyu.api import Client
from peiyu.backlog import Backlog
from peiyu.figures import read_figures
from peiyu.home import Home
from peiyu.parts import GATEWAY, SERVICES
from peiyu.ports import ADDRESS
from peiyu.progress import Report
from peiyu.refusals import CannotRun
from peiyu.sample.files import SampleFiles, write_files
from peiyu.sample.generate import DEFAULT_SEED, generate
from peiyu.sample.model import Sample

REGISTRY, FINANCE, NOTIFICATION = "/api/registry/v1", "/api/finance/v1", "/api/notification/v1"
STATES = "/api/gateway/v1/installation"
STATE = f"{STATES}/sample"
IMPORT_SECONDS = 1800.0
SETTLE_SECONDS = 1800.0
DEMO_TITLES = ("specialized_sme", "innovative_sme")

T = TypeVar("T")


@dataclass(frozen=True)
class Seeding:
    """One attempt to bring the sample in."""

    home: Home
    port: int
    sample: Sample
    installer: Client
    officer: Client
    report: Report

    def run(self) -> None:
        """All steps in order. What an earlier attempt has done is answered from its keys and changes nothing."""
        files = write_files(self.sample, self.home.sample)
        self._commissioners()
        self._imports(files)
        self._findings()
        self._consents()
        self._settle()
        self.installer.put(STATE, {"value": _record(self.sample, loaded=True)})

    def _commissioners(self) -> None:
        for each in self._counted("服务专员", self.sample.commissioners):
            body = {"code": each.id, "display_name": each.name, "areas": list(each.districts)}
            self.officer.post(
                f"{NOTIFICATION}/commissioners", body, key=self._key(each.id), there="commissioner-exists"
            )

    def _imports(self, files: SampleFiles) -> None:
        self._import("企业名单", "enterprises", files.enterprises)
        self._import("称号公告", "titles", files.titles)
        self._import("年度指标", "facts", files.facts)
        self._import("当前情况", "facts", files.facts_current)
        self._import("平台评价", "facts", files.platform_scores, source="official_platform")

    def _import(self, label: str, kind: str, file: Path, source: str = "import") -> None:
        fields = {"kind": kind, "mode": "all_or_nothing", "source": source}
        begun = clock.now()
        found = self._upload(fields, file, 1)
        sending = 1
        # The key of an import that failed for good, as when its worker was killed again and again, answers with that
        # failure for ever. One that failed before this start began is sent again; one of this start is told below.
        while found["state"]["code"] == "failed" and dt.datetime.fromisoformat(found["created_at"]) < begun:
            sending += 1
            found = self._upload(fields, file, sending)
        place = f"{REGISTRY}/imports/{found['id']}"
        until = time.monotonic() + IMPORT_SECONDS
        while True:
            state = found["state"]["code"]
            if state == "done":
                return
            if state in ("refused", "failed") or time.monotonic() > until:
                errors = self.officer.get(f"{place}/errors?limit=3")["items"]
                said = "；".join(f"第 {each['row']} 行 {each['column']}：{each['message']}" for each in errors)
                raise CannotRun(
                    f"示例文件 {file} 没有导入（{found['state']['label']}）：{said or found['error']}",
                    f"The sample file {file} was not imported ({state}).",
                )
            progress = found["progress"] or {}
            self.report(progress.get("done", 0), progress.get("total"), label)
            time.sleep(0.15)
            found = self.officer.get(place)

    def _upload(self, fields: dict[str, str], file: Path, sending: int) -> dict[str, Any]:
        """Send the file for the `sending`th time, unless that was done; the import as it stands now."""
        key = self._key(file.name if sending == 1 else f"{file.name}-{sending}")
        accepted = self.officer.upload(f"{REGISTRY}/imports", fields, file.name, file.read_bytes(), key=key)
        return self.officer.get(f"{REGISTRY}/imports/{accepted['id']}")

    def _findings(self) -> None:
        # The API refuses a decision whose validity is over: for the rules it would be as if there were none.
        valid = [each for each in self.sample.findings if each.valid_until >= clock.today()]
        for each in self._counted("认定意见", valid):
            body = {
                "finding": each.fact,
                "decision": each.decision,
                "reason": each.reason,
                "evidence": each.evidence,
                "valid_until": each.valid_until.isoformat(),
            }
            path = f"{REGISTRY}/enterprises/{each.uscc}/findings"
            self.officer.post(path, body, key=self._key(f"finding-{each.uscc}-{each.fact}"))

    def _consents(self) -> None:
        valid = [each for each in self.sample.consents if each.expires_on >= clock.today()]
        for each in self._counted("授权", valid):
            body = {
                "uscc": each.uscc,
                "institution": each.institution,
                "purpose": each.purpose,
                "expires_on": each.expires_on.isoformat(),
                "document_reference": each.document_number,
            }
            key = self._key(f"consent-{each.uscc}-{each.institution}")
            # Finance hears of an enterprise by an event: it may be a moment behind the registry.
            given = self.installer.post(
                f"{FINANCE}/consents", body, key=key, there="consent-already-given", later="consent-enterprise-unknown"
            )
            if each.withdrawn_on is not None and given:
                self.installer.post(f"{FINANCE}/consents/{given['id']}/withdraw", {}, key=f"{key}-withdrawn")

    def _settle(self) -> None:
        """Wait until what was brought in has been assessed, assigned, listed and told, and nothing more follows."""
        until = time.monotonic() + SETTLE_SECONDS
        wanted = len(self.sample.enterprises)
        with ExitStack() as held:
            backlog = Backlog({part: held.enter_context(targets.database_of(part)) for part in SERVICES})
            while time.monotonic() < until:
                now = read_figures(self.installer)
                said = f"待测评 {now.waiting} 户，白名单 {now.listed} 条，消息 {now.messages} 条"
                self.report(0, None, said)
                if backlog.worked_off() and now.settled(wanted):
                    return
                time.sleep(0.3)
        raise CannotRun(
            f"示例数据导入后，测评或白名单在 {SETTLE_SECONDS:.0f} 秒内没有完成。请查看日志后重新执行 make up。",
            "The sample is in, but assessments or the whitelist did not finish. See the logs, then run make up again.",
        )

    def _counted(self, label: str, rows: Sequence[T]) -> Iterator[T]:
        for done, each in enumerate(rows):
            self.report(done, len(rows), label)
            yield each

    def _key(self, name: str) -> str:
        return f"sample-{self.sample.seed}-{self.sample.today:%Y%m%d}-{name}"


def seed(home: Home, port: int, enterprises: int, report: Report) -> None:
    """Bring the sample in unless it is in, and have the demonstration's clients written in the home."""
    with targets.database_of(GATEWAY) as db:
        own = bootstrap(db, home.keys, "local")
        installer = Client(port, own.client_id, own.client_secret)
        recorded = _recorded(installer)
        report(0, None, "生成示例数据")
        day = dt.date.fromisoformat(recorded["today"]) if recorded else clock.today()
        sample = generate(DEFAULT_SEED, day, int(recorded["enterprises"]) if recorded else enterprises)
        if not recorded:
            installer.put(STATE, {"value": _record(sample, loaded=False)})
        enterprise, commissioner = _to_try(sample)
        clients = write_demo_clients(
            home.demo_clients,
            db,
            environment="local",
            token_url=f"http://{ADDRESS}:{port}/oauth/token",
            commissioner=commissioner,
            uscc=enterprise,
        )
    if not recorded.get("loaded"):
        officer = next(each.credentials for each in clients if each.attributes.role == "officer")
        Seeding(home, port, sample, installer, Client(port, officer.client_id, officer.client_secret), report).run()


def _recorded(installer: Client) -> dict[str, Any]:
    items = installer.get(STATES)["items"]
    return next((each["value"] for each in items if each["key"] == "sample"), {})


def _record(sample: Sample, *, loaded: bool) -> dict[str, Any]:
    counts = {name: len(getattr(sample, name)) for name in ("enterprises", "titles", "findings", "consents")}
    return {"loaded": loaded, "seed": sample.seed, "today": sample.today.isoformat(), "synthetic": True, **counts}


def _to_try(sample: Sample) -> tuple[str, str]:
    """An enterprise with a valid title and a commissioner of its district, for the demonstration's clients."""
    district = {each.uscc: each.district_code for each in sample.enterprises}
    served = {code: each.id for each in sample.commissioners for code in each.districts}
    titled = [each.uscc for each in sample.titles if each.state == "valid" and each.title in DEMO_TITLES]
    for uscc in (*titled, *district):
        if district[uscc] in served:
            return uscc, served[district[uscc]]
    raise LookupError("the sample has no enterprise that a commissioner looks after")
