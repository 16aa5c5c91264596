"""The rules of the pool: the shipped file, what is wrong with others, and when a rule applies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from services.registry.domain.items_file import parse_items
from services.registry.domain.pool import PoolRule, PoolRules, Signal, applies, content_hash
from services.registry.domain.pool_file import PoolRulesInvalid, parse_pool_rules

REFERENCE = Path(__file__).resolve().parents[3] / "services" / "registry" / "reference"
TEXT = (REFERENCE / "pool_rules.yaml").read_text(encoding="utf-8")
ITEMS = tuple(parse_items((REFERENCE / "certified_items.yaml").read_text(encoding="utf-8")).kinds)
SEEDS = Path(__file__).resolve().parents[4] / "shared" / "seeds"


@pytest.fixture(scope="module")
def shipped() -> PoolRules:
    return parse_pool_rules(TEXT, ITEMS)


def rule(shipped: PoolRules, rule_id: str) -> PoolRule:
    return next(each for each in shipped.rules if each.id == rule_id)


def signal(**changed: Any) -> Signal:
    given = {"title": "specialized_sme", "verdict": "not_eligible", "open_lines": 2, "effort": "months"}
    return Signal(**{**given, **changed})


def test_the_tiers_rise_from_reserve_to_upgrade(shipped: PoolRules) -> None:
    pool = shipped.pools["cultivation"]
    assert [pool.rank(tier) for tier in ("gone", "reserve", "nurture", "upgrade")] == [-1, 0, 1, 2]
    assert {each.by for each in shipped.rules if each.act != "leave"} == {"person"}, "entering is for officials"


def test_the_quotations_stand_in_the_lines_they_name(shipped: PoolRules) -> None:
    if not SEEDS.is_dir():
        pytest.skip("the plans are not beside this checkout (../shared/seeds)")
    plans = {f"S{n}": path.read_text("utf-8").split("\n") for n, path in enumerate(sorted(SEEDS.glob("0*.txt")))}
    lines = re.findall(r"document: (S\d)\n +clause: L(\d+)\n +quote: (.+)\n", TEXT)
    assert len(lines) == 6
    for plan, number, quote in lines:
        assert _plain(quote) in _plain(plans[plan][int(number) - 1])


def _plain(text: str) -> str:
    return re.sub(r"[\s,，;；()（）—-]", "", text)


@pytest.mark.parametrize(
    ("changed", "near"),
    [
        ({}, True),
        ({"effort": "year"}, True),
        ({"effort": None}, True),
        ({"verdict": "unknown"}, True),
        ({"effort": "years"}, False),
        ({"open_lines": 3}, False),
        ({"open_lines": 0}, False),
        ({"open_lines": None}, False),
        ({"verdict": "eligible"}, False),
        ({"verdict": "ended"}, False),
        ({"title": "innovative_sme"}, False),
    ],
)
def test_near_is_what_the_file_says(shipped: PoolRules, changed: dict[str, Any], near: bool) -> None:
    assert applies(rule(shipped, "PL-near"), signal(**changed)) is near


def test_eligible_is_eligible_whatever_is_open(shipped: PoolRules) -> None:
    assert applies(rule(shipped, "PL-eligible"), signal(verdict="eligible", open_lines=None))
    assert not applies(rule(shipped, "PL-eligible"), signal(verdict="manual_review"))


def test_a_rule_of_a_place_binds_there_only(shipped: PoolRules) -> None:
    local = rule(shipped, "PL-high-tech")
    assert [local.binds(code) for code in ("321102", "341302", None)] == [True, False, False]
    assert rule(shipped, "PL-near").binds(None)


@pytest.mark.parametrize(
    ("old", "new", "code", "found"),
    [
        ("when: near_miss", "when: soon", "choice", "soon"),
        ("tier: upgrade", "tier: top", "choice", "top"),
        ("pool: backup", "pool: other", "choice", "other"),
        ("source: small_to_above", "source: rumours", "choice", "rumours"),
        ("items: [ip_advantage]", "items: [ip]", "choice", "ip"),
        ("titles: [tech_sme]", "titles: [tech]", "choice", "tech"),
        ("statuses: [revoked, ", "statuses: [gone, ", "choice", "gone"),
        ("leaving: struck_off", "leaving: bored", "choice", "bored"),
        ("open_lines: 2", "open_lines: few", "number", "few"),
        ("from: [upgrade]", "from: [low]", "choice", "low"),
        ("id: PL-down", "id: PL-up", "repeated-id", "PL-up"),
        ("    by: rule\n", "    by: nobody\n", "choice", "nobody"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(old: str, new: str, code: str, found: str) -> None:
    changed = TEXT.replace(old, new, 1)
    assert changed != TEXT
    with pytest.raises(PoolRulesInvalid) as caught:
        parse_pool_rules(changed, ITEMS)
    line = changed[: changed.index(new)].count("\n") + 1
    told = [(each.code, each.found, abs(each.line - line) <= 1) for each in caught.value.problems]
    assert (code, found, True) in told or (code == "repeated-id" and (code, found) in [each[:2] for each in told])


def test_the_hash_of_a_list_is_that_of_its_rows_in_their_order() -> None:
    one, two = {"uscc": "A", "name": "甲"}, {"name": "乙", "uscc": "B"}
    assert content_hash([one, two]) == content_hash([dict(reversed(one.items())), two])
    assert content_hash([one, two]) != content_hash([two, one])
    assert content_hash([one]) != content_hash([one, two])
