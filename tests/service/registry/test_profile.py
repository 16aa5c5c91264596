"""The one-page profile: as data, as a page and as a Word file, with what is missing said and people masked."""

from __future__ import annotations

import io
from typing import Any

import pytest
from docx import Document

from services.registry.domain.profile_file import ProfileLayoutInvalid, parse_profile_layout
from tests.service.registry.conftest import ALL_SCOPES, Registry

MAY_SEE: dict[str, Any] = {"scopes": (*ALL_SCOPES, "contacts:read"), "subject": "visitor"}


@pytest.fixture
def code(registry: Registry) -> str:
    code = registry.register(
        1,
        name="宿州<测试>精工有限公司",
        industry_code="3451",
        registered_address="安徽省宿州市埇桥区测试路1号",
        registered_capital="12000000",
        risk_flags=["stopped"],
    )
    title = {"title": "little_giant", "batch": "第五批", "document_number": "工信部企业函〔2023〕1号",
             "valid_from": "2023-07-01", "valid_to": "2099-06-30"}  # fmt: skip
    for number in range(8):
        assert registry.post(f"/enterprises/{code}/titles", {**title, "batch": f"第{number}批"}).status_code == 201
    fact = {"fact": "revenue_yuan", "value": "32000000.5", "fiscal_year": 2025, "source": "audit_report"}
    registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": [fact]})
    contact = {"role": "liaison", "name": "王小明", "phone": "13812345678"}
    assert registry.post(f"/enterprises/{code}/contacts", contact).status_code == 201
    return code


def cells(profile: dict[str, Any], heading: str) -> list[list[str]]:
    section = next(each for each in profile["sections"] if each["heading"] == heading)
    return [row for table in section["tables"] for row in table["rows"]]


def test_the_profile_says_what_is_on_file_and_what_is_not(registry: Registry, code: str) -> None:
    found = registry.get(f"/enterprises/{code}/profile", params={"purpose": "走访"}).json()
    assert code in found["subtitle"]
    assert "不作为认定依据" in found["basis"]
    identity = {row[place]: row[place + 1] for row in cells(found, "基本情况") for place in (0, 2)}
    assert (identity["注册资本"], identity["风险提示"], identity["成立日期"]) == ("12,000,000 元", "停产", "未填写")
    assert "安徽省宿州市埇桥区" in identity["注册地址"]
    titles = cells(found, "称号与培育")
    assert len(titles) == 7
    assert titles[-1][0].startswith("另有 2 条")
    revenue = next(row for row in cells(found, "主要指标") if row[0].startswith("营业收入"))
    assert sorted(revenue[1:]) == sorted(["32,000,000.50", "未填写", "未填写"]), "missing is not zero"
    assert cells(found, "联系人与股权") == [["服务联络员", "王**", "138****5678", "—"]]
    (read,) = registry.get(f"/enterprises/{code}/reads").json()["items"]
    assert (read["part"]["code"], read["purpose"]) == ("profile", "走访")


def test_people_are_whole_for_who_may_see_them_and_the_reading_says_so(registry: Registry, code: str) -> None:
    found = registry.get(f"/enterprises/{code}/profile", as_=MAY_SEE).json()
    assert cells(found, "联系人与股权")[0][1:3] == ["王小明", "13812345678"]
    parts = [each["part"]["code"] for each in registry.get(f"/enterprises/{code}/reads").json()["items"]]
    assert sorted(parts) == ["contacts", "profile"]


def test_the_page_escapes_and_the_word_file_is_upright(registry: Registry, code: str) -> None:
    page = registry.get(f"/enterprises/{code}/profile", params={"form": "html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "宿州&lt;测试&gt;精工有限公司" in page.text
    answer = registry.get(f"/enterprises/{code}/profile", params={"form": "docx"})
    document = Document(io.BytesIO(answer.content))
    (section,) = document.sections
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert "不作为认定依据" in section.footer.paragraphs[0].text
    headings = [each.text for each in document.paragraphs if each.style.name == "Heading 1"]
    assert headings == ["一、基本情况", "二、称号与培育", "三、主要指标", "四、联系人与股权", "五、档案完整度"]
    widths = sum(cell.width for cell in document.tables[0].rows[0].cells)
    assert widths <= section.page_width - section.left_margin - section.right_margin + 10


def test_a_stranger_gets_no_profile(registry: Registry, code: str) -> None:
    assert registry.get(f"/enterprises/{code}/profile", as_={"areas": ("11",)}).status_code == 403
    assert registry.get(f"/enterprises/{code}/profile", params={"form": "pdf"}).status_code == 422


def test_a_layout_with_an_unknown_fact_is_refused_with_its_line() -> None:
    text = "edition: x\nyears: 3\nfacts: [revenue]\nrows: 0\nmissing: 8\n"
    with pytest.raises(ProfileLayoutInvalid) as refused:
        parse_profile_layout(text, {"revenue_yuan"})
    assert [problem.line for problem in refused.value.problems] == [3, 4]
