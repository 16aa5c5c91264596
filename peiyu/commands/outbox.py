"""The outbox: send again what the bus has lost before everybody had consumed it."""

import datetime as dt
from typing import Annotated

import typer

from peiyu import parts
from peiyu.refusals import CannotRun

app = typer.Typer(help="发件箱：已提交、由转发进程送上总线的事件", no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group although it has one command: others may follow, and the command is called `outbox resend`."""


@app.command()
def resend(
    service: Annotated[str, typer.Argument(help="、".join(parts.SERVICES))],
    since: Annotated[
        str, typer.Option(help="从这一刻起发送过的，例如 2026-11-24T08:00；不写时区即北京时间。不写则为保留的全部")
    ] = "",
    hours: Annotated[float | None, typer.Option(help="最近多少小时内发送过的，代替 --since")] = None,
    topic: Annotated[str, typer.Option(help="只重发这个主题的")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会重发多少，不作改动")] = False,
) -> None:
    """总线丢失数据后，把一个服务已发送的事件再发一次；收到过的接收方按事件编号去重，不会重复处理。"""
    from chassis import clock, outbox
    from chassis.bus import load_topics
    from peiyu import targets

    if service not in parts.SERVICES:
        raise CannotRun(
            f"没有 {service} 这个服务，或它不发送事件。可选：{'、'.join(parts.SERVICES)}。",
            f"There is no service {service} that sends events. Choose one of {', '.join(parts.SERVICES)}.",
        )
    if since and hours is not None:
        raise typer.BadParameter("--since 和 --hours 只能给出一个。")
    start = _instant(since) if since else None
    if hours is not None:
        start = clock.now() - dt.timedelta(hours=hours)
    known = [spec.name for spec in load_topics(parts.TOPICS)]
    if topic and topic not in known:
        raise CannotRun(
            f"没有 {topic} 这个主题。可选：{'、'.join(known)}。",
            f"There is no topic {topic}. Choose one of {', '.join(known)}.",
        )
    retention = dt.timedelta(days=targets.settings_of(service).retention_days)
    act = outbox.would_resend if dry_run else outbox.resend
    with targets.database_of(service) as db:
        found = act(db, start, retention=retention, topic=topic or None)
    for name, count in sorted(found.topics.items()):
        typer.echo(f"{name}：{count} 条")
    total = sum(found.topics.values())
    if found.earliest is None:
        typer.echo("这段时间没有发送过事件，没有要重发的。")
    else:
        what = "将重发" if dry_run else "已标记重发"
        typer.echo(f"{what} {total} 条，最早的发送于 {found.earliest.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}。")
        typer.echo("收到过的接收方会按事件编号去重；转发进程按原来的顺序发送，进度见 peiyu_outbox_unsent。")
    if found.too_old:
        typer.echo(f"另有 {found.too_old} 条首次发送已超过保留期，接收方已不记得是否收到过，没有重发。")


def _instant(written: str) -> dt.datetime:
    from chassis import clock

    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"看不懂时间 {written}：请写成 2026-11-24T08:00 或 2026-11-24T08:00+08:00。") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.SHANGHAI)
