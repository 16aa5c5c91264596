"""Titles that presuppose each other are refused by what is in force together on some day, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rulebook.contradictions import problems_together
from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.pack import Pack, Term
from rulebook.source import Problem

TEST = "test: revenue_yuan[t] >= 100 万元"
EASY = '"revenue_yuan[t] >= 100 万元"'
Writer = Callable[..., Pack]


@pytest.fixture
def asking(pack_text: str, dictionary: Dictionary) -> Writer:
    """A pack of one condition: asking("tech_sme", "{holds: [high_tech]}", begins="2026-01-01")."""

    def write(
        title: str, test: str = EASY, *, begins: str = "2026-01-01", ends: str = "", area: str = "", by_kind: str = ""
    ) -> Pack:
        end = f", to: {ends}" if ends else ""
        text = pack_text.replace("title: innovative_sme", f"title: {title}")
        text = text.replace("test-pack", f"{title.replace('_', '-')}-{begins}")
        text = text.replace("{from: 2026-01-01}", f"{{from: {begins}{end}}}")
        text = text.replace(TEST, f"test_by_kind: {by_kind}" if by_kind else f"test: {test}")
        text = text.replace("kinds: [new", f'area: ["{area}"]\nkinds: [new') if area else text
        return load_pack(text, dictionary, f"{title}-{begins}.yaml")

    return write


def cycles(*packs: Pack) -> list[Problem]:
    return [each for each in problems_together(packs) if each.code == "cycle"]


def test_titles_that_presuppose_each_other_in_a_circle_are_found(asking: Writer) -> None:
    first = asking("tech_sme", "{holds: [high_tech]}")
    second = asking("high_tech", "{holds: [specialized_sme]}")
    third = asking("specialized_sme", "{holds: [tech_sme]}")
    assert problems_together([first, second]) == ()
    (found,) = problems_together([first, second, third])
    assert (found.code, found.file, found.line) == ("cycle", third.file, 10)
    assert "专精特新中小企业 → 科技型中小企业 → 高新技术企业 → 专精特新中小企业" in found.remedy
    for pack, asked in ((first, "高新技术企业"), (second, "专精特新中小企业"), (third, "科技型中小企业")):
        assert f"（{pack.id}，{pack.file} 第 10 行 T-1 条件一）要求先有“{asked}”" in found.remedy
    assert "请改正其中一个规则包的 holds" in found.remedy
    (elsewhere,) = problems_together([third, first, second])
    assert elsewhere.file == second.file, "the last one given is the one that somebody is writing"


def test_a_circle_is_found_beside_an_edition_that_has_ended(asking: Writer) -> None:
    """The edition that asks for nothing ended before the other two began."""
    ended = asking("specialized_sme", begins="2022-08-01", ends="2025-12-31")
    draft = asking("specialized_sme", "{holds: [little_giant]}")
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    (found,) = cycles(ended, giant, draft)
    assert "2026-01-01 的新申请人" in found.remedy
    assert cycles(ended, giant) == []


def test_an_edition_that_a_later_one_follows_opens_no_way(asking: Writer) -> None:
    """Nobody closed the older one, but from its first day on the later one judges."""
    older = asking("specialized_sme", begins="2025-01-01")
    later = asking("specialized_sme", "{holds: [little_giant]}")
    giant = asking("little_giant", "{holds: [specialized_sme]}", begins="2024-01-01")
    assert [each.line for each in cycles(giant, older, later)] == [10]
    ends = asking("specialized_sme", "{holds: [little_giant]}", begins="2024-06-01", ends="2024-12-31")
    assert "2024-06-01 的新申请人" in cycles(giant, older, ends)[0].remedy


def test_editions_that_are_never_in_force_together_are_none(asking: Writer) -> None:
    before = asking("specialized_sme", "{holds: [little_giant]}", begins="2022-08-01", ends="2025-12-31")
    after = asking("specialized_sme", begins="2026-01-01")
    giant_before = asking("little_giant", begins="2022-08-01", ends="2025-12-31")
    giant_after = asking("little_giant", "{holds: [specialized_sme]}", begins="2026-01-01")
    assert cycles(before, giant_before, after, giant_after) == []
    giant_early = asking("little_giant", "{holds: [specialized_sme]}", begins="2025-12-31")
    assert [each.file for each in cycles(before, giant_before, after, giant_early)] == [giant_early.file]


@pytest.mark.parametrize(
    "test",
    [
        f"{{any: [{{holds: [little_giant]}}, {EASY}]}}",
        "{holds: [little_giant, high_tech]}",
        "{holds_none: [little_giant]}",
        f"{EASY}\n    applies_if: {{holds: [little_giant]}}",
        "{holds: [little_giant]}\n    applies_if: revenue_yuan[t] >= 1 亿元",
    ],
)
def test_what_leaves_a_way_open_is_none(asking: Writer, test: str) -> None:
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    assert cycles(giant, asking("specialized_sme", test)) == []
    asked = f"{{all: [{EASY}, {{any: [{{holds: [little_giant]}}, {{review: {{holds: [little_giant]}}}}]}}]}}"
    assert len(cycles(giant, asking("specialized_sme", asked))) == 1


def test_a_review_may_presuppose_the_title_and_what_follows_it(asking: Writer) -> None:
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    review = asking("specialized_sme", by_kind=f"{{new: {EASY}, review: {{holds: [specialized_sme, little_giant]}}}}")
    assert "review" in review.conditions[0].tests
    assert review.conditions[0].tests["new"] != review.conditions[0].tests["review"]
    assert cycles(giant, review) == []


def test_alternatives_that_all_lead_back_are_a_circle(asking: Writer) -> None:
    """None of the two is necessary by itself; together they leave no way in."""
    first = asking("specialized_sme", "{holds: [little_giant, champion]}")
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    champion = asking("champion", "{holds: [specialized_sme]}")
    assert cycles(first, giant) == [], "单项冠军 is granted without it"
    (found,) = cycles(giant, champion, first)
    assert found.file == first.file
    assert "要求先有“专精特新“小巨人”企业”或“制造业单项冠军企业”" in found.remedy


def test_a_way_in_by_one_of_the_routes_is_none(asking: Writer, pack_text: str, dictionary: Dictionary) -> None:
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    one = asking("specialized_sme", "{holds: [little_giant]}")
    open_route = replace(one.routes[0], id="other", all_of=())
    assert cycles(giant, one)
    assert cycles(giant, replace(one, routes=(*one.routes, open_route))) == []


def test_a_condition_of_one_year_counts_in_that_year(asking: Writer) -> None:
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    notice = "{holds: [little_giant]}\n    in_force: {from: 2027-01-01, to: 2027-12-31}"
    (found,) = cycles(giant, asking("specialized_sme", notice))
    assert "2027-01-01 的新申请人" in found.remedy
    later = asking("little_giant", "{holds: [specialized_sme]}", begins="2028-01-01")
    assert cycles(later, asking("specialized_sme", notice)) == []


def test_local_editions_meet_where_they_are_for(asking: Writer) -> None:
    """One of 宿州 and one of 黔江 judge nobody together; one of 安徽 judges in 宿州 too."""

    def local(title: str, asked: str, area: str) -> Pack:
        return asking(title, f"{{holds: [{asked}]}}", area=area)

    suzhou = local("suzhou_specialized_sme", "suzhou_growing_micro", "3413")
    assert cycles(suzhou, local("suzhou_growing_micro", "suzhou_specialized_sme", "500114")) == []
    assert len(cycles(suzhou, local("suzhou_growing_micro", "suzhou_specialized_sme", "34"))) == 1


def test_a_version_counts_on_the_days_on_which_it_serves(asking: Writer) -> None:
    giant = asking("little_giant", "{holds: [specialized_sme]}")
    draft = asking("specialized_sme", "{holds: [little_giant]}")
    replaced = {giant.sha256: Term(date.min, date(2026, 12, 31)), draft.sha256: Term(date(2027, 1, 1))}
    assert problems_together([giant, draft], replaced) == ()
    early = {**replaced, draft.sha256: Term(date(2026, 12, 31))}
    assert "2026-12-31 的新申请人" in problems_together([giant, draft], early)[0].remedy


def test_the_shipped_packs_presuppose_in_no_circle_until_one_asks_for_the_title_above(
    shipped: dict[str, Pack], policies: Path, dictionary: Dictionary
) -> None:
    assert problems_together(list(shipped.values())) == ()
    text = (policies / "miit-2-2026-specialized.yaml").read_text("utf-8")
    gate = (
        "gates:\n  - {id: X-1, label: 已是小巨人, clause: 一, quote: 小巨人, evidence: D, modality: must, "
        "test: {holds: [little_giant]}}\n"
    )
    assert text.count("gates:\n") == 1
    draft = load_pack(text.replace("gates:\n", gate), dictionary, "miit-2-2026-specialized.yaml")
    others = [each for stem, each in shipped.items() if stem != "miit-2-2026-specialized"]
    (found,) = problems_together([*others, draft])
    assert (found.code, found.found) == ("cycle", "X-1 已是小巨人")
    assert "2026-04-01 的新申请人" in found.remedy
    assert "miit-2-2026-giant" in found.remedy
