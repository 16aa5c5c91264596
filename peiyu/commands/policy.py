"""Policy packs (规则包) as files: check them, run their cases, compare two, read one. None needs a database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rulebook.pack import Pack
    from rulebook.size_table import SizeTable
    from rulebook.source import SourceInvalid

app = typer.Typer(help="规则包（文件）：检查、跑案例、比较、说明；不需要数据库", no_args_is_help=True)

FILE = typer.Argument(exists=True, dir_okay=False, readable=True, help="规则包文件（YAML）")
FILES = typer.Argument(exists=True, dir_okay=False, readable=True, help="一个或多个规则包文件（YAML）")
CASES = typer.Option("--cases", exists=True, dir_okay=False, help="案例文件；不写则用规则包旁 cases 目录中的同名文件")


@app.callback()
def about() -> None:
    """规则包（文件）：检查、跑案例、比较、说明。"""


@app.command()
def validate(files: Annotated[list[Path], FILES]) -> None:
    """检查规则包：写法、单位、分档、能否达到、互相矛盾和互为前提。有问题时逐条列出，并以状态 1 结束。"""
    from rulebook.contradictions import problems_together
    from rulebook.loader import PackInvalid
    from rulebook.pack import Pack
    from rulebook.source import SourceInvalid

    packs: list[Pack] = []
    wrong = 0
    for file in files:
        try:
            found = _read(file)
        except SourceInvalid as invalid:
            wrong += _complain(invalid)
            continue
        if isinstance(found, Pack):
            packs.append(found)
        typer.echo(f"✓ {file}：{found.label}（{found.id}，{found.sha256[:12]}）")
    if problems := problems_together(packs):
        wrong += _complain(PackInvalid(list(problems)))
    if wrong:
        typer.echo(f"共 {wrong} 处问题。", err=True)
        raise typer.Exit(1)


@app.command("test")
def run_cases(files: Annotated[list[Path], FILES], cases: Annotated[Path | None, CASES] = None) -> None:
    """跑规则包自带的案例；有一例不符，或没有案例，以状态 1 结束。"""
    if cases is not None and len(files) > 1:
        raise typer.BadParameter("--cases 只能与一个规则包一起用。")
    failed = [file for file in files if not _passes(file, cases or file.parent / "cases" / file.name)]
    if failed:
        raise typer.Exit(1)


@app.command()
def diff(before: Annotated[Path, FILE], after: Annotated[Path, FILE]) -> None:
    """比较两个版本：哪些条件、门槛、分值、分档、时间窗口不同，带条款；按编号比较，不按文字行。"""
    from rulebook.pack_differences import pack_differences

    old, new = _pack(before), _pack(after)
    found = pack_differences(old, new)
    for each in found:
        typer.echo(str(each))
    typer.echo(f"共 {len(found)} 处不同。" if found else "规则相同（注释和排版不算）。")


@app.command()
def explain(file: Annotated[Path, FILE]) -> None:
    """把规则包列成一份可读的提纲，每行带条款。"""
    from rulebook.outline import outline

    for line in outline(_pack(file)):
        typer.echo(str(line))


def _passes(file: Path, cases: Path) -> bool:
    from rulebook.source import SourceInvalid

    try:
        results = _run(file, cases)
    except SourceInvalid as invalid:
        _complain(invalid)
        return False
    if not results:
        typer.echo(f"✗ {file}：没有案例。请在 {cases} 中写出案例，没有案例的规则包不能启用。", err=True)
        return False
    wrong = [(place, name, differences) for place, name, differences in results if differences]
    for place, name, differences in wrong:
        typer.echo(f"✗ {place}: “{name}” " + "；".join(differences), err=True)
    typer.echo(f"{'✗' if wrong else '✓'} {file}：{len(results)} 例，{len(results) - len(wrong)} 例相符")
    return not wrong


def _run(file: Path, cases: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    """(file:line, name, differences) of each case."""
    from rulebook.cases import load_cases, run_case
    from rulebook.pack import Pack
    from rulebook.size_cases import load_size_cases, run_size_case

    rules = _read(file)
    if not cases.is_file():
        return []
    from peiyu.documents.maps import dictionary

    if not isinstance(rules, Pack):
        sized = load_size_cases(_text(cases), dictionary(), str(cases))
        return [(str(cases), each.name, run_size_case(rules, each)) for each in sized]
    named, written = load_cases(_text(cases), dictionary(), str(cases))
    if named != rules.id:
        return [(f"{cases}:1", "pack", (f"案例属于 {named or '（没有填写）'}，规则包是 {rules.id}，请改正其中之一",))]
    return [(f"{cases}:{each.line}", each.name, run_case(rules, each)) for each in written]


def _pack(file: Path) -> "Pack":
    """The pack in the file; a refusal ends the command."""
    from rulebook.pack import Pack
    from rulebook.source import SourceInvalid

    try:
        found = _read(file)
    except SourceInvalid as invalid:
        _complain(invalid)
        raise typer.Exit(1) from None
    if not isinstance(found, Pack):
        typer.echo(f"{file}:1: 这是划型标准表，不是规则包；请给出以 pack: 开头的文件。", err=True)
        raise typer.Exit(1)
    return found


def _read(file: Path) -> "Pack | SizeTable":
    """The pack or size table in the file. Raises SourceInvalid with every problem."""
    from peiyu.documents.maps import dictionary
    from rulebook.loader import document_kind, load_pack
    from rulebook.size_table import load_size_table

    text = _text(file)
    load = load_size_table if document_kind(text, str(file)) == "size" else load_pack
    return load(text, dictionary(), str(file))


def _text(file: Path) -> str:
    from rulebook.loader import PackInvalid
    from rulebook.source import Problem

    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        remedy = "请用编辑器另存为 UTF-8；如果这是 Excel 或 Word 文件，请改用文本编辑器书写。"
        raise PackInvalid([Problem(str(file), 1, "不是 UTF-8 的内容", "UTF-8 文本", remedy, "not-yaml")]) from None


def _complain(invalid: "SourceInvalid") -> int:
    """file:line first, as editors and terminals make a link of it; how many problems."""
    for each in invalid.problems:
        said = f"{each.file}:{each.line}: 现为“{each.found}”，应为{each.expected}。{each.remedy}"
        typer.echo(said, err=True)
    return len(invalid.problems)
