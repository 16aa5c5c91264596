"""The rules of compatibility themselves: what breaks a consumer is refused wherever it hides, the rest passes."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.compatibility import broken_api, broken_schema, broken_topics

RELEASED = Path(__file__).parents[2] / "contracts" / "released"
ENTERPRISES = "/api/registry/v1/enterprises"
EVENTS = "asyncapi.yaml"
ASSESSMENTS = "/api/eligibility/v1/assessments"

Json = dict[str, Any]
Change = Callable[[Json], object]


def _released(name: str) -> Json:
    if name == EVENTS:
        events: Json = yaml.safe_load((RELEASED / name).read_text("utf-8"))
        return copy.deepcopy(events)  # what YAML says once and refers to is changed in one place only
    kind = "schemas" if name.endswith(".v1") else "openapi"
    document: Json = json.loads((RELEASED / kind / f"{name}.json").read_text("utf-8"))
    return document


def _found(name: str, change: Change) -> list[str]:
    old = _released(name)
    new = copy.deepcopy(old)
    change(new)
    assert new != old, "the case changes nothing: the document it was written for is another now"
    if name == EVENTS:
        return broken_topics(old, new)
    return (broken_schema if name.endswith(".v1") else broken_api)(old, new)


def _everywhere(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _everywhere(each)


def _replace(keyword: str, old: Any, new: Any) -> Change:
    def change(document: Json) -> None:
        for node in _everywhere(document):
            if node.get(keyword) == old:
                node[keyword] = new

    return change


def _parameter(document: Json, name: str) -> Json:
    found: Json = next(each for each in document["paths"][ENTERPRISES]["get"]["parameters"] if each["name"] == name)
    return found


def _fields(document: Json, name: str) -> Json:
    found: Json = document.get("$defs", document.get("components", {}).get("schemas"))[name]["properties"]
    return found


def _ways_in(document: Json, path: str = ENTERPRISES) -> list[Json]:
    found: list[Json] = document["paths"][path]["get"]["security"]
    return found


def _demand_another_scope(document: Json) -> None:
    for way in _ways_in(document):
        for scopes in way.values():
            scopes[:] = ["enterprises:write"]


def _demand_a_second_scope(document: Json) -> None:
    for way in _ways_in(document):
        for scopes in way.values():
            scopes.append("enterprises:write")


def _topic(document: Json) -> Json:
    found: Json = document["channels"]["registry.enterprises"]
    return found


def _key(document: Json) -> Json:
    found: Json = document["components"]["messages"]["TitleRecorded"]["bindings"]["kafka"]["key"]
    return found


def _withdraw(document: Json) -> Json:
    """Takes an event off its topic; what it was there."""
    messages = document["operations"]["receive.registry.enterprises"]["messages"]
    messages[:] = [each for each in messages if not each["$ref"].endswith("/TitleRecorded")]
    found: Json = _topic(document)["messages"].pop("TitleRecorded")
    return found


def _close(document: Json) -> None:
    del document["channels"]["finance.consents"], document["operations"]["receive.finance.consents"]


def _another_topic(document: Json) -> None:
    """The event moves: its old topic goes on without it."""
    document["channels"]["finance.consents"]["messages"]["TitleRecorded"] = _withdraw(document)
    reference = {"$ref": "#/channels/finance.consents/messages/TitleRecorded"}
    document["operations"]["receive.finance.consents"]["messages"].append(reference)


def _a_new_event(document: Json) -> None:
    new = {**document["components"]["messages"]["TitleRecorded"], "name": "registry.title-praised.v1"}
    document["components"]["messages"]["TitlePraised"] = new
    _topic(document)["messages"]["TitlePraised"] = {"$ref": "#/components/messages/TitlePraised"}


def _demand_the_key(document: Json) -> None:
    for node in _everywhere(document):
        if str(node.get("name")).lower() == "idempotency-key":
            node["required"] = True


def _answer(document: Json, path: str) -> Json:
    found: Json = document["paths"][path]["get"]["responses"]
    return found


INCOMPATIBLE: dict[str, tuple[str, Change]] = {
    "an optional parameter is demanded": ("registry", lambda d: _parameter(d, "district").update(required=True)),
    "a new parameter is demanded": (
        "registry",
        lambda d: d["paths"][ENTERPRISES]["get"]["parameters"].append({"name": "x", "in": "query", "required": True}),
    ),
    "a parameter changes its type": (
        "registry",
        lambda d: _parameter(d, "district").update(schema={"type": "integer"}),
    ),
    "a limit is lowered": ("registry", lambda d: _parameter(d, "limit")["schema"].update(maximum=10)),
    "a limit excludes its end": ("registry", lambda d: _parameter(d, "limit")["schema"].update(exclusiveMaximum=200)),
    "a default changes": ("registry", lambda d: _parameter(d, "limit")["schema"].update(default=7)),
    "the idempotency key is demanded": ("registry", _demand_the_key),
    "an operation asks for another scope": ("registry", _demand_another_scope),
    "an operation asks for a second scope": ("registry", _demand_a_second_scope),
    "an operation that was public asks for a scope": (
        "finance",
        lambda d: _ways_in(d, "/api/finance/v1/whitelist/jwks.json").append({"oauth2": ["whitelist:read"]}),
    ),
    "a topic has another name": (
        EVENTS,
        lambda d: (
            _topic(d).update(address="registry.companies"),
            _topic(d)["bindings"]["kafka"].update(topic="registry.companies"),
        ),
    ),
    "a channel lies on another topic": (
        EVENTS,
        lambda d: _topic(d)["bindings"]["kafka"].update(topic="registry.companies"),
    ),
    "an event goes on another topic": (EVENTS, _another_topic),
    "an event is gone from its topic": (EVENTS, _withdraw),
    "a topic is gone": (EVENTS, _close),
    "an event is no longer offered": (
        EVENTS,
        lambda d: d["operations"]["receive.registry.enterprises"]["messages"].pop(),
    ),
    "an event is keyed by another field": (
        EVENTS,
        lambda d: _key(d).update({"$ref": "./schemas/registry.title-recorded.v1.json#/properties/version"}),
    ),
    "an event has no key any more": (
        EVENTS,
        lambda d: d["components"]["messages"]["TitleRecorded"].pop("bindings"),
    ),
    "an event has another wire name": (
        EVENTS,
        lambda d: d["components"]["messages"]["TitleRecorded"].update(name="registry.title-entered.v1"),
    ),
    "a header is not always there": (
        EVENTS,
        lambda d: d["components"]["messages"]["TitleRecorded"]["headers"]["required"].remove("ce_id"),
    ),
    "an operation asks for an unknown way in": (
        "registry",
        lambda d: d["paths"][ENTERPRISES]["get"].update(security=[{"x": ["new:scope"]}]),
    ),
    "a way to be let in is gone": (
        "gateway",
        lambda d: d["paths"]["/oauth/token"]["post"].update(security=[{"y": []}]),
    ),
    "a body field changes its type": (
        "eligibility",
        lambda d: _fields(d, "AssessmentNew").update(uscc={"type": "integer"}),
    ),
    "a body field is shorter": ("eligibility", lambda d: _fields(d, "AssessmentNew")["uscc"].update(maxLength=3)),
    "a body field wants a pattern": ("eligibility", lambda d: _fields(d, "AssessmentNew")["uscc"].update(pattern="^9")),
    "a nested body field is gone": ("eligibility", lambda d: _fields(d, "StatedFact").popitem()),
    "a nested body field is demanded": (
        "eligibility",
        lambda d: d["components"]["schemas"]["StatedFact"].update(required=[*_fields(d, "StatedFact")]),
    ),
    "a body's value is no longer taken": (
        "registry",
        _replace("enum", ["all_or_nothing", "per_row"], ["all_or_nothing"]),
    ),
    "a body is no longer taken as it was": (
        "registry",
        lambda d: d["paths"]["/api/registry/v1/imports"]["post"]["requestBody"]["content"].clear(),
    ),
    "an answer is gone": ("eligibility", lambda d: _answer(d, ASSESSMENTS).pop("200")),
    "an answer has another media type": ("eligibility", lambda d: _answer(d, ASSESSMENTS)["200"]["content"].clear()),
    "a field of an object that may be null is gone": ("registry", lambda d: _fields(d, "ProgressOut").pop("done")),
    "a field of an object that may be null changes its type": (
        "registry",
        lambda d: _fields(d, "ProgressOut").update(done={"type": "string"}),
    ),
    "an object is always null": ("registry", lambda d: _fields(d, "ImportOut").update(progress={"type": "null"})),
    "an answer may be null": (
        "registry",
        lambda d: _fields(d, "ProgressOut").update(done={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    ),
    "a date has a time": ("registry", _replace("format", "date", "date-time")),
    "an event's date has a time": ("registry.title-recorded.v1", _replace("format", "date", "date-time")),
    "the values of an event's map change their type": (
        "registry.facts-recorded.v1",
        lambda d: _fields(d, "PeriodFacts")["facts"].update(additionalProperties={"type": "string"}),
    ),
    "a nested field of an event is not always there": (
        "registry.facts-recorded.v1",
        lambda d: d["$defs"]["PeriodFacts"]["required"].remove("facts"),
    ),
    "an unknown keyword appears": (
        "registry.facts-recorded.v1",
        lambda d: _fields(d, "PeriodFacts")["facts"].update(patternProperties={"^x": {"type": "null"}}),
    ),
}

COMPATIBLE: dict[str, tuple[str, Change]] = {
    "a new operation": ("registry", lambda d: d["paths"].update({"/api/registry/v1/new": {"get": {"responses": {}}}})),
    "a new optional parameter": (
        "registry",
        lambda d: d["paths"][ENTERPRISES]["get"]["parameters"].append({"name": "x", "in": "query"}),
    ),
    "a limit is raised": ("registry", lambda d: _parameter(d, "limit")["schema"].update(maximum=500)),
    "a new optional body field": (
        "eligibility",
        lambda d: _fields(d, "AssessmentNew").update(remark={"type": "string", "maxLength": 9}),
    ),
    "a body may have a further value": (
        "registry",
        _replace("enum", ["all_or_nothing", "per_row"], ["all_or_nothing", "per_row", "per_sheet"]),
    ),
    "a body field may be null": (
        "eligibility",
        lambda d: _fields(d, "AssessmentNew").update(
            uscc={"anyOf": [_fields(d, "AssessmentNew")["uscc"], {"type": "null"}]}
        ),
    ),
    "an answer has a further field": ("registry", lambda d: _fields(d, "ProgressOut").update(left={"type": "integer"})),
    "an answer is never null": (
        "registry",
        lambda d: _fields(d, "ImportOut").update(progress={"$ref": "#/components/schemas/ProgressOut"}),
    ),
    "an answer in a further media type": (
        "eligibility",
        lambda d: _answer(d, ASSESSMENTS)["200"]["content"].update({"text/csv": {}}),
    ),
    "other words": ("registry", lambda d: _fields(d, "ProgressOut")["done"].update(description="done so far")),
    "an operation asks for no scope any more": ("registry", lambda d: _ways_in(d).append({})),
    "an operation may be called in a further way": ("registry", lambda d: _ways_in(d).append({"mutual_tls": []})),
    "a new event on a topic": (EVENTS, _a_new_event),
    "a new topic": (
        EVENTS,
        lambda d: d["channels"].update({"registry.new": {"address": "registry.new", "messages": {}}}),
    ),
    "a nested field of an event is new": (
        "registry.facts-recorded.v1",
        lambda d: _fields(d, "PeriodFacts").update(remark={"type": "string"}),
    ),
}


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_what_breaks_a_consumer_is_refused(case: str) -> None:
    assert _found(*INCOMPATIBLE[case]) != []


@pytest.mark.parametrize("case", COMPATIBLE)
def test_what_breaks_nobody_passes(case: str) -> None:
    assert _found(*COMPATIBLE[case]) == []


def test_a_schema_that_contains_itself_is_compared_to_its_end() -> None:
    def tree(kind: str) -> Json:
        node = {"type": "object", "properties": {"name": {"type": kind}, "below": {"$ref": "#/$defs/Node"}}}
        return {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}

    assert broken_schema(tree("string"), tree("string")) == []
    assert broken_schema(tree("string"), tree("integer")) != []
