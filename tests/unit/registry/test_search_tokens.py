"""What a name is indexed under and how a query is read, without a database."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.registry.domain.exports import csv_line
from services.registry.domain.search.classes import band_of, tier_of, weight_of
from services.registry.domain.search.places import body_of, body_of_query, core_of, place_names
from services.registry.domain.search.readings import readings, spelled
from services.registry.domain.search.tokens import grams, index_name

PLACES = place_names(["安徽省", "宿州市", "埇桥区", "重庆市", "江北区"])


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("重庆", ["chong", "qing"]),
        ("重工", ["zhong", "gong"]),
        ("银行", ["yin", "hang"]),
        ("绿a3", ["lv", "a", "3"]),
    ],
)
def test_readings_know_the_phrases_in_which_a_character_sounds_otherwise(text: str, syllables: list[str]) -> None:
    assert readings().of(text) == syllables


@pytest.mark.parametrize(
    ("letters", "syllables"),
    [
        ("chengqunan", ["cheng", "qu", "nan"]),
        ("hengto", ["heng", "to"]),
        ("xian", ["xian"]),
        ("suabheng", ["su", "a", "b", "heng"]),
    ],
)
def test_letters_are_cut_into_the_likeliest_syllables(letters: str, syllables: list[str]) -> None:
    assert spelled(letters, readings().syllables)[0] == syllables


def test_an_ambiguous_spelling_keeps_its_other_reading_and_a_long_one_ends() -> None:
    assert ["xi", "an"] in spelled("xian", readings().syllables)
    assert len(spelled("zz" * 50, readings().syllables, most=4)) == 1


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("安徽省宿州市埇桥区恒通机械有限公司", "恒通机械"),
        ("宿州恒通机械股份有限公司", "恒通机械"),
        ("(重庆)恒通有限责任公司", "恒通"),
        ("宿州市", "宿州市"),
        ("恒通有限公司宿州分公司", "恒通宿州分"),
    ],
)
def test_the_core_of_a_name_has_neither_place_nor_legal_form(name: str, core: str) -> None:
    assert core_of(body_of(name), PLACES) == core


def test_a_legal_form_that_is_being_typed_does_not_count_either() -> None:
    assert {body_of_query(f"恒通{form}") for form in ("", "有限", "有限公", "股份有", "有限责任公司")} == {"恒通"}
    assert body_of_query("有限公司") == "有限公司"


def test_what_every_name_has_is_not_indexed() -> None:
    tokens = index_name("宿州恒通有限公司", PLACES, readings()).tokens
    assert not {"有限", "公司", "限公", "公", "司", " you xian"} & set(tokens)
    assert {"恒", "恒通", " heng tong", "  ht", " zhou heng"} <= set(tokens)
    assert grams("有限公司") == []


def test_no_token_of_sound_can_be_mistaken_for_letters_of_a_name() -> None:
    key = "htheng=@有限公司"
    tokens = index_name(key, PLACES, readings()).tokens
    assert all(each in key for each in tokens if not each.startswith(" "))
    assert {"  ht", " h t", " =", "=@"} <= set(tokens)


def test_classes() -> None:
    assert (tier_of({"innovative_sme", "little_giant"}), tier_of({"high_tech"})) == ("little_giant", "none")
    assert [band_of(Decimal(each)) for each in ("0", "9999999.99", "10000000", "400000000")] == [
        "under_10m", "under_10m", "10m_20m", "400m_up",
    ]  # fmt: skip
    assert weight_of({"little_giant"}, "large") == 9
    assert weight_of(set(), None) == 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM", "\t=1", "\r=1", "＝1"])
def test_no_cell_of_csv_starts_a_formula(text: str) -> None:
    assert csv_line([text, "a"]).lstrip('"').startswith("'")
