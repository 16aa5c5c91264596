"""The facts dictionary: what ships is sound, and what is unsound is refused with file and line."""

from __future__ import annotations

import pytest

from rulebook.dictionary import NUMERIC, Dictionary, DictionaryInvalid, parse_dictionary

GOOD = """\
section: 测试
facts:
  - id: revenue_yuan
    label: 营业收入
    label_en: Revenue
    type: money
    unit: 元
    period: fiscal_year
    sources: [self_declared]
    aliases: [营收]
"""


def problems(text: str, other: str = "") -> list[tuple[str, int, str]]:
    texts = {"a.yaml": text} | ({"b.yaml": other} if other else {})
    with pytest.raises(DictionaryInvalid) as refused:
        parse_dictionary(texts)
    return [(each.file, each.line, each.code) for each in refused.value.problems]


def test_the_facts_of_the_size_class_and_the_packs_are_there(dictionary: Dictionary) -> None:
    for fact_id in ("headcount", "revenue_yuan", "total_assets_yuan", "rd_expense_yuan", "market_position_leading"):
        assert fact_id in dictionary


def test_every_shipped_fact_says_who_may_state_it(dictionary: Dictionary) -> None:
    assert [fact.id for fact in dictionary if not fact.sources] == []


def test_every_money_fact_is_kept_in_yuan_and_says_so_in_its_id(dictionary: Dictionary) -> None:
    money = [each for fact in dictionary for each in (fact, *fact.fields) if each.type == "money"]
    assert len(money) > 10
    assert all(each.unit == "元" for each in money)
    assert all(fact.id.endswith("_yuan") for fact in dictionary if fact.type == "money")


def test_the_platform_score_is_kept_by_calendar_year(dictionary: Dictionary) -> None:
    assert dictionary["development_score"].year_of == "calendar"
    assert dictionary["revenue_yuan"].year_of == "fiscal"


def test_only_the_end_of_something_may_lie_in_the_future(dictionary: Dictionary) -> None:
    """Every other date of the dictionary says when something happened: a new one has to choose."""
    dates = {(fact.id, fact.id): fact.future for fact in dictionary if fact.type == "date"}
    dates |= {(fact.id, each.name): each.future for fact in dictionary for each in fact.fields if each.type == "date"}
    assert len(dates) >= 9
    assert {where for where, future in dates.items() if future} == {("honors", "valid_to")}


def test_a_sound_file_is_read() -> None:
    fact = parse_dictionary({"a.yaml": GOOD})["revenue_yuan"]
    assert (fact.label, fact.section, fact.yearly, fact.file, fact.line) == ("营业收入", "测试", True, "a.yaml", 3)


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("id: revenue_yuan", "id: revenue", 3, "malformed"),
        ("id: revenue_yuan", "id: Revenue_yuan", 3, "malformed"),
        ("type: money", "type: cash", 6, "choice"),
        ("unit: 元", "unit: 万元", 7, "unit"),
        ("period: fiscal_year", "period: yearly", 8, "choice"),
        ("sources: [self_declared]", "sources: [hearsay]", 9, "choice"),
        ("label: 营业收入\n", "lable: 营业收入\n", 4, "unknown-key"),
        ("type: money", "type: money\n    allowed: [{code: a, label: 甲}]", 3, "malformed"),
        ("type: money", "type: records", 3, "malformed"),
        ("aliases: [营收]", "min: 十", 10, "number"),
        ("aliases: [营收]", "future: true", 10, "malformed"),
        ("aliases: [营收]", "codes: gbt4754", 10, "malformed"),
        ("aliases: [营收]", "part_of: [net_yuan]", 3, "unknown-fact"),
        ("aliases: [营收]", "part_of: revenue_yuan", 3, "unknown-fact"),
        ("    unit: 元\n", "    unit: 元\n    unit: 元\n", 8, "repeated-key"),
    ],
)
def test_a_mistake_is_refused_with_its_line(old: str, new: str, line: int, code: str) -> None:
    assert old in GOOD
    assert ("a.yaml", line, code) in problems(GOOD.replace(old, new))


FREE = {"total_profit_yuan", "net_profit_yuan", "net_assets_yuan"}
"""What a year may lose, and what is left when it owes more than it has."""


def test_every_figure_that_cannot_be_negative_says_so(dictionary: Dictionary) -> None:
    """A new figure has to choose."""
    least = {fact.id: fact.minimum for fact in dictionary if fact.type in NUMERIC}
    assert {fact_id for fact_id, minimum in least.items() if minimum is None or minimum < 0} == FREE


def test_a_fact_may_be_part_of_several(dictionary: Dictionary) -> None:
    staff = dictionary["rd_staff"]
    assert (staff.wholes, staff.part_of) == (("full_time_staff", "headcount"), "full_time_staff")
    assert dictionary.parts["headcount"] == ((staff, dictionary["headcount"]),)
    assert {whole.id for _, whole in dictionary.parts["rd_staff"]} == {"full_time_staff", "headcount"}
    assert "net_profit_yuan" not in dictionary.parts


def test_one_id_belongs_to_one_fact_across_files() -> None:
    assert ("b.yaml", 3, "duplicate-id") in problems(GOOD, GOOD)


def test_one_header_belongs_to_one_fact() -> None:
    other = GOOD.replace("revenue_yuan", "sales_yuan").replace("label: 营业收入", "label: 销售收入")
    assert ("b.yaml", 3, "duplicate-header") in problems(GOOD, other)


def test_text_that_is_no_yaml_is_refused_with_its_line() -> None:
    assert problems("section: x\nfacts: [") == [("a.yaml", 2, "not-yaml")]
    assert problems("- a\n") == [("a.yaml", 1, "not-yaml")]
