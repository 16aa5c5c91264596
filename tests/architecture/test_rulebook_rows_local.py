"""Every row of the rulebook's sections 3 to 6 stands in a shipped rules file, and no line there is without a row."""

import re
from pathlib import Path

import pytest

from peiyu.documents.maps import dictionary, packs
from rulebook.reachability import lines_of
from rulebook.size_table import load_size_table
from tests.unit.rulebook.conftest import shipped_cases

ROOT = Path(__file__).parents[2]
POLICIES = ROOT / "services" / "eligibility" / "policies"
RULEBOOK = ROOT.parent / "shared" / "domain" / "rulebook.md"

SECTIONS = {
    "champion-138-2023": ["DG-0", "DG-1", "DG-2", "DG-3", "DG-4", "DG-5", "DG-6", "DG-7", "DG-8", "DG-9"],
    "hte-32-195-2016": [
        "HT-1", "HT-2", "HT-3", "HT-4", "HT-5", "HT-5b", "HT-6", "HT-7", "HT-8",
        "HT-S1a", "HT-S1b", "HT-S1c", "HT-S1d", "HT-S1e", "HT-S2", "HT-S3", "HT-S4a", "HT-S4b",
    ],
    "tsme-115-2017": ["TS-1", "TS-2", "TS-3", "TS-4", "TS-5", "TS-8", "TS-S1", "TS-S2", "TS-S3"],
}  # fmt: skip
"""Pack → the ids of its rows; the indicators of section 5 are TS-S1 to TS-S3 (A-47)."""

PARTS = {
    "DG-1": ("DG-1a", "DG-1b", "DG-1c", "DG-1d"),
    "DG-8": ("DG-8", "DG-8a", "DG-8b", "DG-8c"),
    "HT-5": ("HT-5-1", "HT-5-2", "HT-5-3"),
    "HT-S3": ("HT-S3a", "HT-S3b", "HT-S3c", "HT-S3d"),
    "TS-4": ("TS-4a", "TS-4b"),
    "TS-8": ("TS-8", "TS-8a", "TS-8b", "TS-8c", "TS-8d"),
}
"""A row that says several things → its lines."""

BESIDE = {
    "hte-32-195-2016": {"HT-L1", "HT-L2", "HT-N1", "HT-N2", "HT-N3"},
    "tsme-115-2017": {
        "TS-L1", "TS-L2", "TS-N1", "TS160-1", "TS160-2", "TS160-3", "TS160-4", "TS160-5", "TS160-6",
        "TS-B1",
    },
}  # fmt: skip
"""Lines for what the sections say below their tables."""

INDUSTRIES = (
    "农、林、牧、渔业", "工业", "建筑业", "批发业", "零售业", "交通运输业", "仓储业", "邮政业", "住宿业", "餐饮业",
    "信息传输业", "软件和信息技术服务业", "房地产开发经营", "物业管理", "租赁和商务服务业", "其他未列明行业",
)  # fmt: skip
DECISIONS = ("A-05", "A-07", "A-12", "A-13", "A-17", "A-25", "A-27", "A-28", "A-29", "A-32", "A-35", "A-38", "A-46",
             "A-47", "A-49", "A-50")  # fmt: skip


@pytest.mark.parametrize("pack_id", SECTIONS)
def test_every_row_stands_in_the_pack_and_every_line_has_a_row(pack_id: str) -> None:
    pack = next(each for each in packs() if each.id == pack_id)
    wanted = {part for row in SECTIONS[pack_id] for part in PARTS.get(row, (row,))}
    assert {line.id for line in lines_of(pack)} == wanted | BESIDE.get(pack_id, set())


def test_the_size_table_has_the_sixteen_rows_in_order() -> None:
    path = POLICIES / "size-2011-2017.yaml"
    rows = load_size_table(path.read_text(encoding="utf-8"), dictionary(), path.name).rows
    assert [(row.id, row.label) for row in rows] == [
        (f"划型-{number}", label) for number, label in enumerate(INDUSTRIES, start=1)
    ]


def test_the_lists_here_are_those_of_the_rulebook() -> None:
    """The rulebook is not in the repository: where it lies beside it, the lists above are read from it again."""
    if not RULEBOOK.is_file():
        return
    text = RULEBOOK.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\d)\.(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL))
    found = {number: re.findall(r"^\| ((?:DG|HT)-\w+(?:/\w)?|TS-\d+|S\d(?= )) ?", body, re.MULTILINE)
             for number, body in sections.items()}  # fmt: skip
    assert found["3"] == SECTIONS["champion-138-2023"]
    hte = [part for row in found["4"] for part in (("HT-S4a", "HT-S4b") if row == "HT-S4a/b" else (row,))]
    assert hte == SECTIONS["hte-32-195-2016"]
    assert [f"TS-{row}" if row.startswith("S") else row for row in found["5"]] == SECTIONS["tsme-115-2017"]
    assert re.findall(r"^\| \d+ \| ([^|]+?) \|", sections["6"], re.MULTILINE) == list(INDUSTRIES)


def test_every_decision_that_touches_these_packs_is_named_by_a_case() -> None:
    named: set[str] = set()
    for path in (POLICIES / "cases").glob("*.yaml"):
        if not path.name.startswith(("size-", "miit-")):
            for case in shipped_cases(path.stem)[1]:
                named.update(case.decisions)
    assert [decision for decision in DECISIONS if decision not in named] == []
