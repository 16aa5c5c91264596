"""What a test asks, put together from its parts as the test does: all of them, or one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rulebook.criteria import AllOf, AnyOf, Review, Test
from rulebook.wording import one_of

ONE_OF = "满足其一："
_VALUE = re.compile(r"^([^；，]*(?: ?＝|为(?=“)))([^；，]+)$")


def leaves(test: Test | None) -> int:
    """How many comparisons a test makes; each leaves one check in the trace, in the order of the test."""
    match test:
        case None:
            return 0
        case AllOf() | AnyOf():
            return sum(map(leaves, test.tests))
        case Review():
            return leaves(test.test)
        case _:
            return 1


def offers_a_choice(test: Test | None) -> bool:
    """Whether one of several parts is enough anywhere in the test."""
    match test:
        case AnyOf():
            return len(test.tests) > 1
        case AllOf():
            return any(map(offers_a_choice, test.tests))
        case Review():
            return offers_a_choice(test.test)
        case _:
            return False


def joined(test: Test, parts: Sequence[str], asked: Callable[[int], bool] = lambda _: True) -> str:
    """The texts of the test's comparisons on one line, with 或 between alternatives.

    Of parts that must all hold only those are told of which a comparison is `asked`, by its place.
    """
    return _text(test, 0, parts, asked, nested=False)


def _text(test: Test, first: int, parts: Sequence[str], asked: Callable[[int], bool], *, nested: bool) -> str:
    match test:
        case Review():
            return _text(test.test, first, parts, asked, nested=nested)
        case AllOf() if len(test.tests) > 1:
            wanted = [
                (each, at)
                for each, at in placed(test, first)
                if any(asked(place) for place in range(at, at + leaves(each)))
            ]
            told = [_text(each, at, parts, asked, nested=nested or len(wanted) > 1) for each, at in wanted]
            return _bracketed("，且" if nested else "；", told, nested=nested)
        case AnyOf() if len(test.tests) > 1:
            told = _merged([_text(each, at, parts, lambda _: True, nested=True) for each, at in placed(test, first)])
            several = len(set(told)) > 1
            return _bracketed("；或", told, nested=nested and several, lead=ONE_OF if several else "")
        case AllOf() | AnyOf():
            return _text(test.tests[0], first, parts, asked, nested=nested)
        case _:
            return parts[first]


def placed(test: AllOf | AnyOf, first: int) -> Iterator[tuple[Test, int]]:
    """The parts of a test, each with the place of its first comparison."""
    for each in test.tests:
        yield each, first
        first += leaves(each)


def _merged(told: Sequence[str]) -> list[str]:
    """Several values that one thing may have are told once: 等级为“二级”或“三级”."""
    values: dict[str, list[str]] = {}
    for text in told:
        same = _VALUE.match(text)
        values.setdefault(same[1] if same else text, []).extend([same[2]] if same else [])
    return [head + one_of(of) for head, of in values.items()]


def _bracketed(how: str, told: Sequence[str], *, nested: bool, lead: str = "") -> str:
    text = lead + how.join(dict.fromkeys(told))
    return f"（{text}）" if nested and (lead or len(set(told)) > 1) else text
