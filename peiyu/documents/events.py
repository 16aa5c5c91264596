"""JSON Schemas and the AsyncAPI 3 document of every event, from the classes in contracts.events."""

from __future__ import annotations

import json
from typing import Any

import yaml

from contracts.events import ALL
from contracts.events.base import Event

VERSION = "1.0.0"
BINDING = "0.5.0"
"""Of the AsyncAPI bindings for Kafka."""
_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "content-type"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "the same on every delivery of one event"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "description": "the emitting service, /peiyu/SERVICE"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "the Kafka key again"},
        "content-type": {"type": "string", "const": "application/json"},
        "ce_correlationid": {"type": "string"},
        "ce_traceparent": {"type": "string", "description": "W3C Trace Context"},
    },
}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The published JSON Schema: consumers may meet further properties, so none are forbidden."""
    schema = event.model_json_schema(mode="serialization")
    _tolerant(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:peiyu:event:{event.type}",
        **schema,
        "description": (event.__doc__ or "").strip(),
    }


def schemas() -> dict[str, str]:
    """File name under contracts/schemas/ → its text."""
    return {f"{name}.json": dumped(schema_of(event)) for name, event in sorted(ALL.items())}


def key_of(event: type[Event]) -> str:
    """The record's key, as a reference to the field of the payload whose value it is."""
    return f"./schemas/{event.type}.json#/properties/{event.keyed_by}"


def asyncapi() -> str:
    """The text of contracts/asyncapi.yaml."""
    topics = sorted({event.topic for event in ALL.values()})
    channels: dict[str, Any] = {
        topic: {
            "address": topic,
            "bindings": {"kafka": {"topic": topic, "bindingVersion": BINDING}},
            "messages": {
                event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
                for event in ALL.values()
                if event.topic == topic
            },
        }
        for topic in topics
    }
    messages = {
        event.__name__: {
            "name": name,
            "title": (event.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/json",
            "headers": _HEADERS,
            "payload": {"$ref": f"./schemas/{name}.json"},
            "bindings": {"kafka": {"key": {"$ref": key_of(event)}, "bindingVersion": BINDING}},
        }
        for name, event in sorted(ALL.items())
    }
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Peiyu 培育 events",
            "version": VERSION,
            "description": "CloudEvents 1.0, Kafka binary mode. Delivered at least once; `ce_id` tells repeats apart. "
            "Events of one key keep their order.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"receive.{topic}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [
                    {"$ref": f"#/channels/{topic}/messages/{message}"} for message in channels[topic]["messages"]
                ],
            }
            for topic in topics
        },
        "components": {"messages": messages},
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def dumped(document: Any) -> str:
    """JSON as it is committed: stable, readable, ending in a newline."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _tolerant(schema: Any) -> None:
    """Strip `additionalProperties: false`, which our producers' strictness would impose on consumers."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
        for value in schema.values():
            _tolerant(value)
    elif isinstance(schema, list):
        for value in schema:
            _tolerant(value)
