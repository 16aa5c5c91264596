"""What may not change within a version: rules for event schemas, for their topics and for OpenAPI documents.

One question is asked everywhere: does every value the writer may write fit what the reader was told? Of an event or
an answer the writer is today's code and the reader yesterday's consumer; of a parameter or a body it is the reverse.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAYS_NOTHING = {"title", "description", "examples", "example", "deprecated", "discriminator", "$schema", "$id", "$defs"}
"""Keywords that leave the set of values as it is."""
UPPER = {"maxLength", "maxItems", "maxProperties"}
LOWER = {"minLength", "minItems", "minProperties"}
RANGE = {"maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"}
NARROWER = dict.fromkeys(UPPER | {"maximum", "exclusiveMaximum"}, min)
NARROWER |= dict.fromkeys(LOWER | {"minimum", "exclusiveMinimum"}, max)
EXACT = {"format", "pattern", "multipleOf", "uniqueItems", "contentMediaType", "contentEncoding"}
"""The reader's demand is met by the same demand only: of two patterns nobody can say cheaply which is narrower."""
JUDGED = {"type", "enum", "const", "default", "properties", "required", "items", "additionalProperties"}
KNOWN = SAYS_NOTHING | UPPER | LOWER | RANGE | EXACT | JUDGED


def broken_schema(old: Json, new: Json) -> list[str]:
    """What a consumer written against `old` would miss in payloads of `new`."""
    return list(_Answer(old, new).differences(old, new, "$"))


def broken_api(old: Json, new: Json) -> list[str]:
    """What a client written against the API `old` would find gone or newly demanded in `new`."""
    found: list[str] = []
    for path, operations in old.get("paths", {}).items():
        for method in METHODS:
            if method not in operations:
                continue
            name = f"{method.upper()} {path}"
            others = new.get("paths", {}).get(path, {})
            if method not in others:
                found.append(f"{name}: removed")
                continue
            found += _parameters(_parameters_of(operations, method, old), _parameters_of(others, method, new), name)
            found += _body(operations[method], others[method], old, new, name)
            found += _answers(operations[method], others[method], old, new, name)
            found += _security(_security_of(operations[method], old), _security_of(others[method], new), name)
    return found


def broken_topics(old: Json, new: Json) -> list[str]:
    """What a consumer who subscribed as the AsyncAPI document `old` says would no longer get, or get in disorder."""
    found: list[str] = []
    channels = {channel["address"]: channel for channel in new["channels"].values()}
    for channel in old["channels"].values():
        address = channel["address"]
        if address not in channels:
            found.append(f"{address}: removed")
            continue
        other = channels[address]
        topics = [_kafka(each).get("topic", address) for each in (channel, other)]
        if topics[0] != topics[1]:
            found.append(f"{address}: topic {topics[0]} became {topics[1]}")
        after = _messages_of(other, new)
        for name, message in _messages_of(channel, old).items():
            if name not in after:
                found.append(f"{address}: {name} is no longer there")
                continue
            found += _message(message, after[name], old, new, f"{address} {name}")
    return found + [f"{each}: no longer offered" for each in sorted(_offers(old) - _offers(new))]


