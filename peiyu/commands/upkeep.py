"""Care of an installation: migrate, topics apply, audit verify."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from peiyu.commands.roles import Lifeline, follow
from peiyu.refusals import CannotRun

if TYPE_CHECKING:
    from chassis.bus import TopicsApplied

topics = typer.Typer(help="事件主题", no_args_is_help=True)
audit = typer.Typer(help="审计记录", no_args_is_help=True)

PART = typer.Argument(help="registry、eligibility、finance、notification、gateway 或 all")


def migrate(part: Annotated[str, PART] = "all", lifeline: Lifeline = None) -> None:
    """把数据库升级到当前版本，并载入随版本发布的数据；重复执行没有影响。"""
    follow(lifeline)
    from peiyu import prepare, targets

    for each in targets.named(part):
        prepare.prepare(each, targets.settings_of(each), targets.access())
        typer.echo(f"{each}：已是最新。")
    if part == "all":
        _tell(prepare.apply_topics(targets.bus_url()))


def prepare(
    database_host: Annotated[str, typer.Argument(help="PostgreSQL 的地址，可带端口；各部分用自己的账号和数据库")],
) -> None:
    """容器部署启动前执行一次：升级全部数据库、载入随版本发布的数据、建立主题；重复执行没有影响。"""
    from peiyu import prepare, settings, targets

    secrets = settings.read().secrets_dir
    if secrets is None:
        raise CannotRun(
            "没有指定密码所在目录。请设置 PEIYU_SECRETS_DIR，其中每个部分一个文件，例如 registry-database-password。",
            "Set PEIYU_SECRETS_DIR to the folder with one password file for each part.",
        )
    prepare.prepare_all(database_host, secrets)
    typer.echo("数据库已是最新。")
    _tell(prepare.apply_topics(targets.bus_url()))


def seed(
    progress: Annotated[Path | None, typer.Option(hidden=True)] = None,
    lifeline: Lifeline = None,
) -> None:
    """通过接口载入合成示例数据并写出演示客户端；已载入时不重复，中断后从断点继续。"""
    follow(lifeline)
    from peiyu import seeding, settings, targets
    from peiyu.progress import writer

    home, _server = targets.required_server()
    run = home.running()
    if run is None:
        raise CannotRun("平台没有在运行。请先执行 make up。", "The suite is not up. Run make up first.")
    seeding.seed(home, run.port, settings.read().sample_enterprises, writer(progress))


def assess(
    district: Annotated[str, typer.Option(help="只测算这个区划（GB/T 2260 前缀）；不写则为全部")] = "",
    wait: Annotated[bool, typer.Option(help="等到全部完成，并显示进度")] = True,
) -> None:
    """对全部（或一个区划的）企业重新测算；中断后由后台任务自行接着完成。"""
    import time

    from peiyu import targets
    from services.eligibility.store.pending import BatchRuns
    from services.eligibility.use_cases.start_batch_run import start_batch_run

    with targets.database_of("eligibility") as db:
        with db.transaction() as tx:
            run = start_batch_run(tx, district or None)
        typer.echo(f"已标记 {run.total} 家企业（批次 {run.id}）。")
        shown = -1
        while wait:
            with db.reading() as tx:
                done = run.total - BatchRuns(tx).waiting(run.id)
            if done != shown:
                typer.echo(f"已测算 {done}/{run.total}")
                shown = done
            if done >= run.total:
                return
            time.sleep(1)


def doctor() -> None:
    """检查本机的安装：磁盘、密钥权限、各部分是否就绪、积压和死信；有问题时给出办法，并以状态 1 结束。"""
    from peiyu import diagnosis, settings, targets
    from peiyu.home import Home

    found = targets.local_server()
    home = Home(settings.read().folder())
    ill = 0
    for each in diagnosis.examine(home, found[1] if found else None):
        ill += bool(each.remedy)
        typer.echo(
            f"{'✗' if each.remedy else '✓'} {each.what}：{each.found}" + (f"。{each.remedy}" if each.remedy else "")
        )
    if ill:
        raise typer.Exit(1)


def keys(
    folder: Annotated[Path, typer.Argument(help="存放密钥的目录，只应由运行账号读取")],
    sm2: Annotated[bool, typer.Option("--sm2", help="另为测算留痕单生成国密 SM2 密钥（需可选依赖 [gm]）")] = False,
) -> None:
    """为生产环境生成网关、白名单和测算留痕单的签名密钥；已有的保留不变。"""
    from chassis.signing import Signer
    from chassis.signing_sm2 import Sm2Signer
    from gateway.tokens.keys import ensure_keys

    made = ensure_keys(folder)
    feed, record = folder / "feed-key.pem", folder / "record-key.pem"
    for path in (feed, record):
        if not path.exists():
            Signer.generate(path)
    typer.echo(f"PEIYU_SIGNING_KEY_FILE={made.private}    # 只给网关")
    typer.echo(f"PEIYU_IDENTITY_KEY_FILE={made.public}    # 给网关和每个服务")
    typer.echo(f"PEIYU_FEED_KEY_FILE={feed}    # 只给 finance 的后台进程")
    typer.echo(f"PEIYU_RECORD_KEY_FILE={record}    # 只给 eligibility 的 HTTP 进程")
    if sm2:
        national = folder / "record-key-sm2.json"
        if not national.exists():
            Sm2Signer.generate(national)
        typer.echo(f"PEIYU_RECORD_SM2_KEY_FILE={national}    # 只给 eligibility 的 HTTP 进程")


def secrets(
    folder: Annotated[Path, typer.Argument(help="存放密码、密钥和证书的目录，会设为只有当前账号可进入")],
    host: Annotated[
        list[str] | None, typer.Option(help="自签名试用证书写入的域名或地址，可重复；默认 localhost 和 127.0.0.1")
    ] = None,
) -> None:
    """为容器部署生成数据库密码、签名密钥和试用证书；已有的保留不变。"""
    from peiyu import secret_files

    made = secret_files.make(folder, host or ["localhost", "127.0.0.1"])
    for path in made:
        typer.echo(f"已生成 {path}")
    if not made:
        typer.echo(f"{folder} 中的密码、密钥和证书齐全，没有改动。")
    elif folder / secret_files.CERTIFICATE in made:
        typer.echo("tls.crt 是自签名的试用证书；正式使用前请换成机构颁发的 tls.crt 和 tls.key。")


def admin(
    client_id: Annotated[str, typer.Argument(help="管理员客户端的标识，小写字母、数字和连字符")],
    renew: Annotated[bool, typer.Option("--renew", help="密钥遗失时换一个新的，旧的立即失效")] = False,
) -> None:
    """登记第一个平台管理员，并输出一次它的密钥；其他客户端由它通过接口登记。"""
    from gateway.bootstrap import create_first_administrator, renew_administrator
    from peiyu import targets
    from peiyu.parts import GATEWAY

    with targets.database_of(GATEWAY) as db:
        made = renew_administrator(db, client_id) if renew else create_first_administrator(db, client_id)
    typer.echo(json.dumps({"client_id": made.client_id, "client_secret": made.client_secret}, indent=2))
    typer.echo("密钥只显示这一次，库中只有摘要：请立即存入密码库，或重定向到只有自己可读的文件。", err=True)


@topics.command("apply")
def apply_topics() -> None:
    """按 deploy/topics.yaml 建立缺少的主题，把已有主题的保留时间等设置改为声明的值，并逐项说明；消息不受影响。"""
    from peiyu import prepare, targets

    _tell(prepare.apply_topics(targets.bus_url()))


def _tell(applied: "TopicsApplied") -> None:
    """Every change and whatever nobody can change here: an operator's own setting must not vanish unseen."""
    made = [topic.name for topic in applied.topics if topic.made]
    changed = [topic for topic in applied.topics if topic.changed]
    remarks = [
        f"{topic.name}：应有 {topic.replication[1]} 个副本，现有 {topic.replication[0]} 个。已有主题的副本数不会随声明"
        "改变：请用 Kafka 的 kafka-reassign-partitions.sh 调整，或改正声明。"
        for topic in applied.topics
        if topic.replication
    ]
    remarks += [f"{name}：总线上有，但未声明。若不再使用，请在 Kafka 中删除。" for name in applied.undeclared]
    for name in made:
        typer.echo(f"{name}：新建。")
    for topic in changed:
        each = "，".join(
            f"{setting} 由 {_readable(setting, was)} 改为 {_readable(setting, now)}"
            for setting, (was, now) in topic.changed.items()
        )
        typer.echo(f"{topic.name}：{each}。")
    for remark in remarks:
        typer.echo(remark)
    if made or changed:
        typer.echo(f"主题：新建 {len(made)} 个，改动 {len(changed)} 个，其余不变。")
    else:
        typer.echo("声明的主题都在，设置相同；以上各项请人工处理。" if remarks else "主题齐全。")


def _readable(setting: str, value: str) -> str:
    """Times in days, or in hours where they are not whole days."""
    if not setting.endswith(".ms") or not value.isdigit():
        return value or "未设置"
    hours = int(value) / 3_600_000
    return f"{value}（{hours / 24:g} 天）" if hours % 24 == 0 else f"{value}（{hours:g} 小时）"


@audit.command("verify")
def verify(part: Annotated[str, PART] = "all") -> None:
    """核对审计记录的哈希链：有记录被改动或删除时逐条指出，并以状态 1 结束。"""
    from chassis import audit as chain
    from peiyu import targets

    broken = 0
    for each in targets.named(part):
        with targets.database_of(each) as db, db.reading() as tx:
            found = list(chain.verify(tx))
        for one in found:
            typer.echo(f"{each} 第 {one.seal_seq} 号：{one.reason}")
        typer.echo(f"{each}：{'有 ' + str(len(found)) + ' 处不符' if found else '完整'}。")
        broken += len(found)
    if broken:
        raise typer.Exit(1)
