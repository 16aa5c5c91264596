"""Whether the suite is up, and in words what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE_KEY = "sample"
"""The installation state under which the installer records `{"loaded": true, …}`."""

LABELS = {
    "gateway": "网关",
    "registry": "企业档案服务",
    "eligibility": "资格测评服务",
    "finance": "金融对接服务",
    "notification": "通知服务",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What one service answered to /health/ready; `status` is None when it did not answer."""

    status: int | None
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of /health: healthy when nothing is missing."""

    services: Mapping[str, str]
    """service → ready | not_ready | unreachable"""
    sample_loaded: bool
    whitelist_epoch: int | None
    missing: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        return not self.missing


def judge(readiness: Mapping[str, Readiness], installation: Mapping[str, Any] | None, *, expect_sample: bool) -> Health:
    """The health of the suite; `installation` is None when the gateway's own database does not answer."""
    services: dict[str, str] = {}
    missing: list[str] = []
    for name, answer in readiness.items():
        services[name] = _state(answer)
        if services[name] != "ready":
            missing.append(_complaint(name, answer))
    sample = (installation or {}).get(SAMPLE_KEY)
    loaded = isinstance(sample, Mapping) and sample.get("loaded") is True
    epoch = _epoch(readiness.get("finance"))
    if installation is None:
        missing.append("网关数据库没有响应：请检查数据库")
    if expect_sample and installation is not None and not loaded:
        missing.append("示例数据尚未导入：请等待导入完成")
    if expect_sample and epoch is None:
        missing.append("首期白名单尚未发布：请等待发布完成")
    return Health(services, loaded, epoch, tuple(missing))


def _state(answer: Readiness) -> str:
    if answer.status == 200:
        return "ready"
    return "unreachable" if answer.status is None else "not_ready"


def _complaint(name: str, answer: Readiness) -> str:
    label = LABELS.get(name, name)
    if answer.status is None:
        return f"{label}没有响应：请检查进程和日志"
    checks = answer.body.get("checks")
    failed = [
        f"{check}（{report.get('reason', '未说明')}）"
        for check, report in (checks.items() if isinstance(checks, Mapping) else ())
        if isinstance(report, Mapping) and report.get("status") != "ok"
    ]
    return f"{label}未就绪：{'；'.join(failed) or f'状态码 {answer.status}'}"


def _epoch(finance: Readiness | None) -> int | None:
    """The whitelist epoch that finance's readiness reports in any of its checks."""
    checks = finance.body.get("checks") if finance is not None else None
    for report in checks.values() if isinstance(checks, Mapping) else ():
        epoch = report.get("epoch") if isinstance(report, Mapping) else None
        if isinstance(epoch, int) and not isinstance(epoch, bool):
            return epoch
    return None
