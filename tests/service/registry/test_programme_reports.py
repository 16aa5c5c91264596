"""The yearly report: a Word file that opens and a page that parses, with the numbers that the API shows."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from docx import Document
from typer.testing import CliRunner

from chassis import clock
from peiyu.cli import app
from tests.service.registry.conftest import Registry

SUZHOU, QIANJIANG = "suzhou-2018-2020", "qianjiang-2023-2027"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
HEADINGS = ["计划概况", "目标完成情况", "称号逐年情况", "分地区情况", "任务办理情况", "口径和分歧"]


def filled(registry: Registry) -> None:
    for number, (district, begins) in enumerate(
        [("341302", "2018-05-01"), ("341302", "2019-05-01"), ("341321", "2019-06-01")], start=1
    ):
        uscc = registry.register(number, name=f"测试<企业>{number}有限公司", district_code=district)
        act = {"title": "high_tech", "document_number": "测〔2019〕1号", "valid_from": begins}
        assert registry.post(f"/enterprises/{uscc}/titles", act).status_code == 201


def test_the_word_file_has_every_target_and_task_and_charts_that_word_can_edit(registry: Registry) -> None:
    filled(registry)
    answer = registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2020})
    assert (answer.status_code, answer.headers["content-type"]) == (200, WORD), answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="{SUZHOU}-2020.docx"'
    document = Document(io.BytesIO(answer.content))
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 1"]
    assert [each.partition("、")[2] for each in headings] == HEADINGS
    targets = document.tables[0]
    shown = {row.cells[0].text: [cell.text for cell in row.cells] for row in targets.rows[1:]}
    listed = registry.get(f"/programmes/{SUZHOU}/targets", params={"limit": 200, "as_of": "2020-12-31"}).json()
    assert set(shown) == {each["id"] for each in listed["items"]}
    assert shown["T-S1-6"][3:5] == ["不少于 100 家", "3 家"]
    assert shown["T-S1-7"][4] == "—", "what is not known is not zero"
    assert "未登记，不等于没有" in shown["T-S1-7"][9]
    assert shown["T-S1-12"][3] == "多于 60 个，力争 80 个"
    tasks = next(each for each in document.tables if each.rows[0].cells[1].text == "任务")
    assert len(tasks.rows) == 1 + 23
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        charts = [name for name in archive.namelist() if name.startswith("word/charts/")]
        assert len(charts) == 3
        by_year = ElementTree.fromstring(archive.read("word/charts/chart2.xml"))
        types = archive.read("[Content_Types].xml").decode()
    assert all(f'/{name}"' in types for name in charts)
    series = {
        each.find(f"{CHART}tx/{CHART}v").text: [  # type: ignore[union-attr]
            point.text for point in each.iterfind(f"{CHART}val/{CHART}numLit/{CHART}pt/{CHART}v")
        ]
        for each in by_year.iter(f"{CHART}ser")
    }
    assert series["高新技术企业"] == ["1", "3", "3"]


class Cells(HTMLParser):
    """The cells of tables, and every tag that was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and self.tags[-1] in ("td", "th"):
            self.cells[-1] += data


def test_the_page_says_the_same_and_needs_nothing_else(registry: Registry) -> None:
    filled(registry)
    answer = registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2020, "form": "html"})
    assert answer.headers["content-type"].startswith("text/html")
    read = Cells()
    read.feed(answer.text)
    word = registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2020})
    document = Document(io.BytesIO(word.content))
    assert read.cells == [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert read.tags.count("svg") == 3
    assert "script" not in read.tags
    assert re.findall(r"(?:src|href)=", answer.text) == []


def test_a_report_of_an_earlier_year_counts_as_of_that_year(registry: Registry) -> None:
    filled(registry)
    page = registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2018, "form": "html"}).text
    read = Cells()
    read.feed(page)
    begins = read.cells.index("T-S1-6")
    assert read.cells[begins + 4] == "1 家"
    refused = registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2021})
    assert (refused.status_code, refused.json()["code"]) == (422, "report-year-refused")
    with clock.frozen(dt.datetime(2026, 11, 30, tzinfo=dt.UTC)):
        future = registry.get(f"/programmes/{QIANJIANG}/report", params={"year": 2027})
    assert future.status_code == 422, "a year that has not begun has no report"


def test_every_plan_has_a_report_even_with_nothing_recorded(registry: Registry) -> None:
    for plan, year in (("jiulongpo-2022-2025", 2025), ("zhenjiang-2023-2025", 2024), ("xining-2022-2024", 2024)):
        for form in ("docx", "html"):
            answer = registry.get(f"/programmes/{plan}/report", params={"year": year, "form": form})
            assert answer.status_code == 200, answer.text


def test_one_command_writes_both(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(registry)
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path / "nothing-here"))
    monkeypatch.setenv("PEIYU_ENVIRONMENT", "local")
    monkeypatch.setenv("PEIYU_DATABASE_URL", registry.db.url)
    monkeypatch.setenv("PEIYU_IDENTITY_KEY_FILE", str(registry.identities.public_file))
    ran = CliRunner().invoke(app, ["programme", "report", SUZHOU, "--year", "2020", "--folder", str(tmp_path / "out")])
    assert ran.exit_code == 0, ran.output
    page = (tmp_path / "out" / f"{SUZHOU}-2020.html").read_text("utf-8")
    assert page == registry.get(f"/programmes/{SUZHOU}/report", params={"year": 2020, "form": "html"}).text
    assert Document(str(tmp_path / "out" / f"{SUZHOU}-2020.docx")).tables
