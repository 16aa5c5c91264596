"""Every number and every word of a list in a pack is held by a case: changed by the least amount, some case fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rulebook.cases import run_case
from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid, compile_pack
from rulebook.source import Block, Node, Reader, Scalar, Sequence
from tests.unit.rulebook.conftest import POLICIES, shipped_cases

STEMS = sorted(path.stem for path in POLICIES.glob("miit-*.yaml"))

# unit → the least change that matters: one yuan, a ten-millionth, a hundredth of a year or point, one piece
STEPS = {
    "万元": Decimal("0.0001"),
    "%": Decimal("0.00001"),
    "年": Decimal("0.01"),
    "分": Decimal("0.01"),
    "项": Decimal(1),
    "个": Decimal(1),
    "名": Decimal(1),
}
NUMBER = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)( ?)(万元|%|年|分|项|个|名)")
WHOLE = ("rolling_years", "fiscal_years", "years", "points")
SAID = (
    "id", "label", "clause", "quote", "evidence", "document", "text", "otherwise", "effort", "group", "max",
    "in_force", "kinds", "slot", "flag",
)  # fmt: skip
GROUPS = ("innovation", "growth", "specialization")
RULES = ("gates", "conditions", "indicators", "routes")


def changed_scalars(key: str, scalar: Scalar) -> Iterator[tuple[str, Scalar]]:
    text = scalar.text
    for match in NUMBER.finditer(text):
        step = STEPS[match.group(3)]
        # points of 创新型 come in fives: nothing scores between 55 and 60
        for change in (Decimal(1), Decimal(-5)) if key in ("total", *GROUPS) else (step, -step):
            number = f"{Decimal(match.group(1)) + change:f}"
            yield key, replace(scalar, text=text[: match.start()] + number + text[match.end(1) :])
    if key in WHOLE and text.isdigit():
        yield from ((key, replace(scalar, text=str(int(text) + change))) for change in (1, -1))
    for old, new in (("= 是", "= 否"), ("= 否", "= 是")):
        if text.endswith(old):
            yield key, replace(scalar, text=text.replace(old, new))
    if (key, text) == ("modality", "must"):
        yield key, replace(scalar, text="should")


def changed(key: str, node: Node) -> Iterator[tuple[str, Node]]:
    """The node with one thing changed, and where that was."""
    if isinstance(node, Scalar):
        yield from changed_scalars(key, node)
    elif isinstance(node, Sequence):
        if key == "bands":
            yield from changed_edges(node)
        words = all(isinstance(each, Scalar) for each in node.items)
        for number, item in enumerate(node.items):
            before, after = node.items[:number], node.items[number + 1 :]
            if words and len(node.items) > 1 and key not in ("all", "any", "of"):
                yield f"{key} without {item.text}", replace(node, items=(*before, *after))  # type: ignore[union-attr]
            for what, new in changed("points only" if key == "bands" else key, item):
                yield what, replace(node, items=(*before, new, *after))
    else:
        for name, inner in node.entries.items():
            if name in SAID or (key == "points only" and name != "points"):
                continue
            for what, new in changed(name, inner):
                yield what, replace(node, entries={**node.entries, name: new})


def changed_edges(bands: Sequence) -> Iterator[tuple[str, Node]]:
    """An edge stands in two bands that touch: both change."""
    edges = {
        inner.text: inner
        for band in bands.items
        if isinstance(band, Block)
        for name, inner in band.entries.items()
        if name in ("from", "to") and isinstance(inner, Scalar)
    }
    for text, edge in edges.items():
        for _, new in changed_scalars("edge", edge):
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
    soft = {
        f"all_of without {row.entries['id'].text}"  # type: ignore[union-attr]
        for row in root.entries["conditions"].items  # type: ignore[union-attr]
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
            for what, new in changed(section, row):
                if what in soft:
                    continue
                items = (*rows.items[:number], new, *rows.items[number + 1 :])  # type: ignore[union-attr]
                tried += 1
                try:
                    pack = compile_pack(
                        replace(root, entries={**silent, section: replace(rows, items=items)}),  # type: ignore[type-var]
                        dictionary,
                        Reader(stem),
                    )
                except PackInvalid:
                    continue  # the compiler notices
                if not any(run_case(pack, case) for case in near):
                    unnoticed.append(f"{own}: {what}")
    assert tried > 20
    assert unnoticed == []
