"""Other figures in a pack's text: only those of the line named, and the text around them as it was written."""

import pytest

from rulebook.amend import Amendment, amend, figures_of
from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid, load_pack
from rulebook.pack_differences import pack_differences

GIANT = "miit-2-2026-specialized"


def test_the_figure_of_one_line_is_changed_and_nothing_else(pack_text: str, dictionary: Dictionary) -> None:
    text = "# 100 万元\n" + pack_text
    found = amend(text, [Amendment("T-1", "100万元", "200 万元")])
    assert found == text.replace(">= 100 万元", ">= 200 万元")
    (difference,) = pack_differences(load_pack(text, dictionary), load_pack(found, dictionary))
    assert (difference.id, difference.before, difference.after) == ("T-1", "≥100 万元", "≥200 万元")


def test_every_place_of_the_line_that_says_the_figure_is_changed(scored_text: str, dictionary: Dictionary) -> None:
    found = amend(scored_text, [Amendment("T-S1", "3%", "4%"), Amendment("score", "15 分", "12 分")])
    pack = load_pack(found, dictionary)
    assert [band.text for band in pack.indicators[0].bands] == ["≥5%", "4%～5%", "4%以下"]
    assert pack.routes[0].score is not None
    assert pack.routes[0].score.total is not None
    assert pack.routes[0].score.total.value == 12


def test_what_one_amendment_writes_the_next_does_not_find(scored_text: str, dictionary: Dictionary) -> None:
    found = amend(scored_text, [Amendment("T-S1", "3%", "5%"), Amendment("T-S1", "5%", "7%")])
    pack = load_pack(found, dictionary)
    assert [band.text for band in pack.indicators[0].bands] == ["≥7%", "5%～7%", "5%以下"]


def test_one_figure_becomes_one_other(scored_text: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        amend(scored_text, [Amendment("T-S1", "3%", "4%"), Amendment("T-S1", "3 %", "2%")])
    assert [each.code for each in refused.value.problems] == ["amended-twice"]


def test_years_labels_and_quotations_are_no_figures(pack_text: str) -> None:
    text = pack_text.replace("revenue_yuan[t] >=", "revenue_yuan[t-1] >=").replace("原文一", "原文 100 万元")
    assert figures_of(text, "T-1") == ("100 万元",)
    assert "原文 100 万元" in amend(text, [Amendment("T-1", "100 万元", "1 亿元")])
    assert figures_of(text, "T-9") == ()


@pytest.mark.parametrize(
    ("amendment", "code", "said"),
    [
        (Amendment("T-9", "100 万元", "200 万元"), "unknown-line", "T-9"),
        (Amendment("T-1", "10 万元", "200 万元"), "unknown-figure", "100 万元"),
        (Amendment("T-1", "100 万元", "很多"), "number", "很多"),
        (Amendment("T-1", "100 万元", "1 万元\n  - x"), "number", "x"),
    ],
)
def test_what_is_not_there_is_told(pack_text: str, amendment: Amendment, code: str, said: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        amend(pack_text, [amendment])
    (problem,) = refused.value.problems
    assert problem.code == code
    assert said in problem.found + problem.expected


def test_what_no_longer_fits_is_the_loaders_to_refuse(scored_text: str, dictionary: Dictionary) -> None:
    with pytest.raises(PackInvalid):
        load_pack(amend(scored_text, [Amendment("score", "15 分", "99 分")]), dictionary)
    with pytest.raises(PackInvalid):
        amend("a: &x [1]\nb: *x\n", [Amendment("T-1", "1", "2")])


def test_the_figures_of_every_shipped_line_can_be_changed(policies: object, dictionary: Dictionary) -> None:
    path = next(each for each in policies.glob("*.yaml") if each.stem == GIANT)  # type: ignore[attr-defined]
    text = path.read_text("utf-8")
    assert {"100 万元", "3%"} <= set(figures_of(text, "ZJ26-3"))
    found = load_pack(amend(text, [Amendment("ZJ26-3", "3%", "4%")]), dictionary)
    assert {each.id for each in pack_differences(load_pack(text, dictionary), found)} == {"ZJ26-3"}
