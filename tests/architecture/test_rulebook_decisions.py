"""Every decision A-01 to A-51 that eligibility stands on is named by a test or by a case of a pack."""

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

OWNED_ELSEWHERE = {
    "A-14": "rewards: what is a first title, what is 市区",
    "A-15": "rewards: stacking",
    "A-16": "rewards: amounts up to a cap",
    "A-17": "plans: periods that are over (the packs of local titles ask it too)",
    "A-18": "plans: body against annex",
    "A-19": "plans: who leads a task",
    "A-20": "targets: 左右, 力争, 确保",
    "A-21": "targets: stock, flow, each year",
    "A-31": "plans and rewards: national against local (the editions ask it too)",
    "A-33": "targets: plan commitments and the ministry",
    "A-34": "reminders: dates of the yearly update, kept in the packs' life_cycle",
    "A-35": "local titles: what 市级 means (asked by the packs of local titles too)",
}
"""Decision → the area whose tests own it."""


def named_by_tests() -> set[str]:
    """Decisions in the names of tests: test_a09_…, test_a01_a43_…"""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
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
    assert sorted(every - named - set(OWNED_ELSEWHERE)) == []


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
