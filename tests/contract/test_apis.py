"""The APIs: committed documents are those of the code, and nothing a client relies on is gone."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from peiyu import parts
from peiyu.documents import apis
from peiyu.documents.events import dumped
from tests.contract.compatibility import broken_api

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {part: apis.openapi_of(part) for part in parts.PARTS}


def test_committed_documents_are_those_of_the_code(documents: dict[str, dict[str, Any]]) -> None:
    committed = {path.stem: path.read_text("utf-8") for path in (CONTRACTS / "openapi").glob("*.json")}
    assert committed == {part: dumped(document) for part, document in documents.items()}, "run `make contracts`"


@pytest.mark.parametrize("part", parts.PARTS)
def test_nothing_a_client_relies_on_has_changed(documents: dict[str, dict[str, Any]], part: str) -> None:
    released = json.loads((CONTRACTS / "released" / "openapi" / f"{part}.json").read_text("utf-8"))
    assert broken_api(released, documents[part]) == []


@pytest.mark.parametrize("part", parts.PARTS)
def test_everything_offered_is_released(documents: dict[str, dict[str, Any]], part: str) -> None:
    """What is not in released/ could be taken away again and nobody would be told."""
    released = json.loads((CONTRACTS / "released" / "openapi" / f"{part}.json").read_text("utf-8"))
    not_yet = broken_api(documents[part], released)
    assert not_yet == [], "run `make release-contracts`: it compares, then takes them in"


def _remove_operation(document: dict[str, Any]) -> None:
    del document["paths"]["/api/eligibility/v1/assessments"]["get"]


def _remove_parameter(document: dict[str, Any]) -> None:
    document["paths"]["/api/eligibility/v1/assessments"]["get"]["parameters"].pop()


def _remove_answer_field(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["AssessmentOut"]["properties"]["verdict"]


def _demand_body_field(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["AssessmentNew"]["required"].append("kind")


@pytest.mark.parametrize("change", [_remove_operation, _remove_parameter, _remove_answer_field, _demand_body_field])
def test_an_incompatible_change_is_refused(documents: dict[str, dict[str, Any]], change: Any) -> None:
    changed = copy.deepcopy(documents["eligibility"])
    change(changed)
    assert broken_api(documents["eligibility"], changed)
