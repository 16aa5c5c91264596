"""Every number and every word of a list in a pack is held by a case: changed by the least amount, some case fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from rulebook.cases import run_case
from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid, compile_pack
from rulebook.source import Block, Node, Reader, Scalar, Sequence
from tests.unit.rulebook.conftest import POLICIES, shipped_cases

STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))
"""Every pack, also one whose document gives no rule: it has a period."""

# unit → the least change that matters: one yuan, a ten-millionth, a hundredth of a year or point, one piece
STEPS = {
    "亿元": Decimal("0.00000001"),
    "万元": Decimal("0.0001"),
    "人": Decimal(1),
    "天": Decimal(1),
    "%": Decimal("0.00001"),
    "年": Decimal("0.01"),
    "分": Decimal("0.01"),
    "项": Decimal(1),
    "个": Decimal(1),
    "名": Decimal(1),
}
NUMBER = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)( ?)(亿元|万元|人|天|%|年|分|项|个|名)")
WHOLE = ("rolling_years", "fiscal_years", "calendar_years", "years", "points", "cap")
RANGE = re.compile(r"(\d+)-(\d+)")
SAID = (
    "id", "label", "clause", "quote", "evidence", "document", "text", "otherwise", "effort", "group", "max",
    "in_force", "kinds", "slot", "flag",
)  # fmt: skip
RULES = ("gates", "conditions", "groups", "indicators", "routes")
PARTS = ("all", "any", "of", "where", "review_where")

FIVES = dict.fromkeys(("total", "innovation", "growth", "specialization"), (Decimal(1), Decimal(-5)))
"""Points of 创新型 come in fives: nothing scores between 55 and 60."""
SCORE_STEPS: Mapping[str, Mapping[str, tuple[Decimal, ...]]] = {
    # every score of 科技型 is even, and staff points come in fours: 59 asks what 60 asks, and > 1 what > 0 asks
    "tsme-115-2017": {"total": (Decimal(1), Decimal(-2)), "staff": (Decimal(4), Decimal(-1))},
    "hte-32-195-2016": {"total": (Decimal(1), Decimal(-1))},
}
"""Pack → the least changes of a demanded score that some enterprise could notice; otherwise `FIVES`."""

_GRADES = "experts give whole points: only the least and the most of all grades count, the limits between are words"
_ALWAYS_OPEN = "the document leaves the condition open, so a person decides whether the plan is over or not"
_BAN_OR_AFTER = "while a ban runs and after its years a person decides (A-50), so their number changes nothing"
EQUIVALENT: Mapping[str, Mapping[str, str]] = {
    "hte-32-195-2016": {
        f"{line}: points {old} → {new}": _GRADES
        for line in ("HT-S1a", "HT-S1b")
        for old, new in (
            ("1-2", "1-1"), ("1-2", "2-2"), ("3-4", "3-3"), ("3-4", "4-4"), ("5-6", "5-5"), ("5-6", "6-6"),
            ("7-8", "8-8"),
        )
    },
    "tsme-115-2017": {f"TS-B1: years 3 → {years}": _BAN_OR_AFTER for years in (2, 4)},
    "suzhou-2018-specialized": {"S1-plan: modality must → should": _ALWAYS_OPEN},
    "suzhou-2018-growing-micro": {"S1-plan: modality must → should": _ALWAYS_OPEN},
    "qianjiang-2023-tech-enterprise": {"S2-plan: modality must → should": _ALWAYS_OPEN},
    "zhenjiang-2023-small-to-above": {"S3-plan: modality must → should": _ALWAYS_OPEN},
}  # fmt: skip
"""Pack → the changes that no enterprise can notice, each with its reason."""


def changed_scalars(
    key: str, scalar: Scalar, scores: Mapping[str, tuple[Decimal, ...]]
) -> Iterator[tuple[str, Scalar]]:
    text = scalar.text
    for match in NUMBER.finditer(text):
        step = STEPS[match.group(3)]
        for change in scores.get(key, (step, -step)):
            number = f"{Decimal(match.group(1)) + change:f}"
            new = text[: match.start()] + number + text[match.end(1) :]
            yield f"{key} {text} → {new}", replace(scalar, text=new)
    if key in WHOLE and text.isdigit():
        for number in (str(int(text) + 1), str(int(text) - 1)):
            yield f"{key} {text} → {number}", replace(scalar, text=number)
    if key == "points" and (ends := RANGE.fullmatch(text)):
        low, high = int(ends.group(1)), int(ends.group(2))
        for changed_low, changed_high in ((low + 1, high), (low - 1, high), (low, high + 1), (low, high - 1)):
            new = f"{changed_low}-{changed_high}"
            yield f"points {text} → {new}", replace(scalar, text=new)
    if key == "until":
        for days in (1, -1):
            new = (date.fromisoformat(text) + timedelta(days)).isoformat()
            yield f"{key} {text} → {new}", replace(scalar, text=new)
    for old, new in (("= 是", "= 否"), ("= 否", "= 是")):
        if text.endswith(old):
            yield f"{key} {text} → {new}", replace(scalar, text=text.replace(old, new))
    if (key, text) == ("modality", "must"):
        yield "modality must → should", replace(scalar, text="should")


def changed(key: str, node: Node, scores: Mapping[str, tuple[Decimal, ...]]) -> Iterator[tuple[str, Node]]:
    """The node with one thing changed, and where that was."""
    if isinstance(node, Scalar):
        yield from changed_scalars(key, node, scores)
    elif isinstance(node, Sequence):
        if key == "bands":
            yield from changed_edges(node, scores)
        words = all(isinstance(each, Scalar) for each in node.items)
        for number, item in enumerate(node.items):
            before, after = node.items[:number], node.items[number + 1 :]
            if words and len(node.items) > 1 and key not in ("all", "any", "of"):
                yield f"{key} without {item.text}", replace(node, items=(*before, *after))  # type: ignore[union-attr]
            elif key in PARTS and len(node.items) > 1:
                yield f"{key} without part {number + 1}", replace(node, items=(*before, *after))
            for what, new in changed("points only" if key == "bands" else key, item, scores):
                yield what, replace(node, items=(*before, new, *after))
    else:
        for name, inner in node.entries.items():
            capped = (key, name) == ("groups", "max")
            if (name in SAID and not capped) or (key == "points only" and name != "points"):
                continue
            for what, new in changed("cap" if capped else name, inner, scores):
                yield what, replace(node, entries={**node.entries, name: new})


def changed_edges(bands: Sequence, scores: Mapping[str, tuple[Decimal, ...]]) -> Iterator[tuple[str, Node]]:
    """An edge stands in two bands that touch: both change."""
    edges = {
        inner.text: inner
        for band in bands.items
        if isinstance(band, Block)
        for name, inner in band.entries.items()
        if name in ("from", "above", "to") and isinstance(inner, Scalar)
    }
    for text, edge in edges.items():
        for _, new in changed_scalars("edge", edge, scores):
            items = [
                replace(band, entries={name: new if inner == replace(edge, line=inner.line) else inner
                                       for name, inner in band.entries.items()})
                if isinstance(band, Block) else band
                for band in bands.items
            ]  # fmt: skip
            yield f"edge {text} → {new.text}", replace(bands, items=tuple(items))


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_the_least_change_of_any_rule_fails_a_case(policies: Path, dictionary: Dictionary, stem: str) -> None:
    root = Reader(stem).parse((policies / f"{stem}.yaml").read_text(encoding="utf-8"))
    _, cases = shipped_cases(stem)
    silent = {name: node for name, node in root.entries.items() if name not in ("notes", "life_cycle")}
    conditions, scores = root.entries.get("conditions"), SCORE_STEPS.get(stem, FIVES)
    soft = {
        f"all_of without {row.entries['id'].text}"  # type: ignore[union-attr]
        for row in (conditions.items if isinstance(conditions, Sequence) else ())
        if row.entries["modality"].text != "must"  # type: ignore[union-attr]
    }
    """Lines that never block: a route without one decides the same (A-27)."""

    tried, unnoticed = 0, []
    for section in RULES:
        rows = root.entries.get(section)
        for number, row in enumerate(rows.items if isinstance(rows, Sequence) else ()):
            assert isinstance(row, Block)
            own = row.entries["id"].text  # type: ignore[union-attr]
            near = sorted(cases, key=lambda case: own not in {**case.expected.conditions, **case.expected.points})
            for what, new in changed(section, row, scores):
                if what in soft:
                    continue
                items = (*rows.items[:number], new, *rows.items[number + 1 :])  # type: ignore[union-attr]
                tried += 1
                try:
                    pack = compile_pack(
                        replace(root, entries={**silent, section: replace(rows, items=items)}),  # type: ignore[dict-item,type-var]
                        dictionary,
                        Reader(stem),
                    )
                except PackInvalid:
                    continue  # the compiler notices
                if not any(run_case(pack, case) for case in near):
                    unnoticed.append(f"{own}: {what}")
    assert tried > 20 or "area" in root.entries, "a local document asks little"
    assert sorted(set(unnoticed)) == sorted(EQUIVALENT.get(stem, {})), "a survivor needs a case, or a reason"
