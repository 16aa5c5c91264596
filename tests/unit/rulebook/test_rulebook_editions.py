"""Which edition applies on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from rulebook.editions import EditionsCollide, NoEditionInForce, choose_pack
from rulebook.pack import Pack, Term


def test_a01_the_2022_standard_of_innovative_smes_stays_in_force_after_april_2026(packs: dict[str, Pack]) -> None:
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2027, 1, 1)):
        for kind in ("new", "review"):
            assert choose_pack(packs.values(), "innovative_sme", kind, day).id == "miit-63-2022-innovative"


def test_a01_the_2026_edition_starts_on_the_first_of_april(packs: dict[str, Pack]) -> None:
    assert choose_pack(packs.values(), "specialized_sme", "new", date(2026, 4, 1)).edition == "2026"
    with pytest.raises(NoEditionInForce, match="2026-03-31 没有适用于专精特新中小企业（新申请）的规则"):
        choose_pack(packs.values(), "specialized_sme", "new", date(2026, 3, 31))


def test_a43_a_review_of_specialized_smes_from_april_2026_uses_the_2026_edition(packs: dict[str, Pack]) -> None:
    assert choose_pack(packs.values(), "specialized_sme", "review", date(2026, 4, 1)).edition == "2026"


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
    numbers = {stem: pack.document.number for stem, pack in packs.items()}
    assert numbers["miit-63-2022-innovative"] == "工信部企业〔2022〕63号"
    assert numbers["miit-2-2026-specialized"] == "工信部企业〔2026〕2号"
