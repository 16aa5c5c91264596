"""Assessment records (测算留痕单): verify one without any database."""

import json
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.eligibility.domain.record import Examination

app = typer.Typer(help="测算留痕单", no_args_is_help=True)


class Outcome(IntEnum):
    """The exit status of `verify`: scripts decide by it."""

    HOLDS = 0
    DIFFERS = 1
    UNREADABLE = 2
    """The same number as typer's own for a wrong call: nothing was examined."""
    SIGNER_UNKNOWN = 3
    OTHER_ENGINE = 4


_SAYS = {
    Outcome.HOLDS: "结论：留痕单完整，签名有效，重算结果相同。",
    Outcome.DIFFERS: "结论：不可采信。留痕单与出具时不一致，请向出具单位重新索取。",
    Outcome.SIGNER_UNKNOWN: "结论：内容完整、重算结果相同，但签名者未经核实。请从出具平台取得公钥，再用 --keys 核对。",
    Outcome.OTHER_ENGINE: "结论：内容未改动，但本程序的测算引擎与出具时不同，重算结果不同。请用出具时的版本核对。",
}
_MARKS = {True: "✓", False: "✗", None: "？"}

KEYS = typer.Option(
    "--keys",
    exists=True,
    dir_okay=False,
    help="出具平台公布的公钥（JWKS 文件，来自 …/eligibility/v1/records/jwks.json）",
)


@app.callback()
def about() -> None:
    """测算留痕单（不作为认定依据）。"""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="下载的留痕单（JSON）")],
    keys: Annotated[Path | None, KEYS] = None,
) -> None:
    """核对一份留痕单：签名、校验值、重算。不需要数据库。

    退出状态：0 全部相符；1 不相符；2 不是留痕单；3 内容相符但签名者未核实；4 引擎版本不同且重算结果不同。
    """
    from services.eligibility.domain.record import RecordUnreadable, examine, read_record
    from services.eligibility.prepare import engine_digest

    try:
        record = read_record(file.read_text("utf-8-sig"))
        known = _read_keys(keys) if keys is not None else _own_keys(record)
    except (RecordUnreadable, UnicodeDecodeError) as error:
        typer.echo(f"{file}：{error}。", err=True)
        raise typer.Exit(Outcome.UNREADABLE) from None
    found = examine(record, engine_digest(), known)
    _describe(record)
    for point in found.points:
        typer.echo(f"{_MARKS[point.holds]} {point.what}：{point.says}")
    outcome = _outcome(found)
    typer.echo(_SAYS[outcome])
    raise typer.Exit(outcome)


def _outcome(found: "Examination") -> Outcome:
    from services.eligibility.domain.record import REPLAYED

    if not found.intact:
        return Outcome.DIFFERS
    if found.point(REPLAYED).holds is None:
        return Outcome.OTHER_ENGINE
    return Outcome.HOLDS if found.trusted else Outcome.SIGNER_UNKNOWN


def _describe(record: dict[str, Any]) -> None:
    """What the record says of itself; it may have been changed, so nothing is relied upon."""
    head, result = record.get("assessment"), record.get("result")
    if isinstance(head, dict) and isinstance(result, dict):
        typer.echo(f"{head.get('enterprise')}（{head.get('uscc')}）{result.get('title_label')}：", nl=False)
        typer.echo(f"{result.get('verdict_label')}，申请日期 {head.get('application_date')}。不作为认定依据。")


def _read_keys(path: Path) -> list[dict[str, Any]]:
    from services.eligibility.domain.record import RecordUnreadable

    try:
        found = json.loads(path.read_text("utf-8-sig"))
        if set(found) != {"keys"}:  # a record carries keys too, but nobody vouches for itself
            raise ValueError
        return [dict(key) for key in found["keys"]]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordUnreadable(f'公钥文件 {path} 不是 JWKS，应为 {{"keys": […]}}') from error


def _own_keys(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The key of the installation on this machine, when it names itself in the record: that needs no --keys."""
    from chassis.signing import Signer
    from peiyu import settings
    from peiyu.home import Home

    path = Home(settings.read().folder()).keys / "record-key.pem"
    try:
        own = Signer.from_file(path).public
    except OSError:
        return []
    return [own] if own["kid"] in json.dumps(record.get("keys")) else []
