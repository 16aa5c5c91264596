"""Two versions of a pack are compared by the ids of their lines, in words with clause; an outline says the whole."""

from dataclasses import replace
from typing import get_args

import pytest

from rulebook import phrases
from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.outline import outline
from rulebook.pack import Pack, Test
from rulebook.pack_differences import ABSENT, pack_differences
from rulebook.reachability import lines_of

INNOVATIVE = "miit-63-2022-innovative"


def told(before: str, after: str, dictionary: Dictionary) -> list[tuple[str, str, str, str]]:
    found = pack_differences(load_pack(before, dictionary), load_pack(after, dictionary))
    return [(each.id, each.what, each.before, each.after) for each in found]


def test_a_pack_does_not_differ_from_itself_nor_by_what_is_written_otherwise(
    shipped: dict[str, Pack], pack_text: str, dictionary: Dictionary
) -> None:
    assert [each for pack in shipped.values() for each in pack_differences(pack, pack)] == []
    assert told(pack_text, "# 注释\n" + pack_text.replace("100 万元", "1000000 元"), dictionary) == []


def test_what_differs_for_one_kind_alone_is_told_with_the_kind(pack_text: str, dictionary: Dictionary) -> None:
    def asking(review: str) -> Pack:
        pack, other = (load_pack(pack_text.replace("100 万元", each), dictionary) for each in ("100 万元", review))
        (first, *rest), (stricter, *_) = pack.conditions, other.conditions
        tests = {"new": first.tests["new"], "review": stricter.tests["new"]}
        return replace(pack, conditions=(replace(first, tests=tests), *rest))

    (found,) = pack_differences(asking("100 万元"), asking("200 万元"))
    assert (found.id, found.what, found.before, found.after) == ("T-1", "要求（复核）", "≥100 万元", "≥200 万元")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (">= 100 万元", ">= 200 万元", ("T-1", "要求", "≥100 万元", "≥200 万元")),
        (">= 100 万元", "> 100 万元", ("T-1", "要求", "≥100 万元", ">100 万元")),
        ("label: 条件一", "label: 条件甲", ("T-1", "名称", "条件一", "条件甲")),
        ("clause: 第一条", "clause: 第二条", ("T-1", "条款", "第一条", "第二条")),
        ("{from: 2026-01-01}", "{from: 2026-01-01, to: 2026-12-31}", ("", "施行期（新申请）", "2026-01-01 起",
                                                                      "2026-01-01 起至 2026-12-31")),
    ],
)  # fmt: skip
def test_one_change_is_one_difference(
    pack_text: str, dictionary: Dictionary, old: str, new: str, expected: tuple[str, ...]
) -> None:
    assert expected in told(pack_text, pack_text.replace(old, new), dictionary)


def test_points_bands_and_thresholds_of_routes(scored_text: str, dictionary: Dictionary) -> None:
    assert told(scored_text, scored_text.replace("to: 5%, points: 10", "to: 5%, points: 12"), dictionary) == [
        ("T-S1", "“3%～5%”一档的分值", "10 分", "12 分")
    ]
    moved = scored_text.replace("3%", "4%")
    assert told(scored_text, moved, dictionary) == [
        ("T-S1", "分档", "≥5%：20 分；3%～5%：10 分；3%以下：0 分", "≥5%：20 分；4%～5%：10 分；4%以下：0 分")
    ]
    assert told(scored_text, scored_text.replace(">= 15 分", ">= 12 分"), dictionary) == [
        ("score", "总分要求", "≥15 分", "≥12 分")
    ]


def test_windows_and_entries(pack_text: str, dictionary: Dictionary) -> None:
    written = "{some: science_awards, where: {level: [national]}, within: {field: awarded_on, rolling_years: 3}}"
    before = pack_text.replace("revenue_yuan[t] >= 100 万元", written)
    after = before.replace("rolling_years: 3", "rolling_years: 5").replace("[national]", "[national, provincial]")
    assert told(before, after, dictionary) == [
        ("T-1", "时间窗口", "近 3 年", "近 5 年"),
        ("T-1", "所指记录", "级别为国家级", "级别为国家级或省级"),
    ]


def test_one_of_several_tests_is_named_and_order_does_not_count(pack_text: str, dictionary: Dictionary) -> None:
    both = '{all: ["revenue_yuan[t] >= 100 万元", "headcount[t] >= 10 人"]}'
    before = pack_text.replace("revenue_yuan[t] >= 100 万元", both)
    raised = before.replace(">= 10 人", ">= 20 人")
    assert told(before, raised, dictionary)[0][1].endswith("的要求")
    reordered = pack_text.replace(
        "revenue_yuan[t] >= 100 万元", '{all: ["headcount[t] >= 10 人", "revenue_yuan[t] >= 100 万元"]}'
    )
    assert told(before, reordered, dictionary) == []
    assert ("T-1", "其中一项要求", ABSENT, "具有独立法人资格为“是”") in told(
        before, before.replace(' 人"]}', ' 人", legal_person = 是]}'), dictionary
    )


def test_lines_that_came_or_went(pack_text: str, dictionary: Dictionary) -> None:
    added = """\
  - {id: T-2, label: 条件二, clause: 第二条, quote: 原文二, evidence: V, modality: must, test: legal_person = 是}
routes:
"""
    after = pack_text.replace("routes:\n", added).replace("[T-1]", "[T-1, T-2]")
    found = pack_differences(load_pack(pack_text, dictionary), load_pack(after, dictionary))
    assert [str(each) for each in found] == [
        "条件 T-2 条件二：新增“条件二”　〔第二条〕",
        "路径 only 全部：须全部满足的条件新增“T-2”",
    ]


def test_editions_of_years_apart_are_compared_in_whole(shipped: dict[str, Pack]) -> None:
    found = pack_differences(shipped["miit-63-2022-specialized"], shipped["miit-2-2026-specialized"])
    said = {each.id: each for each in found}
    assert said["ZJ26-3"].before == ABSENT
    assert all(each.before != each.after for each in found)
    assert sum(each.what == "依据文件" for each in found) < 5, "the pack's other document is said once"


def test_the_outline_names_every_line_with_its_clause(shipped: dict[str, Pack]) -> None:
    for pack in shipped.values():
        said = [str(each) for each in outline(pack)]
        for line in lines_of(pack):
            if line is pack.alternatives:
                continue
            assert any(f"{line.id} {line.label}" in each and line.clause in each for each in said), (pack.id, line.id)


def test_the_outline_says_thresholds_points_and_routes(shipped: dict[str, Pack]) -> None:
    said = "\n".join(map(str, outline(shipped[INNOVATIVE])))
    for expected in ("研发费用总额[t]÷营业收入[t]", "≥5%：20 分", "总分 ≥60 分", "规模为中型、小型、微型", "近 3 年"):
        assert expected in said, expected


def test_every_kind_of_test_has_words() -> None:
    assert set(phrases._TESTS) == set(get_args(Test))
