"""The all-in-one run: up, down, reset, status."""

import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from peiyu import settings
from peiyu.home import Home
from peiyu.refusals import CannotRun

DOWN_SECONDS = 90.0


def up() -> None:
    """在前台启动整套平台：数据库、四个服务、网关、后台任务和示例数据。Ctrl-C 停止。"""
    from peiyu.display import Display
    from peiyu.supervisor import Supervisor

    Supervisor(settings.read(), Display()).run()


def down() -> None:
    """停止本机正在运行的平台；数据保留。"""
    home = Home(settings.read().folder())
    if not home.path.exists():
        typer.echo(f"没有在运行（{home.path} 不存在）。")
        return
    typer.echo("已停止。" if _stop(home) else "没有在运行。")


def reset(yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False) -> None:
    """停止平台并删除它在本机的全部数据、密钥和日志。"""
    chosen = settings.read()
    home = Home(chosen.folder())
    if not yes:
        typer.confirm(f"将删除 {home.path} 中的全部数据，不能恢复。继续吗？", abort=True)
    if home.path.exists():
        from peiyu.embedded import EmbeddedPostgres

        _stop(home)
        with home.locked(chosen.port):
            if chosen.database_url is not None:
                from peiyu.databases import DatabaseServer

                DatabaseServer(chosen.database_url.get_secret_value()).drop_all()
            else:
                EmbeddedPostgres(home.path).remove()
            home.clear()
    typer.echo("已清空。make up 会重新建立数据库并载入示例数据。")


def status() -> None:
    """说明平台是否在运行、地址和数据目录；未就绪时说明缺什么，并以状态 1 结束。"""
    from peiyu import probes

    home = Home(settings.read().folder())
    run = home.running()
    if run is None:
        typer.echo(f"没有在运行。数据目录：{home.path}")
        raise typer.Exit(1)
    missing = probes.why_not(run.port)
    typer.echo(f"{'正在启动' if missing else '正在运行'}：http://127.0.0.1:{run.port}（进程 {run.pid}）")
    typer.echo(f"数据目录：{home.path}")
    if missing:
        typer.echo(f"尚未就绪：{missing}")
        raise typer.Exit(1)


def _stop(home: Home) -> bool:
    """Stop the suite on `home`, or the database that a killed one left behind; whether there was anything."""
    from peiyu.embedded import EmbeddedPostgres

    run = home.running()
    if run is not None:
        if not _is_supervisor(run.pid):
            raise CannotRun(
                f"{home.path} 正被占用，但本机看不到占用它的培育进程（可能在另一个容器里）。请在那里停止它。",
                f"{home.path} is in use by a suite that cannot be seen from here, perhaps in another container.",
            )
        try:
            os.kill(run.pid, signal.SIGTERM)
        except PermissionError:
            raise CannotRun(
                f"培育由另一个账号运行（进程 {run.pid}）。请用该账号执行 make down。",
                f"The suite runs under another account (process {run.pid}). Stop it as that account.",
            ) from None
        except ProcessLookupError:
            pass  # it is just ending
        until = time.monotonic() + DOWN_SECONDS
        while home.running() is not None:
            if time.monotonic() > until:
                raise CannotRun(
                    f"进程 {run.pid} 在 {DOWN_SECONDS:.0f} 秒内没有停止。可执行 kill -9 {run.pid}，数据不会丢失。",
                    f"Process {run.pid} did not stop within {DOWN_SECONDS:.0f} seconds. "
                    f"You may kill -9 {run.pid}: no data will be lost.",
                )
            time.sleep(0.05)
        return True
    left = EmbeddedPostgres(home.path)
    if not left.pid():
        return False
    with home.locked(0):
        left.stop()
    return True


def _is_supervisor(pid: int) -> bool:
    """Whether `pid` is a process of ours here: numbers from another container's view must not be signalled."""
    if not Path("/proc/self").exists():
        return pid > 0
    try:
        return pid > 0 and b"peiyu" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
