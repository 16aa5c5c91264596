"""The processes of an installation: answer HTTP for one part or all, turn one part's loops or all."""

from pathlib import Path
from typing import Annotated

import typer

from peiyu import parts

Part = Annotated[str, typer.Argument(help="registry、eligibility、finance、notification、gateway 或 all")]
Lifeline = Annotated[int | None, typer.Option(hidden=True)]
"""A pipe of the supervisor: its end of file ends this process."""


def serve(
    part: Part,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="监听端口")] = 8080,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
    lifeline: Lifeline = None,
) -> None:
    """以 HTTP 提供一个服务或网关；all 把全部服务放在一个进程里，由 make up 使用。"""
    follow(lifeline)
    named = parts.chosen(part)
    from peiyu import serving

    if named == parts.PARTS:
        serving.serve_all(host=host, port=port, listener=listener)
    else:
        serving.serve_one(part, host=host, port=port)


def work(
    part: Part,
    pulse: Annotated[Path | None, typer.Option(help="各循环都在转动时每秒更新此文件，供健康检查使用")] = None,
    lifeline: Lifeline = None,
) -> None:
    """运行一个服务的后台任务：发件箱转发、事件处理、作业和定时任务；all 由 make up 使用。"""
    follow(lifeline)
    named = parts.chosen(part)
    from peiyu import working

    raise typer.Exit(working.work_all() if named == parts.PARTS else working.work_one(part, pulse))


def follow(lifeline: int | None) -> None:
    """End with the supervisor, if it is one that started us."""
    if lifeline is not None:
        from peiyu.lifeline import end_with

        end_with(lifeline)
