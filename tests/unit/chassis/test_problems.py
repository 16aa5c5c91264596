"""What is wrong with a text is said to people who read no regular expressions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import StringConstraints, TypeAdapter, ValidationError

from chassis import problems

APIS = Path(__file__).parents[3] / "contracts" / "openapi"


def patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for each in node.values():
            yield from patterns(each)
    elif isinstance(node, list):
        for each in node:
            yield from patterns(each)


PATTERNS = sorted({one for path in APIS.glob("*.json") for one in patterns(json.loads(path.read_text("utf-8")))})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_the_api_is_put_into_words(pattern: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)]).validate_python("\x00 ？")
    [found] = refused.value.errors()
    item = problems._item({**found, "loc": ("body", "code")})
    assert item["message"] == "格式不符"
    assert item["expected"]
    assert not set("^$[]{}\\") & set(item["expected"])


def test_the_words_are_of_patterns_that_there_are() -> None:
    assert set(problems._SHAPES) == set(PATTERNS)


def test_a_credit_code_is_described_by_what_people_type() -> None:
    said = problems.shape_of("^[0-9A-HJ-NPQRTUWXY]{18}$")
    assert said == "18 位数字或大写字母，没有空格，不含字母 I、O、S、V、Z"
