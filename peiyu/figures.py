"""How far the suite is with what it was given: counts that the services publish, and the summary made of them."""

from dataclasses import dataclass
from typing import Any

from peiyu.api import Client


@dataclass(frozen=True)
class Figures:
    """Counts of one moment. `verdicts`: (title, verdict, count) with Chinese labels."""

    enterprises: int
    waiting: int
    verdicts: tuple[tuple[str, str, int], ...]
    assigned: int
    unassigned: int
    messages: int
    epoch: int
    listed: int
    unpublished: int
    """Changes of the whitelist that the last epoch does not hold yet."""

    def settled(self, enterprises: int) -> bool:
        """Whether every one of `enterprises` has been assessed and the whitelist holds titles."""
        return (
            self.enterprises >= enterprises
            and self.waiting == 0
            and self.assigned + self.unassigned >= enterprises
            and self.listed > 0
            and self.unpublished == 0
        )


def read_figures(client: Client) -> Figures:
    """Ask every service for its counts."""
    assessed = client.get("/api/eligibility/v1/statistics")
    covered = client.get("/api/notification/v1/coverage")
    told = client.get("/api/notification/v1/messages/statistics")
    listed = client.get("/api/finance/v1/whitelist/manifest")
    changes = client.get(f"/api/finance/v1/whitelist/changes?after={listed['seq']}&limit=1")
    return Figures(
        enterprises=assessed["enterprises"],
        waiting=assessed["pending"],
        verdicts=tuple(
            (each["title"]["label"], each["verdict"]["label"], each["count"]) for each in assessed["verdicts"]
        ),
        assigned=covered["enterprises"] - covered["unassigned"],
        unassigned=covered["unassigned"],
        messages=told["total"],
        epoch=listed["epoch"],
        listed=listed["count"],
        unpublished=changes["latest_seq"] - listed["seq"],
    )


def eligible(figures: Figures) -> dict[str, dict[str, int]]:
    """Title → verdict → count."""
    table: dict[str, dict[str, int]] = {}
    for title, verdict, count in figures.verdicts:
        table.setdefault(title, {})[verdict] = count
    return table


def summary(figures: Figures, sample: dict[str, Any], address: str, demo_clients: str, seconds: float) -> str:
    """What a person wants to know when the suite is up."""
    lines = [
        "",
        f"培育已就绪：{address}（用时 {seconds:.1f} 秒）",
        "",
        f"  示例数据  {sample.get('enterprises', 0)} 户企业、{sample.get('titles', 0)} 条称号、"
        f"{sample.get('findings', 0)} 条认定意见、{sample.get('consents', 0)} 份授权（合成数据，不对应真实企业）",
    ]
    for title, verdicts in eligible(figures).items():
        counts = "；".join(f"{verdict} {count}" for verdict, count in verdicts.items())
        lines.append(f"  测评      {title}：{counts}")
    lines += [
        f"  白名单    第 {figures.epoch} 期，{figures.listed} 条",
        f"  服务专员  {figures.assigned} 户企业已分配，{figures.unassigned} 户待分配",
        f"  消息      {figures.messages} 条",
        "",
        f"  接口文档  {address}/docs",
        f"  健康检查  {address}/health",
        f"  演示客户端 {demo_clients}",
        "",
        "  停止：Ctrl-C 或 make down    清空：make reset",
    ]
    return "\n".join(lines)