@dataclass(frozen=True)
class _Comparison(ABC):
    """Two documents; the schemas compared are parts of them, and their references lead into them."""

    old: Json
    new: Json

    def differences(
        self, old: Any, new: Any, path: str, seen: frozenset[tuple[int, int]] = frozenset()
    ) -> Iterator[str]:
        if (id(old), id(new)) in seen:
            return
        seen |= {(id(old), id(new))}
        for written, candidates in self.pairs(_alternatives(old, self.old), _alternatives(new, self.new)):
            complaints: list[list[str]] = []
            for past, present in candidates:
                complaints.append(list(self._shape(past, present, path, seen)))
                if not complaints[-1]:
                    break
            else:
                # The nearest alternative is the one meant: its complaints say what to mend.
                yield from min(complaints, key=_distance, default=[f"{path}: nothing takes {written}"])

    @abstractmethod
    def pairs(self, old: list[Json], new: list[Json]) -> Iterator[tuple[Json, list[tuple[Json, Json]]]]:
        """Each alternative of the writer, beside every (old, new) in which it could be read."""

    @abstractmethod
    def sides(self, old: Any, new: Any) -> tuple[Any, Any]:
        """(what is written, what the reader expects)"""

    def _shape(self, old: Json, new: Json, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[str]:
        written, expected = self.sides(old, new)
        kind, wanted = written.get("type"), expected.get("type")
        if wanted is not None and kind != wanted and (kind, wanted) != ("integer", "number"):
            yield f"{path}: type {old.get('type', 'any')} became {new.get('type', 'any')}"
            return
        yield from self._limits(old, new, path)
        yield from self._object(old, new, path, seen)
        if "items" in expected:
            yield from self.differences(old.get("items", {}), new.get("items", {}), f"{path}[]", seen)
        for keyword in sorted((old.keys() | new.keys()) - KNOWN):
            if old.get(keyword) != new.get(keyword):
                yield f"{path}: {keyword} changed, and this test does not know what that keyword means"

    def _limits(self, old: Json, new: Json, path: str) -> Iterator[str]:
        written, expected = self.sides(old, new)
        known = _values(expected)
        if known is not None:
            values = _values(written)
            if values is None or any(value not in known for value in values):
                yield f"{path}: values {_values(old) or 'any'} became {_values(new) or 'any'}"
        for keyword in sorted(EXACT & expected.keys()):
            if written.get(keyword) != expected[keyword]:
                yield f"{path}: {keyword} {old.get(keyword)!r} became {new.get(keyword)!r}"
        for keyword in sorted((UPPER | LOWER) & expected.keys()):
            sign = 1 if keyword in UPPER else -1
            if keyword not in written or sign * written[keyword] > sign * expected[keyword]:
                yield f"{path}: {keyword} {old.get(keyword)} became {new.get(keyword)}"
        for inclusive, sign in (("maximum", 1), ("minimum", -1)):
            limit, within = _end(written, inclusive, sign), _end(expected, inclusive, sign)
            if within is not None and (limit is None or limit > within):
                yield f"{path}: {inclusive} {_end_of(old, inclusive)} became {_end_of(new, inclusive)}"

    def _object(self, old: Json, new: Json, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[str]:
        written, expected = self.sides(old, new)
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name in after:
                yield from self.differences(before[name], after[name], f"{path}.{name}", seen)
            elif not isinstance(new.get("additionalProperties"), dict):
                yield f"{path}.{name}: removed"
            else:
                yield from self.differences(before[name], new["additionalProperties"], f"{path}.{name}", seen)
        if isinstance(old.get("additionalProperties"), dict):
            for name in after.keys() - before.keys():
                yield from self.differences(old["additionalProperties"], after[name], f"{path}.{name}", seen)
        for name in expected.get("required", ()):
            if name not in written.get("required", ()):
                yield f"{path}.{name}: {self.required}"
        yield from self.others(old.get("additionalProperties", True), new.get("additionalProperties", True), path, seen)

    required = ""

    def others(self, old: Any, new: Any, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[str]:
        """Properties nobody named: the values of a map."""
        written, expected = self.sides(old, new)
        if written is not False and isinstance(expected, dict):
            yield from self.differences(old, new, f"{path}.*", seen)


class _Answer(_Comparison):
    """Written today, read by yesterday's client; a property it does not know, it passes over."""

    required = "no longer always present"

    def pairs(self, old: list[Json], new: list[Json]) -> Iterator[tuple[Json, list[tuple[Json, Json]]]]:
        for present in new:
            yield present, [(past, present) for past in old]
        # A writer may drop `null` or a second kind of value, but an object carries fields that are then gone.
        if not any(present.get("type") == "object" for present in new):
            for past in old:
                if past.get("type") == "object":
                    yield past, [(past, present) for present in new]

    def sides(self, old: Any, new: Any) -> tuple[Any, Any]:
        return new, old


class _Request(_Comparison):
    """Written by yesterday's client, read today."""

    required = "is now required"

    def pairs(self, old: list[Json], new: list[Json]) -> Iterator[tuple[Json, list[tuple[Json, Json]]]]:
        for past in old:
            yield past, [(past, present) for present in new]

    def sides(self, old: Any, new: Any) -> tuple[Any, Any]:
        return old, new

    def _limits(self, old: Json, new: Json, path: str) -> Iterator[str]:
        yield from super()._limits(old, new, path)
        if "default" in old and old["default"] != new.get("default"):
            yield f"{path}: default {old['default']!r} became {new.get('default')!r}"

    def others(self, old: Any, new: Any, path: str, seen: frozenset[tuple[int, int]]) -> Iterator[str]:
        if new is False and old is not False:
            yield f"{path}: further properties are now refused"
        yield from super().others(old, new, path, seen)


def _distance(complaints: list[str]) -> tuple[bool, int]:
    return any(": type " in each for each in complaints), len(complaints)


def _alternatives(schema: Any, root: Json) -> list[Json]:
    """The schema as a choice between plain ones: references followed, what stands beside them or around them kept."""
    if isinstance(schema, bool):
        return [{} if schema else {"not": {}}]
    kinds = schema.get("type")
    groups = [_alternatives(_resolved(schema, root), root)] if "$ref" in schema else []
    groups += [_alternatives(part, root) for part in schema.get("allOf", ())]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            groups.append([each for part in schema[choice] for each in _alternatives(part, root)])
    if isinstance(kinds, list):
        groups.append([{"type": kind} for kind in kinds])
    apart = {"$ref", "allOf", "anyOf", "oneOf"} | ({"type"} if isinstance(kinds, list) else set())
    found = [{key: value for key, value in schema.items() if key not in apart}]
    for group in groups:
        found = [_merged(one, other) for one in found for other in group]
    return found


def _merged(one: Json, other: Json) -> Json:
    """What satisfies both."""
    both = {**other, **one}
    for key in (one.keys() & other.keys()) - SAYS_NOTHING - {"default"}:
        here, there = one[key], other[key]
        if key == "properties" and all(here[name] == there[name] for name in here.keys() & there.keys()):
            both[key] = {**there, **here}
        elif key == "required":
            both[key] = sorted({*here, *there})
        elif key in NARROWER:
            both[key] = NARROWER[key](here, there)
        elif key in EXACT and here != there:
            both[key] = sorted([str(here), str(there)])
        elif here != there:
            raise NotImplementedError(f"{key} is said twice, as {here!r} and as {there!r}")
    return both


def _resolved(found: Json, root: Json) -> Json:
    while "$ref" in found:
        target: Any = root
        for part in found["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        found = target
    return found


def _values(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _end(schema: Json, inclusive: str, sign: int) -> tuple[float, int] | None:
    """The nearer end of a range, comparable: the larger of two is the wider."""
    exclusive = "exclusive" + inclusive.capitalize()
    ends = [(sign * schema[key], rank) for key, rank in ((inclusive, 1), (exclusive, 0)) if key in schema]
    return min(ends, default=None)


def _end_of(schema: Json, inclusive: str) -> Any:
    return schema.get(inclusive, schema.get("exclusive" + inclusive.capitalize()))


def _parameters_of(item: Json, method: str, root: Json) -> tuple[Json, dict[tuple[str, str], Json]]:
    """The document, and the operation's parameters by place; names of headers are the same in any case."""
    given = (_resolved(each, root) for each in (*item.get("parameters", ()), *item[method].get("parameters", ())))
    return root, {(p["in"], p["name"].lower() if p["in"] == "header" else p["name"]): p for p in given}


def _parameters(
    old: tuple[Json, dict[tuple[str, str], Json]], new: tuple[Json, dict[tuple[str, str], Json]], name: str
) -> Iterator[str]:
    (old_root, before), (new_root, after) = old, new
    for place, parameter in before.items():
        if place not in after:
            yield f"{name}: parameter {place[1]} removed"
            continue
        other = after[place]
        if other.get("required") and not parameter.get("required"):
            yield f"{name}: parameter {place[1]} is now required"
        for written in ("style", "explode", "content"):
            if parameter.get(written) != other.get(written):
                yield f"{name}: parameter {place[1]} is written differently ({written})"
        compared = _Request(old_root, new_root)
        yield from compared.differences(parameter.get("schema", {}), other.get("schema", {}), f"{name} {place[1]}")
    for place in after.keys() - before.keys():
        if after[place].get("required"):
            yield f"{name}: new required parameter {place[1]}"


def _body(old: Json, new: Json, old_root: Json, new_root: Json, name: str) -> Iterator[str]:
    before, after = _resolved(old.get("requestBody", {}), old_root), _resolved(new.get("requestBody", {}), new_root)
    if after.get("required") and not before.get("required"):
        yield f"{name}: a body is now required"
    yield from _content(before, after, _Request(old_root, new_root), f"{name} body")


def _answers(old: Json, new: Json, old_root: Json, new_root: Json, name: str) -> Iterator[str]:
    for status, answer in old.get("responses", {}).items():
        if status not in new.get("responses", {}):
            yield f"{name}: answer {status} removed"
            continue
        before, after = _resolved(answer, old_root), _resolved(new["responses"][status], new_root)
        compared = _Answer(old_root, new_root)
        yield from _content(before, after, compared, f"{name} {status}")
        headers = {key.lower(): value for key, value in after.get("headers", {}).items()}
        for key, header in before.get("headers", {}).items():
            if key.lower() not in headers:
                yield f"{name} {status}: header {key} removed"
                continue
            past, present = _resolved(header, old_root), _resolved(headers[key.lower()], new_root)
            yield from compared.differences(past.get("schema", {}), present.get("schema", {}), f"{name} {status} {key}")


def _content(old: Json, new: Json, compared: _Comparison, name: str) -> Iterator[str]:
    for media, content in old.get("content", {}).items():
        if media not in new.get("content", {}):
            yield f"{name}: no longer as {media}"
            continue
        yield from compared.differences(content.get("schema", {}), new["content"][media].get("schema", {}), name)


def _security_of(operation: Json, root: Json) -> list[dict[str, list[str]]]:
    """Ways to be let in, any one of which is enough; no word about it is the way that asks nothing."""
    ways: list[dict[str, list[str]]] = operation["security"] if "security" in operation else root.get("security", [])
    return ways or [{}]


def _security(old: list[dict[str, list[str]]], new: list[dict[str, list[str]]], name: str) -> Iterator[str]:
    for way in old:
        if not any(all(key in way and {*scopes} <= {*way[key]} for key, scopes in other.items()) for other in new):
            yield f"{name}: {way or 'a caller without credentials'} is no longer let in"


def _kafka(part: Json) -> Json:
    found: Json = part.get("bindings", {}).get("kafka", {})
    return found


def _messages_of(channel: Json, root: Json) -> dict[str, Json]:
    """By the wire name: what a consumer finds in the header ce_type."""
    messages = (_resolved(each, root) for each in channel["messages"].values())
    return {message["name"]: message for message in messages}


def _message(old: Json, new: Json, old_root: Json, new_root: Json, name: str) -> Iterator[str]:
    # Both are references: of the key to the field whose value it is, of the payload to its schema, compared by itself.
    for what, before, after in (
        ("key", _kafka(old).get("key"), _kafka(new).get("key")),
        ("payload", old["payload"], new["payload"]),
        ("content type", old.get("contentType"), new.get("contentType")),
    ):
        if before is not None and before != after:
            yield f"{name}: {what} {before} became {after}"
    yield from _Answer(old_root, new_root).differences(
        old.get("headers", {}), new.get("headers", {}), f"{name} headers"
    )


def _offers(document: Json) -> set[str]:
    """Who may do what with which event, as the operations say."""
    found: set[str] = set()
    for operation in document["operations"].values():
        channel = _resolved(operation["channel"], document)
        for each in operation.get("messages", channel["messages"].values()):
            found.add(f"{operation['action']} {_resolved(each, document)['name']} from {channel['address']}")
    return found
