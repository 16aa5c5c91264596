"""The kinds of certified items: the shipped file, what is wrong with others, states and sets."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from services.registry.domain.items import ItemKinds, lacking, state_of
from services.registry.domain.items_file import ItemsInvalid, parse_items

SHIPPED = Path(__file__).resolve().parents[3] / "services" / "registry" / "reference" / "certified_items.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")
SEEDS = Path(__file__).resolve().parents[4] / "shared" / "seeds"


@pytest.fixture(scope="module")
def shipped() -> ItemKinds:
    return parse_items(TEXT)


def test_every_kind_is_asked_for_by_a_target_and_quotes_its_plan(shipped: ItemKinds) -> None:
    assert all(each.targets for each in shipped.kinds.values())
    counted = {target for each in shipped.kinds.values() for target in each.targets}
    assert {"T-S1-7", "T-S1-8", "T-S1-9", "T-S1-10", "T-S1-11", "T-S1-12", "T-S1-13", "T-S1-14"} <= counted
    assert {"T-S0-5", "T-S2-7", "T-S3-9", "T-S3-11", "T-S3-12", "T-S3-14", "T-S4-5", "T-S4-7", "T-S4-8"} <= counted


def test_the_quotations_stand_in_the_lines_they_name(shipped: ItemKinds) -> None:
    if not SEEDS.is_dir():
        pytest.skip("the plans are not beside this checkout (../shared/seeds)")
    plans = [path.read_text(encoding="utf-8").split("\n") for path in sorted(SEEDS.glob("0*.txt"))]
    letters = dict(zip(("S0", "S1", "S2", "S3", "S4"), plans, strict=True))
    for each in (*shipped.kinds.values(), *shipped.sets.values()):
        plan = next(
            code
            for code in letters
            if f"  {code}:\n    number: {each.source.number}\n    name: {each.source.name}" in TEXT
        )
        line = letters[plan][int(each.clause.removeprefix("L")) - 1]
        assert _plain(each.quote) in _plain(line), (each.code, plan, each.clause)


def _plain(text: str) -> str:
    return re.sub(r"[\s,，;；()（）]", "", text)


@pytest.mark.parametrize(
    ("old", "new", "code", "found"),
    [
        ("[nation, province, city], subjects: [enterprise, town]", "[star9], subjects: [enterprise, town]", "choice",
         "star9"),
        ("subjects: [town]", "subjects: [village]", "choice", "village"),
        ("document: S1, clause: L30", "document: S9, clause: L30", "unknown-document", "S9"),
        ("evidence: V, targets: [T-S1-7]", "evidence: X, targets: [T-S1-7]", "choice", "X"),
        ("any_of: [financing_institution]", "any_of: [green_factory]", "choice", "green_factory 不授予 town"),
        ("any_of: [regional_brand]", "any_of: [brand]", "choice", "brand"),
        ("中国驰名商标, group: 质量品牌, unit: 件", "中国驰名商标, group: 质量品牌", "missing-unit", "（没有填写）"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(old: str, new: str, code: str, found: str) -> None:
    changed = TEXT.replace(old, new, 1)
    assert changed != TEXT
    with pytest.raises(ItemsInvalid) as caught:
        parse_items(changed)
    line = changed[: changed.index(new)].count("\n") + 1
    assert (code, found) in [(each.code, each.found) for each in caught.value.problems]
    assert any(abs(each.line - line) <= 2 for each in caught.value.problems)


def test_the_last_day_counts_and_the_day_of_the_revocation_does_not() -> None:
    day = dt.date(2026, 6, 30)
    assert state_of(None, day, day) == "valid"
    assert state_of(None, day, day + dt.timedelta(days=1)) == "expired"
    assert state_of(day, None, day) == "revoked"
    assert state_of(day, None, day - dt.timedelta(days=1)) == "valid"
    assert state_of(None, None, day) == "valid"


def test_a_set_lacks_what_no_item_of_the_level_serves(shipped: ItemKinds) -> None:
    ones = shipped.sets["five_ones"]
    assert len(lacking(ones, [])) == 5
    held = [("financing_institution", "district"), ("service_platform", "city"), ("regional_brand", "city"),
            ("trade_association", "district"), ("tech_center", "city")]  # fmt: skip
    assert [line.label for line in lacking(ones, held)] == ["省级以上企业技术中心或工业设计中心"]
    assert lacking(ones, [*held, ("design_center", "province")]) == []
