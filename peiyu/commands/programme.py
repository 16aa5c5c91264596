"""Programmes (计划): check a file, and write the yearly report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="计划、目标和年度发展报告", no_args_is_help=True)


@app.callback()
def about() -> None:
    """计划（目标、任务、分歧和督查要求）。"""


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="计划文件（YAML）")],
) -> None:
    """检查计划文件；有问题时逐条说明在哪一行、应为什么、怎样修改，并以状态 1 结束。"""
    from rulebook.source import SourceInvalid
    from services.registry.prepare import read_catalog

    catalog, wrong = read_catalog(), 0
    for file in files:
        try:
            found = catalog.compile(file.read_text("utf-8-sig"), file.name)
        except (SourceInvalid, UnicodeDecodeError) as error:
            typer.echo(str(error), err=True)
            wrong += 1
        else:
            typer.echo(f"✓ {file.name}：{found.label}，{len(found.targets)} 项目标，{len(found.tasks)} 项任务")
    if wrong:
        raise typer.Exit(1)


@app.command()
def report(
    programme: Annotated[str, typer.Argument(help="计划编号，如 suzhou-2018-2020")],
    year: Annotated[int, typer.Option(help="报告年度")],
    folder: Annotated[Path, typer.Option(help="写到这个目录", file_okay=False)] = Path(),
) -> None:
    """生成年度发展报告：Word 文件和网页各一份。"""
    from peiyu import targets
    from services.registry.prepare import read_catalog
    from services.registry.store.programmes import Programmes
    from services.registry.use_cases.programmes.render_page import render_page
    from services.registry.use_cases.programmes.render_word import render_word
    from services.registry.use_cases.programmes.report import yearly_report

    with targets.database_of("registry") as db, db.reading() as tx:
        row = Programmes(tx).active(programme)
        found = yearly_report(tx, read_catalog().stored(row.hash, row.body, row.file), year)
    folder.mkdir(parents=True, exist_ok=True)
    word, page = folder / f"{programme}-{year}.docx", folder / f"{programme}-{year}.html"
    word.write_bytes(render_word(found))
    page.write_text(render_page(found), "utf-8")
    typer.echo(f"已生成 {word} 和 {page}")
