"""What `peiyu doctor` looks at: each finding says what there is and, when it is not well, what to do."""

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from chassis import connections
from peiyu import parts, probes, revisions
from peiyu.databases import DatabaseServer
from peiyu.home import Home

ENOUGH_DISK_BYTES = 2 * 1024**3
OLD_OUTBOX_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` is empty when it is well."""

    what: str
    found: str
    remedy: str = ""


def examine(home: Home, server: DatabaseServer | None) -> Iterator[Finding]:
    """Look at the home and, when the suite is up, at its health and at every database."""
    if home.path.exists():
        free = shutil.disk_usage(home.path).free
        low = free < ENOUGH_DISK_BYTES
        yield Finding(
            "磁盘",
            f"{home.path} 可用 {free / 1024**3:.1f} GB",
            "请清理磁盘，或用 PEIYU_HOME 换一个分区" if low else "",
        )
        yield from _open_secrets(home)
    run = home.running()
    if run is None or server is None:
        yield Finding("运行", f"没有在运行（{home.path}）；需要时执行 make up")
        return
    missing = probes.why_not(run.port)
    yield Finding("健康", missing or "全部就绪", f"查看 {home.logs} 中的日志" if missing else "")
    for part in parts.PARTS:
        yield from _database(part, server.libpq_url(part))


def _open_secrets(home: Home) -> Iterator[Finding]:
    for path in (home.keys, *sorted(home.keys.glob("*")), home.demo_clients):
        if path.exists() and not path.name.endswith(".pub.pem") and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("密钥", f"{path} 可被其他账号读取", f"chmod go-rwx {path}")


def _database(part: str, url: str) -> Iterator[Finding]:
    try:
        with connections.connect(url, "peiyu doctor", statement_seconds=10) as connection:
            present = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
            unsent, age, letters = connection.execute(
                "SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8,"
                " (SELECT count(*) FROM dead_letters WHERE redriven_at IS NULL)"
                " FROM outbox WHERE sent_at IS NULL"
            ).fetchone() or (0, 0.0, 0)
    except psycopg.Error as error:
        yield Finding(part, f"数据库没有应答：{error}", "查看数据库日志，或执行 peiyu migrate")
        return
    current = present == revisions.heads(parts.versions(part))
    yield Finding(part, f"数据库结构 {'、'.join(sorted(present))}", "" if current else f"执行 peiyu migrate {part}")
    late = age > OLD_OUTBOX_SECONDS
    yield Finding(
        part,
        f"待发事件 {unsent} 个，最早的已等 {age:.0f} 秒",
        f"检查 peiyu work {part} 进程和消息总线" if late else "",
    )
    yield Finding(part, f"死信 {letters} 条", f"执行 peiyu dlq list {part}" if letters else "")
