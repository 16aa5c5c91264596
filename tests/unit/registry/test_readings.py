"""Districts, industries, years, titles and standing as people write them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import get_args

import pytest

from rulebook.dictionary import parse_dictionary
from rulebook.divisions import parse_divisions
from rulebook.industries import Industries, parse_industries
from services.registry.api.filters import TitleCode
from services.registry.domain import periods, standing, status, titles
from services.registry.domain.errors import FileNotReadable
from services.registry.domain.places import Places, places_of
from services.registry.domain.status import RegistrationStatus
from services.registry.domain.template import template_columns
from services.registry.domain.uploads import encoding_of

REFERENCE = Path(__file__).resolve().parents[3] / "contracts" / "codes"
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def places() -> Places:
    texts = [(REFERENCE / name).read_text(encoding="utf-8") for name in ("gbt2260.csv", "gbt2260_retired.csv")]
    return places_of(parse_divisions(*texts))


@pytest.fixture(scope="module")
def industries() -> Industries:
    return parse_industries((REFERENCE / "gbt4754_2017.csv").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "code", "remarked"),
    [
        ("341302", "341302", False),
        (" ３４１３０２ ", "341302", False),
        ("341302001", "341302", False),
        ("341302001002", "341302", False),
        ("安徽省宿州市埇桥区", "341302", False),
        ("宿州市埇桥区", "341302", False),
        ("埇桥区", "341302", False),
        ("宿州市", "341300", True),
        ("北京市", "110000", True),
        ("东莞市", "441900", False),
        ("鼓楼区", None, True),
        ("某某区", None, True),
        ("34130", None, True),
        ("341399", "341300", True),
    ],
)
def test_a_district_is_taken_only_when_it_is_certain(
    places: Places, text: str, code: str | None, remarked: bool
) -> None:
    found = places.resolve(text)
    assert (found.division.code if found.division else None) == code
    assert bool(found.remark) == remarked


@pytest.mark.parametrize(
    ("text", "code", "remarked"),
    [
        ("3911", "3911", False),
        ("C3911", "3911", False),
        ("c3911 计算机整机制造", "3911", False),
        ("计算机整机制造", "3911", False),
        ("C39", "39", True),
        ("C", "C", True),
        ("软件开发", "651", True),
        ("其他农业", "0190", False),
        ("建筑陶瓷制品制造", None, True),
        ("A3911", None, True),
        ("9999", None, True),
        ("39111", None, True),
        ("种菜", None, True),
        ("", None, True),
    ],
)
def test_an_industry_is_a_code_or_an_exact_name(
    industries: Industries, text: str, code: str | None, remarked: bool
) -> None:
    found = industries.read(text)
    assert (found.industry.code if found.industry else None) == code
    assert bool(found.remark) == remarked


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2025", 2025),
        ("2025年", 2025),
        ("2025年度", 2025),
        ("２０２５ 年度", 2025),
        ("2025.0", 2025),
        ("", 0),
        ("时点", 0),
        ("2027", None),
        ("1989", None),
        ("25", None),
        ("2025-2026", None),
    ],
)
def test_years_are_four_digits_that_have_begun(text: str, year: int | None) -> None:
    assert periods.read_year(text, TODAY) == year


def test_a_yearly_fact_is_as_of_the_end_of_its_year_but_never_of_tomorrow() -> None:
    assert periods.implied_date(2025, TODAY) == dt.date(2025, 12, 31)
    assert periods.implied_date(2026, TODAY) == TODAY
    assert periods.implied_date(0, TODAY) == TODAY
    assert periods.last_complete_year(dt.date(2026, 1, 1)) == 2025


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("专精特新“小巨人”企业", "little_giant"),
        ('国家级专精特新"小巨人"企业', "little_giant"),
        ("国家级专精特新小巨人", "little_giant"),
        ("制造业单项冠军", "champion"),
        ("高新技术企业", "high_tech"),
        ("high_tech", "high_tech"),
        ("科技型中小企业", "tech_sme"),
        ("省级专精特新中小企业", "specialized_sme"),
        ("宿州市“行业小巨人”", "suzhou_industry_giant"),
        ("宿州市级专精特新企业", "suzhou_specialized_sme"),
        ("宿州市专精特新中小企业", "suzhou_specialized_sme"),
        ("宿州市成长性小微企业", "suzhou_growing_micro"),
        ("黔江区科技型企业", "qianjiang_tech_enterprise"),
        ("重庆市专精特新中小企业", "specialized_sme"),
        ("重庆市级专精特新中小企业", "specialized_sme"),
        ("优秀企业", None),
        ("高企培育", None),
        ("高新技术企业培育库入库企业", None),
        ("镇江市“小进规”重点对象（关注名单）", None),
        ("苏州市专精特新中小企业", None),
        ("国家级专精特新重点“小巨人”企业", None),
    ],
)
def test_titles_are_known_by_the_words_lists_use(text: str, code: str | None) -> None:
    assert titles.read_title(text) == code


@pytest.mark.parametrize(
    ("text", "issuer", "code"),
    [
        ("市级专精特新", "宿州市经济和信息化局", "suzhou_specialized_sme"),
        ("市级专精特新中小企业", "重庆市经济和信息化委员会", "specialized_sme"),
        ("市级专精特新中小企业", "苏州市工业和信息化局", None),
        ("市级专精特新中小企业", "", None),
        ("“行业小巨人”企业", "宿州市人民政府", "suzhou_industry_giant"),
        ("行业小巨人", "安徽省经济和信息化厅", None),
        ("成长性小微企业", "", None),
        ("科技型企业", "重庆市黔江区科学技术局", "qianjiang_tech_enterprise"),
        ("科技型企业", "重庆市科学技术局", None),
    ],
)
def test_a35_the_title_of_a_place_is_never_read_as_the_national_one(text: str, issuer: str, code: str | None) -> None:
    assert titles.read_title(text, issuer) == code
    assert titles.read_title(text) is None
    assert titles.titles_by_place(text), "the refusal says where the word means what"


def test_every_title_of_the_packs_is_read_from_its_own_label_and_offered_by_the_api() -> None:
    assert {titles.read_title(label) for label in titles.TITLES.values()} == set(titles.TITLES)
    assert get_args(TitleCode) == tuple(titles.TITLES)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("认定", "valid"),
        ("复核通过", "valid"),
        ("公示", "publicized"),
        ("复核未通过", "expired"),
        ("取消公告", "cancelled"),
    ],
)
def test_states_are_known_by_the_words_lists_use(text: str, code: str) -> None:
    assert titles.read_state(text) == code


def test_the_last_day_of_a_title_still_counts() -> None:
    last = dt.date(2026, 11, 23)
    assert titles.state_on("valid", last, last) == "valid"
    assert titles.state_on("valid", last, last + dt.timedelta(days=1)) == "expired"
    assert titles.state_on("valid", None, last) == "valid"
    for kept in ("under_review", "publicized", "cancelled"):
        assert titles.state_on(kept, last, last + dt.timedelta(days=1)) == kept


def test_acts_are_told_apart_by_batch_else_by_document_and_matched_when_a_date_is_left_out() -> None:
    assert titles.act_key(" 第三批 ", "文〔1〕") == titles.act_key("第三批", "文〔2〕")
    assert titles.act_key(None, "皖〔2025〕1号") != titles.act_key(None, "皖〔2025〕2号")
    begins = dt.date(2025, 7, 1)
    known = [("a", begins, "first"), ("b", None, "second")]
    assert titles.match_act(known, "a", begins) == "first"
    assert titles.match_act(known, "a", None) == "first"
    assert titles.match_act(known, "b", begins) == "second"
    assert titles.match_act(known, "a", dt.date(2028, 7, 1)) is None
    two = [*known, ("a", dt.date(2028, 7, 1), "third")]
    assert titles.match_act(two, "a", None) is None, "which of the two is meant is not guessed"


def test_risks_and_listings_are_closed_lists() -> None:
    assert standing.read_risks("经营异常、停产") == ("abnormal_operation", "stopped")
    assert standing.read_risks("无") == ()
    assert standing.read_risks("经营异常、没听说过") is None
    assert standing.read_listing("北交所") == "bse"
    assert standing.read_listing("纽交所") is None


def test_what_the_templates_offer_is_what_the_import_takes() -> None:
    nothing = parse_dictionary({})
    choices = {
        (kind, column.header): column.choices
        for kind in ("enterprises", "titles")
        for column in template_columns(kind, nothing)
    }
    assert all(isinstance(status.parse(word), RegistrationStatus) for word in choices[("enterprises", "登记状态")])
    assert all(standing.read_listing(word) for word in choices[("enterprises", "上市情况")])
    assert all(titles.read_title(word) for word in choices[("titles", "称号")])
    assert all(titles.read_state(word) for word in choices[("titles", "状态")])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_the_encoding_is_told_by_the_content(encoding: str) -> None:
    text = "企业名称,统一社会信用代码\r\n喆镕科技有限公司,91\r\n" * 2000
    assert text.encode(encoding).decode(encoding_of(text.encode(encoding))) == text


@pytest.mark.parametrize("content", [b"\xff\xff\xff\xff", b"a\x00b", "a,b".encode("utf-16"), b"\x89PNG\x1a\n\x01"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(FileNotReadable, match=r"另存|上传"):
        encoding_of(content)
