"""The spreadsheets read back to the very facts they were written from."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from peiyu.sample.columns import dictionary
from peiyu.sample.files import (
    ENTERPRISE_HEADERS,
    FACT_HEADERS,
    STATE_LABELS,
    TITLE_HEADERS,
    TITLE_LABELS,
    SampleFiles,
    write_files,
)
from peiyu.sample.generate import generate
from peiyu.sample.model import LABEL, Sample
from rulebook.headers import match_header
from rulebook.values import Value, parse_cell


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Fewer enterprises than the other tests have: every column and every state appears, and writing is not free."""
    return generate(seed=20260401, today=dt.date(2026, 11, 22), enterprises=300)


@pytest.fixture(scope="module")
def files(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    return write_files(sample, tmp_path_factory.mktemp("sample"))


def rows_of(path: Path) -> list[list[object]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def text_of(cell: object) -> str:
    """A cell as an importer sees it: whole numbers without a decimal point, dates in ISO form."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def test_the_headers_are_those_an_officer_uses(files: SampleFiles) -> None:
    assert tuple(rows_of(files.enterprises)[0]) == ENTERPRISE_HEADERS
    assert tuple(rows_of(files.titles)[0]) == TITLE_HEADERS
    headers = rows_of(files.facts)[0]
    assert tuple(headers[:4]) == FACT_HEADERS
    assert "营业收入总额(万元)" in headers
    for path in (files.facts, files.facts_current, files.platform_scores):
        for header in rows_of(path)[0][4:]:
            assert match_header(dictionary(), str(header)) is not None, header


def test_every_fact_survives_the_way_through_the_spreadsheets(sample: Sample, files: SampleFiles) -> None:
    written = {
        (row.uscc, row.fiscal_year, fact_id): value for row in sample.facts for fact_id, value in row.values.items()
    }
    read: dict[tuple[str, int, str], Value] = {}
    for path in (files.facts, files.facts_current, files.platform_scores):
        headers, *rows = rows_of(path)
        columns = [match_header(dictionary(), str(header)) for header in headers[4:]]
        for row in rows:
            year = int(text_of(row[2]) or 0)
            for column, cell in zip(columns, row[4:], strict=True):
                assert column is not None
                value = parse_cell(column.fact, text_of(cell), column.unit)
                if value is not None:
                    read[str(row[1]), year, column.fact.id] = value
    assert read == written


def test_one_row_per_enterprise_and_year_and_one_per_title(sample: Sample, files: SampleFiles) -> None:
    enterprises = rows_of(files.enterprises)[1:]
    assert [row[1] for row in enterprises] == [each.uscc for each in sample.enterprises]
    assert all(str(row[0]).startswith(LABEL) and row[-1] == "是" for row in enterprises)
    keys = [(row[1], row[2]) for row in rows_of(files.facts)[1:]]
    assert len(keys) == len(set(keys))
    titles = rows_of(files.titles)[1:]
    assert len(titles) == len(sample.titles)
    assert {row[2] for row in titles} == set(TITLE_LABELS.values())
    assert {row[-1] for row in titles} == set(STATE_LABELS.values())
    assert isinstance(titles[0][6], dt.date)


def test_every_row_of_every_file_shows_the_label(files: SampleFiles) -> None:
    for path in (files.enterprises, files.facts, files.facts_current, files.platform_scores, files.titles):
        assert all(str(row[0]).startswith(LABEL) for row in rows_of(path)[1:])
    for path in (files.findings, files.consents, files.commissioners):
        rows = json.loads(path.read_text(encoding="utf-8"))
        assert rows
        assert all(row["synthetic"] is True for row in rows)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    day = dt.date(2026, 11, 22)
    one = write_files(generate(5, day, 30), tmp_path / "one")
    two = write_files(generate(5, day, 30), tmp_path / "two")
    for name in SampleFiles.__dataclass_fields__:
        assert getattr(one, name).read_bytes() == getattr(two, name).read_bytes(), name
