"""For those who build the suite: documents from code, a new migration from changed tables."""

import json
import re
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from peiyu.refusals import CannotRun


def openapi(part: Annotated[str, typer.Argument(help="四个服务之一，或 gateway")]) -> None:
    """输出一个部分的 OpenAPI 文档。"""
    from peiyu import parts
    from peiyu.documents import apis

    if part not in parts.PARTS:
        raise CannotRun(
            f"没有 {part} 这个部分。可选：{'、'.join(parts.PARTS)}。",
            f"There is no part {part}. Choose one of {', '.join(parts.PARTS)}.",
        )
    typer.echo(json.dumps(apis.openapi_of(part), ensure_ascii=False, indent=2))


def contracts() -> None:
    """从代码重新生成 contracts/ 下的 OpenAPI、JSON Schema 和 AsyncAPI 文档。"""
    from peiyu.commands import documents

    documents.contracts()


def maps() -> None:
    """从代码重新生成 docs/EVENTS.md 和 docs/RULES.md。"""
    from peiyu.commands import documents

    documents.write_maps()


def migration(
    part: Annotated[str, typer.Argument(help="registry、eligibility、finance、notification 或 gateway")],
    subject: Annotated[str, typer.Argument(help="改了什么，英文，例如 enterprise_version")],
) -> None:
    """比较代码中的表和最新迁移，起草下一个迁移文件；请人工阅读和修改后再提交。"""
    from chassis.db import Database
    from peiyu import parts, suite
    from peiyu.embedded import EmbeddedPostgres

    parts.chosen(part)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", subject):
        raise typer.BadParameter("请用小写英文字母、数字和下划线。")
    migrations = suite.migrations(part)
    number = f"{len(list(parts.versions(part).glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory(prefix="peiyu-migration-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "home", overrides={"fsync": "off"})
        server.start()
        db = Database(server.url("postgres"), name="peiyu migration", pool_size=2)
        try:
            migrations.upgrade(db)
            migrations.draft(db, subject, number)
        finally:
            db.close()
            server.stop("immediate")
    typer.echo(f"已起草 {parts.versions(part)}/{number}_{subject}.py。")
