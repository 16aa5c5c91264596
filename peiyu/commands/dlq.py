"""Dead letters: list what could not be acted upon, show one, run it again."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from chassis.db import Database

app = typer.Typer(help="死信：事件处理失败后保留的消息", no_args_is_help=True)

Part = Annotated[str, typer.Argument(help="registry、eligibility、finance 或 notification")]
Number = Annotated[int, typer.Argument(help="死信编号，见 peiyu dlq list")]


@app.command("list")
def list_letters(
    part: Part,
    after: Annotated[int, typer.Option(help="从这个编号之后开始")] = 0,
    limit: Annotated[int, typer.Option(help="最多列出多少条")] = 100,
    redriven: Annotated[bool, typer.Option("--redriven", help="也列出已重放的")] = False,
) -> None:
    """列出一个服务的死信。"""
    from chassis.dead_letters import list_dead_letters
    from peiyu import targets

    with targets.database_of(part) as db, db.reading() as tx:
        rows = list_dead_letters(tx, after=after, limit=limit, redriven=redriven)
        for row in rows:  # inside: once the reading is over the rows can no longer be read
            done = "（已重放）" if row.redriven_at else ""
            typer.echo(f"{row.id}  {row.failed_at:%Y-%m-%d %H:%M:%S}  {row.consumer}  {row.type}  {row.key}{done}")
            typer.echo(f"    {row.reason.splitlines()[0] if row.reason else ''}")
        if not rows:
            typer.echo("没有死信。")


@app.command()
def show(part: Part, number: Number) -> None:
    """显示一条死信的全部内容和原因。"""
    from chassis.dead_letters import get_dead_letter
    from peiyu import targets

    with targets.database_of(part) as db, db.reading() as tx:
        row = get_dead_letter(tx, number)
        shown = {
            name: getattr(row, name)
            for name in ("id", "consumer", "type", "key", "topic", "partition", "offset", "attempts", "reason")
        }
        shown |= {"failed_at": row.failed_at.isoformat(), "headers": row.headers}
        shown["payload"] = row.payload.decode("utf-8", "replace")
    typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))


@app.command()
def redrive(
    part: Part,
    number: Annotated[int | None, typer.Argument(help="死信编号；不写时须加 --all")] = None,
    everything: Annotated[bool, typer.Option("--all", help="重放全部死信")] = False,
) -> None:
    """重新处理一条或全部死信；成功的标记为已重放，仍然失败的保留并说明原因。"""
    from chassis import dead_letters
    from peiyu import suite, targets

    if (number is None) == (not everything):
        raise typer.BadParameter("请给出一个编号，或用 --all。")
    failed = 0
    subscriptions = suite.subscriptions(part)
    with targets.database_of(part) as db:
        for each in [number] if number is not None else _waiting(db):
            try:
                done = dead_letters.redrive(db, subscriptions, each)
                typer.echo(f"{each}：{'已重放' if done else '此前已重放'}。")
            except Exception as error:
                failed += 1
                typer.echo(f"{each}：仍然失败，{type(error).__name__}: {error}")
    if failed:
        raise typer.Exit(1)


def _waiting(db: "Database") -> Iterator[int]:
    """The numbers of all letters that wait, page by page."""
    from chassis.dead_letters import list_dead_letters

    after = 0
    while True:
        with db.reading() as tx:
            page = [row.id for row in list_dead_letters(tx, after=after)]
        if not page:
            return
        yield from page
        after = page[-1]
