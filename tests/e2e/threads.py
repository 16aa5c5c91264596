"""Lines of logs that belong to one correlation id, and what they say."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Sentence = tuple[str, ...]
"""What happened; of events, once more with each type they had."""


def sentences(line: Mapping[str, Any]) -> Iterator[Sentence]:
    yield (line["event"],)
    for kind in line.get("types", ()):
        yield (line["event"], kind)


def on_the_thread(text: Iterable[str], correlation: str) -> Iterator[dict[str, Any]]:
    """The lines of a log with this correlation id; who prints a log for people may add lines of his own."""
    for line in text:
        if line.startswith("{") and correlation in line:
            said: dict[str, Any] = json.loads(line)
            if said.get("correlation_id") == correlation:
                yield said
