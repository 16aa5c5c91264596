"""Regular expressions mean the same on every Python we promise to run on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("chassis", "contracts", "gateway", "peiyu", "rulebook", "services")
_POSSESSIVE_GROUP = re.compile(r"\)[*+?]\+(?=[^ ])")
"""Before 3.11.5 a possessive group whose inside can backtrack matches wrongly (gh-106052); Debian 12 has 3.11.2."""


def possessive_groups(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if _POSSESSIVE_GROUP.search(line)]


def test_no_group_is_possessive() -> None:
    files = [path for part in OURS for path in (ROOT / part).rglob("*.py") if path.name != "sheet_extent.py"]
    found = {
        str(path.relative_to(ROOT)): lines for path in files if (lines := possessive_groups(path.read_text("utf-8")))
    }
    assert found == {}, "make the group atomic: (?>(?:…)*)"
    [extent] = (ROOT / "services").rglob("sheet_extent.py")
    code = [line for line in extent.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert possessive_groups("\n".join(code)) == []


@pytest.mark.parametrize("planted", ['r"(?:a|b)*+c"', 'rb"(?:ab?c)++x"', 'r"(a)?+b"'])
def test_a_planted_one_is_found(planted: str) -> None:
    assert possessive_groups(planted) == [1]
