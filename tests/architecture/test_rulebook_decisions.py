"""Every decision A-01 to A-51 is named by a test or by a case of a pack, or listed here as not built yet."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from peiyu.documents.maps import packs
from tests.unit.rulebook.conftest import shipped_cases

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
CASES = ROOT / "services" / "eligibility" / "policies" / "cases"
FIRST, LAST = 1, 51

NOT_BUILT = {
    "A-14": ("finance", "reward ledger: what is a first title (a passed review is none), and what is 市区"),
    "A-15": ("finance", "reward ledger: stacking, and the ceiling where a champion was a 小巨人 before"),
    "A-16": ("finance", "reward ledger: amounts up to a cap are shown as a range"),
}
"""Decision → the service that will own it, and what that service does not do yet."""

ELSEWHERE = dict.fromkeys(("A-18", "A-19", "A-20", "A-21", "A-35"), "registry")
"""Decision → the service outside eligibility where one of its tests must lie."""


def named_by_tests(folder: Path = TESTS) -> set[str]:
    """Decisions in the names of tests: test_a09_…, test_a01_a43_…"""
    found: set[str] = set()
    for path in folder.rglob("test_*.py"):
        for name in re.findall(r"^ *def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE):
            found.update(f"A-{number}" for number in re.findall(r"_a(\d\d)(?=_|$)", name))
    return found


def named_by_cases() -> set[str]:
    found: set[str] = set()
    for path in sorted(CASES.glob("*.yaml")):
        if not path.name.startswith("size-"):
            for case in shipped_cases(path.stem)[1]:
                found.update(case.decisions)
    return found


def test_every_decision_of_eligibility_is_named() -> None:
    every = {f"A-{number:02}" for number in range(FIRST, LAST + 1)}
    named = named_by_tests() | named_by_cases()
    assert {each for each in named if each.startswith("A-")} <= every
    assert sorted(every - named) == sorted(NOT_BUILT), "a decision needs a test; one that got it leaves the list"


def test_what_is_not_built_has_an_owner() -> None:
    for decision, (service, what) in NOT_BUILT.items():
        assert (ROOT / "services" / service / "app.py").is_file(), decision
        assert what, decision


def test_a_decision_of_another_service_is_named_by_a_test_of_that_service() -> None:
    for decision, service in ELSEWHERE.items():
        folders = [TESTS / kind / service for kind in ("unit", "service")]
        assert decision in {name for folder in folders for name in named_by_tests(folder)}, (decision, service)


def test_the_decisions_of_these_packs_are_named_by_cases_that_run_at_activation() -> None:
    """What decides a verdict is asked where an administrator changes a number, not in the repository only."""
    wanted = {
        "A-02", "A-03", "A-04", "A-05", "A-06", "A-07", "A-08", "A-09", "A-10", "A-11", "A-12", "A-13", "A-22", "A-26",
        "A-27", "A-30", "A-31", "A-32", "A-36", "A-37", "A-38", "A-39", "A-40", "A-41", "A-42", "A-43", "A-44", "A-45",
        "A-48", "A-50", "A-51",
    }  # fmt: skip
    assert sorted(wanted - named_by_cases()) == []


def test_every_decision_a_pack_cites_exists_in_the_rulebook() -> None:
    """A remark `# A-40` in a pack points at a decision that is there."""
    for pack in packs():
        text = (CASES.parent / pack.file).read_text("utf-8")
        cited = {int(number) for number in re.findall(r"\bA-(\d\d)\b", text)}
        assert all(FIRST <= number <= LAST for number in cited), pack.id
        assert yaml.safe_load(text)["pack"] == pack.id
