"""Every row of the rulebook's sections 1 and 2 stands in a shipped pack, and no line there is without a row."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from peiyu.documents.maps import dictionary, packs
from rulebook.pack import Pack
from rulebook.reachability import lines_of
from rulebook.size_table import load_size_table

SHARED = Path(__file__).parents[3] / "shared"
RULEBOOK = SHARED / "domain" / "rulebook.md"
SEEDS = SHARED / "seeds"
POLICIES = Path(__file__).parents[2] / "services" / "eligibility" / "policies"

GATES = ("G63-01", "G63-02", "G63-03", "G63-04", "G63-05")
LIFE = ("DM63-1", "DM63-2", "DM63-2a", "DM63-3", "DM63-4", "DM63-5")
PARTS = {"DM63-2a": "DM63-2"}
"""The second line of a row that says two things: DM63-2 is what a missed update costs, DM63-2a the day it is due."""
ITEMS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四")
ROWS = {
    "miit-63-2022-innovative": (
        *GATES, "G63-06", "G63-07", "CX-A", "CX-D1", "CX-D2", "CX-D3", "CX-D4",
        "CX-1", "CX-2", "CX-3", "CX-4", "CX-5", "CX-6", *LIFE, "OV-1",
    ),
    "miit-63-2022-specialized": (
        *GATES, "G63-06", "ZJ-C1", "ZJ-C2", "ZJ-C3", "ZJ-C4", "ZJ-D1", "ZJ-D2", "ZJ-D3", "ZJ-D4",
        "ZJ-1", "ZJ-2", "ZJ-3", "ZJ-4", "ZJ-5", "ZJ-6", "ZJ-7", "ZJ-8", "ZJ-9", "ZJ-10", "ZJ-11", "ZJ-12", "ZJ-13",
        *LIFE, "OV-2",
    ),
    "miit-63-2022-giant": (
        *GATES, "G63-06", "XJ-Z1", "XJ-Z2", "XJ-Z3", "XJ-J1", "XJ-J2", "XJ-J3", "XJ-J4", "XJ-T1", "XJ-T2", "XJ-X",
        "XJ-X1a", "XJ-X1b", "XJ-X1c", "XJ-X2", "XJ-X3", "XJ-XD1", "XJ-XD2", "XJ-L", "XJ-P", *LIFE, "OV117-5", "OV-2",
    ),
    "miit-2-2026-specialized": (
        *GATES, "ZJ26-1a", "ZJ26-1b", "ZJ26-2a", "ZJ26-2b", "ZJ26-2c", "ZJ26-3", "ZJ26-4", "ZJ26-5", "ZJ26-6",
        "DM63-4", "OV117-4", "OV-2", "OV-3", "OV-4", "OV-5",
    ),
    "miit-2-2026-giant": (
        *GATES, "XJ26-1", "XJ26-2a", "XJ26-2b", "XJ26-2c", "XJ26-2d", "XJ26-3", "XJ26-4", "XJ26-5", "XJ26-6", "XJ26-7",
        "OV117-1", "OV117-2", "OV117-3", "DM63-4", "OV117-4", "OV117-5", "OV-2", "OV-3",
        "OV-4",
    ),
}  # fmt: skip
"""Pack → the rows that stand in it, as the rulebook numbers them."""

DECISIONS = {
    "miit-63-2022-specialized": "ZJ",
    "miit-63-2022-giant": "XJ",
    "miit-2-2026-specialized": "ZJ26",
    "miit-2-2026-giant": "XJ26",
}
"""「同时满足…」 has no row of its own in the rulebook; CX-A does (A-47)."""


def written() -> dict[str, Pack]:
    return {pack.id: pack for pack in packs() if pack.id in ROWS}


@pytest.mark.parametrize("pack_id", ROWS)
def test_every_row_stands_in_the_pack_and_every_line_has_a_row(pack_id: str) -> None:
    pack = written()[pack_id]
    found = [line.id for line in lines_of(pack)]
    items = [each for each in found if each.startswith("附件4（")]
    own = {each for each in found if each not in items} - {DECISIONS.get(pack_id, "")}
    assert own == set(ROWS[pack_id])
    assert {each.removeprefix("附件4（").removesuffix("）") for each in items} <= set(ITEMS)


def test_every_item_of_annex_4_stands_in_a_pack_of_2022_and_in_none_of_2026() -> None:
    """1.5: each in the packs whose lines use it; most are notes, （十） has a number and is a line that is judged."""
    found = {
        edition: {line.id for pack in written().values() if pack.edition == edition for line in lines_of(pack)}
        for edition in ("2022", "2026")
    }
    wanted = {f"附件4（{item}）" for item in ITEMS}
    assert wanted <= found["2022"]
    assert not wanted & found["2026"]


def test_every_line_carries_what_an_official_needs_to_look_it_up() -> None:
    for pack in written().values():
        for line in lines_of(pack):
            assert line.clause, line.id
            assert line.quote, line.id
            assert line.document.number, line.id
            assert re.fullmatch(r"V|S2?|D|M\(\d\d\)", line.evidence), (line.id, line.evidence)


def test_the_lists_here_are_those_of_the_rulebook() -> None:
    """The rulebook is not in the repository: where it lies beside it, the ids are read from it again."""
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    sections = dict(re.findall(r"^## (\d)\. (.*?)(?=^## )", RULEBOOK.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    rows = re.findall(r"^\| ((?:G63|DM63|CX|ZJ|XJ|ZJ26|XJ26|OV|OV117)-\w+) \|", sections["1"] + sections["2"], re.M)
    assert len(rows) == len(set(rows)) > 90
    ours = {PARTS.get(row, row) for ids in ROWS.values() for row in ids} - {
        "CX-A"
    }  # A-47 names it, section 1 describes it
    assert set(rows) == ours
    assert tuple(re.findall(r"^\| \((\w+)\) \|", sections["1"], re.M)) == ITEMS


_SIGNS = str.maketrans("，（）：；“”", ',():;""')


def folded(text: str) -> str:
    return re.sub(r'[\s"]', "", text.translate(_SIGNS).replace("—", "-").replace("–", "-"))


def test_what_a_notice_puts_in_quotation_marks_is_quoted_by_the_rulebook() -> None:
    """Grade V of a condition says that its wording was read; a gist of the same text is graded S.

    Local packs are compared with the published texts themselves (tests/unit/rulebook/test_rulebook_local.py).
    """
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    quoted = folded("|".join(re.findall(r"「([^」]*)」", RULEBOOK.read_text("utf-8"))))
    ours = [
        (pack.id, each.line.id, part)
        for pack in packs()
        if not pack.area
        for each in (*pack.gates, *pack.conditions)
        if each.line.evidence == "V"
        for part in each.line.quote.split("…")
        if folded(part) not in quoted
    ]
    assert ours == []


def in_one_width(text: str) -> str:
    """Without spaces and brackets of quotation, every sign in its narrow form: all else must agree."""
    narrow = unicodedata.normalize("NFKC", text).translate(str.maketrans("“”—–", '""--'))
    return re.sub(r'[\s"「」]', "", narrow)


def test_every_quotation_of_grade_v_stands_word_for_word_in_the_rulebook_or_in_a_seed() -> None:
    """Of decisions, indicators, life cycles and notes too. … leaves words out; a gist is graded S."""
    if not RULEBOOK.is_file():
        pytest.skip("the rulebook is not beside this checkout (../shared/domain)")
    sources = [in_one_width(path.read_text("utf-8")) for path in (RULEBOOK, *sorted(SEEDS.glob("*.txt")))]
    assert len(sources) == 6
    table = load_size_table((POLICIES / "size-2011-2017.yaml").read_text("utf-8"), dictionary(), "size-2011-2017.yaml")
    quoted = [(pack.id, line.id, line.quote) for pack in packs() for line in lines_of(pack) if line.evidence == "V"]
    quoted.append((table.id, "", table.quote))
    assert len(quoted) > 100
    condensed = [
        (pack_id, line_id, part)
        for pack_id, line_id, quote in quoted
        for part in quote.split("…")
        if not any(in_one_width(part) in source for source in sources)
    ]
    assert condensed == []
