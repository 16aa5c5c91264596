"""The bytes of a row are fixed: keys, order, escaping; nothing in CSV can start a formula."""

import csv
import datetime as dt
import io
import json

import pytest

from services.finance.domain.rows import COLUMNS, CSV_HEADER, canonical, csv_line, csv_row, row_of
from services.finance.domain.titles import Enterprise, Title

ENTERPRISE = Enterprise(
    uscc="91341300MA2N0000X1",
    name='宿州"示例"新材料有限公司',
    status="active",
    district_code="341302",
    district_name="埇桥区",
    size_class="small",
    industry_code="3912",
    risk_flags=("stopped", "abnormal_operation"),
    synthetic=True,
)
TITLE = Title(
    title_id="t-1",
    title="specialized_sme",
    title_label="专精特新中小企业",
    state="under_review",
    batch="2023年度",
    valid_from=dt.date(2023, 3, 4),
    valid_to=dt.date(2026, 3, 3),
)


def test_the_canonical_form_of_a_row_never_changes() -> None:
    assert canonical(row_of(ENTERPRISE, TITLE)) == (
        '{"uscc":"91341300MA2N0000X1","name":"宿州\\"示例\\"新材料有限公司","title":"specialized_sme",'
        '"title_label":"专精特新中小企业","batch":"2023年度","document_number":null,"issued_by":null,'
        '"announced_on":null,"valid_from":"2023-03-04","valid_to":"2026-03-03","state":"under_review",'
        '"state_label":"复核中","district_code":"341302","district_name":"埇桥区","size_class":"small",'
        '"industry_code":"3912","industry_name":null,"listing_status":null,'
        '"risk_flags":["abnormal_operation","stopped"],"synthetic":true,"title_id":"t-1"}'
    )


def test_a_parsed_row_is_written_back_to_the_same_bytes() -> None:
    line = canonical(row_of(ENTERPRISE, TITLE))
    assert canonical(json.loads(line)) == line
    assert tuple(json.loads(line)) == COLUMNS


def test_a_line_break_in_a_name_stays_inside_its_line() -> None:
    row = row_of(Enterprise(uscc="X", name="甲\n乙\u2028丙", status="active"), TITLE)
    assert "\n" not in canonical(row)


def test_csv_reads_back_as_the_row() -> None:
    row = row_of(ENTERPRISE, TITLE)
    [read] = csv.DictReader(io.StringIO(f"{CSV_HEADER}\n{csv_row(row)}\n"))
    assert read["name"] == ENTERPRISE.name
    assert read["document_number"] == ""
    assert read["risk_flags"] == "abnormal_operation;stopped"
    assert read["synthetic"] == "true"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_csv_starts_a_formula(start: str) -> None:
    hostile = f'{start}HYPERLINK("http://example.invalid","点我")'
    [[cell]] = csv.reader(io.StringIO(csv_line([hostile]) + "\n", newline=""))
    assert cell == "'" + hostile


def test_a_number_in_csv_is_not_taken_for_a_formula() -> None:
    assert csv_line([-1, 2, "3-4"]) == "-1,2,3-4"
