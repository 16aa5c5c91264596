"""Addresses are resolved to a district by their own words, with how it was done."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulebook.divisions import parse_divisions
from services.registry.domain.addresses import resolve_address
from services.registry.domain.contacts import masked_email, masked_name, masked_phone
from services.registry.domain.places import Places, places_of

CODES = Path(__file__).resolve().parents[3] / "contracts" / "codes"


@pytest.fixture(scope="module")
def places() -> Places:
    texts = ((CODES / name).read_text("utf-8") for name in ("gbt2260.csv", "gbt2260_retired.csv"))
    return places_of(parse_divisions(*texts))


@pytest.mark.parametrize(
    ("address", "recorded", "code", "how"),
    [
        ("安徽省宿州市埇桥区拂晓大道1号", "341302", "341302", "named"),
        ("宿州市 埇桥区 拂晓大道1号", None, "341302", "named"),
        ("砀山县芒砀路2号", None, "341321", "named"),
        ("重庆市九龙坡区科园四路", None, "500107", "named"),
        ("中国安徽省宿州市埇桥区", None, "341302", "named"),
        ("安徽省砀山县经济开发区", None, "341321", "in_city"),
        ("安徽省宿州市经济技术开发区", None, "341300", "too_wide"),
        ("鼓楼区中山北路1号", "320106", "320106", "by_record"),
        ("鼓楼区中山北路1号", None, None, "unresolved"),
        ("拂晓大道1号", "341302", None, "unresolved"),
        (None, "341302", None, "missing"),
    ],
)
def test_the_words_of_an_address_decide(
    places: Places, address: str | None, recorded: str | None, code: str | None, how: str
) -> None:
    found = resolve_address(address, recorded, places)
    assert (found.division.code if found.division else None, found.how) == (code, how)


def test_a_district_on_file_that_is_another_one_is_told_and_never_taken(places: Places) -> None:
    found = resolve_address("安徽省宿州市砀山县芒砀路2号", "341302", places)
    assert found.division is not None
    assert found.division.code == "341321"
    assert "埇桥区" in (found.remark or "")


def test_a_name_that_several_places_bear_names_them(places: Places) -> None:
    found = resolve_address("鼓楼区中山北路1号", "110105", places)
    assert (found.division, "不止一处" in (found.remark or "")) == (None, True)


def test_people_are_masked_so_that_they_can_be_told_apart_and_not_called() -> None:
    assert [masked_name(name) for name in ("王小明", "李四", "欧", "欧阳娜娜")] == ["王**", "李*", "欧*", "欧***"]
    assert masked_phone("13812345678") == "138****5678"
    assert masked_phone("0557-3021234") == "055*****1234"
    assert [masked_phone(each) for each in ("302123", "12345")] == ["****23", "***45"]
    assert masked_email("zhang.san@example.com") == "z***@example.com"
