"""Events: the committed documents are those of the code, what was published once stays readable."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from contracts.events import ALL
from peiyu.documents import events
from tests.contract.compatibility import broken_schema, broken_topics

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
RELEASED = ROOT / "contracts" / "released" / "schemas"


def test_committed_schemas_are_those_of_the_code() -> None:
    committed = {path.name: path.read_text() for path in (ROOT / "contracts" / "schemas").glob("*.json")}
    assert committed == events.schemas(), "run `make contracts` and commit what changed"


def test_the_asyncapi_document_is_that_of_the_code() -> None:
    assert (ROOT / "contracts" / "asyncapi.yaml").read_text() == events.asyncapi(), "run `make contracts`"


def test_the_asyncapi_document_refers_to_what_exists() -> None:
    document = yaml.safe_load(events.asyncapi())
    assert document["asyncapi"] == "3.0.0"
    for message in document["components"]["messages"].values():
        assert (ROOT / "contracts" / message["payload"]["$ref"]).is_file()
        file, _, field = message["bindings"]["kafka"]["key"]["$ref"].partition("#/properties/")
        assert field in json.loads((ROOT / "contracts" / file).read_text())["required"]
    for operation in document["operations"].values():
        name = operation["channel"]["$ref"].removeprefix("#/channels/")
        of_the_channel = {f"#/channels/{name}/messages/{each}" for each in document["channels"][name]["messages"]}
        assert {each["$ref"] for each in operation["messages"]} == of_the_channel


def test_topic_and_key_of_the_document_are_those_the_relay_publishes_with() -> None:
    document = yaml.safe_load(events.asyncapi())
    for channel in document["channels"].values():
        for reference in channel["messages"].values():
            message = document["components"]["messages"][reference["$ref"].rpartition("/")[2]]
            event = ALL[message["name"]]
            assert channel["address"] == channel["bindings"]["kafka"]["topic"] == event.topic
            payload = json.loads((GOLDEN / f"{event.type}.json").read_text())
            field = message["bindings"]["kafka"]["key"]["$ref"].rpartition("/")[2]
            assert event.model_validate(payload).key == str(payload[field])


def test_the_topics_a_consumer_subscribed_to_are_as_they_were() -> None:
    released = yaml.safe_load((RELEASED.parent / "asyncapi.yaml").read_text("utf-8"))
    assert broken_topics(released, yaml.safe_load(events.asyncapi())) == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_event_has_golden_payloads_that_still_parse(name: str) -> None:
    golden = sorted(GOLDEN.glob(f"{name}*.json"))
    assert golden, f"add tests/contract/golden/{name}.json: what a consumer may still find in the topic"
    for path in golden:
        payload = json.loads(path.read_text())
        event = ALL[name].model_validate(payload, extra="ignore")
        Draft202012Validator(events.schema_of(ALL[name])).validate(payload)
        known = event.model_dump(mode="json")
        assert _of_the_past(known, payload) == payload, "a field of the past is read and kept"


def _of_the_past(known: Any, payload: Any) -> Any:
    """What is known today, without the fields that a payload of the past did not have, at any depth."""
    if isinstance(known, dict) and isinstance(payload, dict):
        return {field: _of_the_past(known.get(field), value) for field, value in payload.items()}
    return known


@pytest.mark.parametrize("name", sorted(path.stem for path in RELEASED.glob("*.json")))
def test_nothing_a_consumer_relies_on_has_changed(name: str) -> None:
    released = json.loads((RELEASED / f"{name}.json").read_text())
    assert name in ALL, f"{name} was published: keep emitting it, or retire it in contracts/CHANGELOG.md"
    assert broken_schema(released, events.schema_of(ALL[name])) == []


def test_every_event_is_released() -> None:
    assert {path.stem for path in RELEASED.glob("*.json")} == set(ALL)


def _without(schema: dict[str, Any], name: str) -> None:
    del schema["properties"][name]


def _as_number(schema: dict[str, Any], name: str) -> None:
    schema["properties"][name] = {"type": "number"}


def _optional(schema: dict[str, Any], name: str) -> None:
    schema["required"].remove(name)


@pytest.mark.parametrize("change", [_without, _as_number, _optional])
def test_an_incompatible_change_is_refused(change: Any) -> None:
    old = events.schema_of(ALL["registry.facts-recorded.v1"])
    new = copy.deepcopy(old)
    change(new, "uscc")
    assert broken_schema(old, new)


def test_a_compatible_change_is_accepted() -> None:
    old = events.schema_of(ALL["registry.facts-recorded.v1"])
    new = copy.deepcopy(old)
    new["properties"]["remark"] = {"type": "string"}
    assert broken_schema(old, new) == []
