"""Which edition applies on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rulebook.editions import EditionsCollide, NoEditionInForce, choose_pack, find_pack
from rulebook.pack import Pack, Term


def test_a01_the_2022_standard_of_innovative_smes_stays_in_force_after_april_2026(packs: dict[str, Pack]) -> None:
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2027, 1, 1)):
        for kind in ("new", "review"):
            assert choose_pack(packs.values(), "innovative_sme", kind, day).id == "miit-63-2022-innovative"


OLD, LAST, FIRST = date(2023, 6, 30), date(2026, 3, 31), date(2026, 4, 1)
YEAR_END, NEXT_YEAR = date(2026, 12, 31), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("title", "kind", "day", "pack"),
    [
        ("specialized_sme", "new", OLD, "miit-63-2022-specialized"),
        ("specialized_sme", "new", LAST, "miit-63-2022-specialized"),
        ("specialized_sme", "new", FIRST, "miit-2-2026-specialized"),
        ("specialized_sme", "review", LAST, "miit-63-2022-specialized"),
        ("specialized_sme", "review", FIRST, "miit-2-2026-specialized"),
        ("specialized_sme", "review", NEXT_YEAR, "miit-2-2026-specialized"),
        ("little_giant", "new", OLD, "miit-63-2022-giant"),
        ("little_giant", "new", LAST, "miit-63-2022-giant"),
        ("little_giant", "new", FIRST, "miit-2-2026-giant"),
        ("little_giant", "new", NEXT_YEAR, "miit-2-2026-giant"),
        ("little_giant", "review", OLD, "miit-63-2022-giant"),
        ("little_giant", "review", LAST, "miit-63-2022-giant"),
        ("little_giant", "review", FIRST, "miit-63-2022-giant"),
        ("little_giant", "review", YEAR_END, "miit-63-2022-giant"),
        ("little_giant", "review", NEXT_YEAR, "miit-2-2026-giant"),
    ],
)
def test_a01_a43_the_edition_by_title_kind_and_application_date(
    packs: dict[str, Pack], title: str, kind: str, day: date, pack: str
) -> None:
    """An old date still gives the old answer, whatever has been loaded since."""
    assert choose_pack(packs.values(), title, kind, day).id == pack


def test_before_the_first_edition_there_is_a_clear_refusal(packs: dict[str, Pack]) -> None:
    with pytest.raises(NoEditionInForce, match="2022-07-31 没有适用于专精特新中小企业（新申请）的规则"):
        choose_pack(packs.values(), "specialized_sme", "new", date(2022, 7, 31))


def test_on_no_day_do_two_shipped_editions_collide_or_leave_a_gap(packs: dict[str, Pack]) -> None:
    edges = {term.start for pack in packs.values() for _, term in pack.terms}
    edges |= {term.end for pack in packs.values() for _, term in pack.terms if term.end}
    days = {edge + timedelta(days=by) for edge in edges for by in (-1, 0, 1)}
    for title in ("innovative_sme", "specialized_sme", "little_giant"):
        for kind in ("new", "review"):
            for day in days:
                assert (find_pack(packs.values(), title, kind, day) is None) == (day < date(2022, 8, 1)), (title, day)


def test_the_refusal_names_the_terms_of_the_kind_that_was_asked(packs: dict[str, Pack]) -> None:
    with pytest.raises(NoEditionInForce, match="2022 年版）自 2022-08-01 至 2026-12-31。"):
        choose_pack(packs.values(), "little_giant", "review", date(2022, 7, 31))


def test_a_title_without_any_pack_is_a_clear_refusal(packs: dict[str, Pack]) -> None:
    with pytest.raises(NoEditionInForce, match="请先导入规则包"):
        choose_pack(packs.values(), "champion", "new", date(2026, 6, 30))


def test_a31_of_two_editions_in_force_the_newer_applies(packs: dict[str, Pack]) -> None:
    old = packs["miit-2-2026-specialized"]
    new = replace(old, id="newer", terms=(("new", Term(date(2026, 9, 1))), ("review", Term(date(2026, 9, 1)))))
    assert choose_pack([old, new], old.title, "new", date(2026, 8, 31)) is old
    assert choose_pack([old, new], old.title, "new", date(2026, 9, 1)) is new


def test_the_last_day_of_an_edition_belongs_to_it(packs: dict[str, Pack]) -> None:
    closed = replace(packs["miit-2-2026-specialized"], terms=(("new", Term(date(2026, 4, 1), date(2026, 12, 31))),))
    assert choose_pack([closed], closed.title, "new", date(2026, 12, 31)) is closed
    with pytest.raises(NoEditionInForce):
        choose_pack([closed], closed.title, "new", date(2027, 1, 1))


def test_two_editions_of_the_same_day_are_not_guessed_between(packs: dict[str, Pack]) -> None:
    first = packs["miit-2-2026-specialized"]
    with pytest.raises(EditionsCollide):
        choose_pack([first, replace(first, id="twin")], first.title, "new", date(2026, 6, 30))


def test_2_5_the_document_numbers_are_the_official_ones(packs: dict[str, Pack]) -> None:
    official = {"2022": "工信部企业〔2022〕63号", "2026": "工信部企业〔2026〕2号"}
    assert [pack.id for pack in packs.values() if pack.document.number != official[pack.edition]] == []
