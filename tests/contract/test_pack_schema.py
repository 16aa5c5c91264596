"""The schema of pack files for editors: current, takes every shipped pack, and marks what an official mistypes."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from peiyu.documents import maps, rules
from rulebook.loader import PackInvalid, load_pack
from rulebook.predicates import Predicates
from rulebook.source import Reader, plain

CONTRACTS = Path(__file__).parents[2] / "contracts"
POLICIES = sorted(
    path for path in (maps.ROOT / "services" / "eligibility" / "policies").glob("*.yaml") if "size-" not in path.name
)
SCHEMA = rules.pack_schema(maps.dictionary())
VALIDATOR = Draft202012Validator(SCHEMA)


class _Core(yaml.SafeLoader):
    """What an editor reads by YAML 1.2: numbers are numbers, dates and 是/否 are text."""


_Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":timestamp", ":bool"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def typed(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Core)
    return found


def test_the_committed_schema_is_that_of_the_code() -> None:
    committed = {path.name: path.read_text("utf-8") for path in (CONTRACTS / "rules").glob("*.json")}
    assert committed == rules.schemas(), "run `make contracts` and commit what changed"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_every_shipped_pack_fits_as_an_editor_and_as_the_loader_reads_it(path: Path) -> None:
    for document in (typed(path), plain(Reader(path.name).parse(path.read_text("utf-8")))):
        assert [f"{each.json_path}: {each.message[:200]}" for each in VALIDATOR.iter_errors(document)] == []


def test_it_knows_every_form_of_a_test() -> None:
    forms = Predicates(Reader("x"), maps.dictionary())._forms()
    assert {each["title"] for each in SCHEMA["$defs"]["test"]["anyOf"][1:]} == set(forms)


def _first(document: dict[str, Any], part: str) -> dict[str, Any]:
    found: dict[str, Any] = document[part][0]
    return found


PLANTED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a key that nobody reads": lambda pack: pack.update(gate=[]),
    "no title": lambda pack: pack.pop("title"),
    "a title that does not exist": lambda pack: pack.update(title="little_gaint"),
    "a kind that does not exist": lambda pack: pack.update(kinds=["renewal"]),
    "a document without a number": lambda pack: pack["document"].pop("number"),
    "no routes": lambda pack: pack.update(routes=[]),
    "a condition without clause": lambda pack: _first(pack, "gates").pop("clause"),
    "a misspelt modality": lambda pack: _first(pack, "gates").update(modality="musst"),
    "no modality": lambda pack: _first(pack, "gates").pop("modality"),
    "no test": lambda pack: _first(pack, "gates").pop("test"),
    "two tests": lambda pack: _first(pack, "gates").update(test_by_kind={"new": "legal_person = 是"}),
    "a test without comparison": lambda pack: _first(pack, "gates").update(test="revenue_yuan[t] 100 万元"),
    "a form that does not exist": lambda pack: _first(pack, "gates").update(test={"every": ["legal_person = 是"]}),
    "entries of no fact": lambda pack: _first(pack, "gates").update(test={"none": "accidentz"}),
    "a finding that does not exist": lambda pack: _first(pack, "gates").update(test={"finding": "guess"}),
    "a size that does not exist": lambda pack: _first(pack, "gates").update(test={"size": ["巨型"]}),
    "a window of two kinds": lambda pack: _first(pack, "gates").update(
        test={"none": "accidents", "within": {"field": "happened_on", "rolling_years": 3, "fiscal_years": 2}}
    ),
    "an evidence grade that does not exist": lambda pack: _first(pack, "gates").update(evidence="X"),
    "a date that is none": lambda pack: pack.update(in_force={"from": "2022年8月1日"}),
    "points that are none": lambda pack: _first(pack, "indicators").update(max="二十"),
    "an indicator of two forms": lambda pack: _first(pack, "indicators").update(slot=True),
    "a route that asks nothing": lambda pack: pack["routes"].append({"id": "x", "label": "空"}),
    "a threshold without sign": lambda pack: pack["routes"][-1].update(score={"total": "60 分"}),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_marked_and_the_loader_refuses_it_too(mistake: str) -> None:
    path = next(path for path in POLICIES if path.stem == "miit-63-2022-innovative")
    document = copy.deepcopy(typed(path))
    PLANTED[mistake](document)
    assert list(VALIDATOR.iter_errors(document)), mistake
    with pytest.raises(PackInvalid):
        load_pack(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), maps.dictionary())
