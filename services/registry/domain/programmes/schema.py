"""The JSON Schema of a programme file, for editors: from the keys and words that the loader knows, so that they agree.

It helps while typing. What needs the whole programme (units, line ids, words against the quotation) only the loader
finds. Scalars are read as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.registry.domain.programmes import keys
from services.registry.domain.programmes.model import DEADLINES, GRADES, KINDS, MEMBERS, ORDERS, PARTS, Vocabulary
from services.registry.domain.titles import TITLES

Json = dict[str, Any]

_SCALAR: Json = {"type": ["string", "number"]}
_TEXT: Json = {"type": "string", "minLength": 1}
_LINES: Json = {"type": ["string", "integer"], "pattern": r"^\d{1,5}(-\d{1,5})?$"}


def programme_schema(vocabulary: Vocabulary) -> Json:
    """JSON Schema 2020-12 of a programme as YAML or JSON; metrics and operator words come from the vocabulary."""
    words = sorted({*vocabulary.comparisons, *vocabulary.senses})
    threshold: Json = {"operator": _list(_named(dict.fromkeys(words, ""))), "value": _SCALAR}
    quotation: Json = {"lines": _LINES, "quote": _TEXT}
    metrics = {each.id: each.label for each in vocabulary.metrics.values()}
    target: Json = {
        **dict.fromkeys(keys.TARGET_KEYS, _TEXT),
        **threshold,
        **quotation,
        "metric": _named(metrics),
        "kind": _named(KINDS),
        "stretch": _object(keys.THRESHOLD_KEYS, threshold),
        "by": _SCALAR,
        "annex": _object(keys.QUOTATION_KEYS, quotation),
        "levels": _list(_TEXT),
        "holders": _list(_named(TITLES)),
        "tasks": _list(_TEXT),
        "decisions": _list(_TEXT),
    }
    task: Json = {
        **dict.fromkeys(keys.TASK_KEYS, _TEXT),
        "part": _named(PARTS),
        "lines": _LINES,
        **{role: _list(_TEXT) for role in ("lead", "cooperating", "responsible")},
        "deadline": _object(
            keys.DEADLINE_KEYS, {**dict.fromkeys(keys.DEADLINE_KEYS, _SCALAR), "kind": _named(DEADLINES)}
        ),
    }
    reading: Json = {**dict.fromkeys(keys.READING_KEYS, _TEXT), "lines": _LINES, "evidence": {"enum": list(GRADES)}}
    conflict: Json = {
        **dict.fromkeys(keys.CONFLICT_KEYS, _TEXT),
        "about": _list(_TEXT),
        "readings": _list(_object(keys.READING_KEYS, reading, required=("source", "says"))),
    }
    order: Json = {"kind": _named(ORDERS), "label": _TEXT, **quotation}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:peiyu:programme",
        "title": "计划",
        "description": "一份地方方案的目标、任务、分歧和督查要求。完整检查由登记服务在收到时进行。",
        **_object(
            keys.PROGRAMME_KEYS,
            {
                **dict.fromkeys(keys.PROGRAMME_KEYS, _TEXT),
                "document": _object(keys.DOCUMENT_KEYS, dict.fromkeys(keys.DOCUMENT_KEYS, _TEXT)),
                "area": _list(_TEXT),
                "members": _named(MEMBERS),
                "period": _object(keys.PERIOD_KEYS, {**dict.fromkeys(keys.PERIOD_KEYS, _TEXT), "lines": _LINES}),
                "orders": _list(_object(keys.ORDER_KEYS, order, required=keys.ORDER_KEYS)),
                "also_responsible": _object(
                    keys.ALSO_KEYS, {"units": _list(_TEXT), "parts": _list(_named(PARTS)), **quotation}
                ),
                "units": _list(_object(keys.UNIT_KEYS, dict.fromkeys(keys.UNIT_KEYS, _TEXT), required=("name",))),
                "targets": _list(
                    _object(keys.TARGET_KEYS, target, required=("id", "label", "metric", "kind", "lines", "quote"))
                ),
                "tasks": _list(
                    _object(keys.TASK_KEYS, task, required=("id", "item", "part", "label", "lines", "text"))
                ),
                "conflicts": _list(_object(keys.CONFLICT_KEYS, conflict, required=("id", "decision", "readings"))),
            },
            required=("programme", "label", "document", "area", "members", "period", "units", "targets", "tasks"),
        ),
    }


def _object(keys: tuple[str, ...], properties: Mapping[str, Json], *, required: tuple[str, ...] = ()) -> Json:
    """Only the loader's keys: a key that nobody reads is a mistake."""
    found: Json = {"type": "object", "additionalProperties": False}
    found["properties"] = {key: properties[key] for key in keys}
    return found | ({"required": list(required)} if required else {})


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _named(words: Mapping[str, str]) -> Json:
    """One of the codes, with their labels as the description."""
    said = "；".join(f"{code} {label}" for code, label in words.items() if label)
    return {"enum": list(words)} | ({"description": said} if said else {})
