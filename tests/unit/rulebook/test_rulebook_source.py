"""Rules files as text: what is read, and what is refused before it can cost anything."""

from __future__ import annotations

import pytest

from rulebook.source import DEEPEST, Reader, Scalar, SourceInvalid, plain


def refusal(text: str) -> tuple[int, str]:
    with pytest.raises(SourceInvalid) as refused:
        Reader("a.yaml").parse(text)
    (problem,) = refused.value.problems
    assert (problem.file, problem.code) == ("a.yaml", "not-yaml")
    return problem.line, problem.found


def test_every_leaf_stays_the_text_that_was_written_and_knows_its_line() -> None:
    found = Reader("a.yaml").parse("number: 3.0\nday: 2026-01-01\nlist: [yes, 007]\nfolded: >-\n  a\n  b\n")
    assert plain(found) == {"number": "3.0", "day": "2026-01-01", "list": ["yes", "007"], "folded": "a b"}
    assert found.keys == {"number": 1, "day": 2, "list": 3, "folded": 4}
    assert found.entries["day"] == Scalar("2026-01-01", 2)


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL", "''"])
def test_nothing_written_is_an_empty_text(nothing: str) -> None:
    assert plain(Reader("a.yaml").parse(f"key: {nothing}")) == {"key": ""}


def test_a_quoted_null_is_a_word() -> None:
    assert plain(Reader("a.yaml").parse("key: 'null'")) == {"key": "null"}


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("one: 1\ntwo: &x 2\nthree: *x\n", 3, "别名"),
        ("one: 1\n---\ntwo: 2\n", 2, "第二个文档"),
        ("one: 1\n[two]: 2\n", 2, "不是文字的键"),
        ("one: 1\ntwo: [1,", 2, ""),
        ("one: 1\ntwo: '2\n", 3, ""),
        ("", 1, "没有填写"),
    ],
)
def test_what_is_not_a_plain_mapping_is_refused_with_its_line(text: str, line: int, found: str) -> None:
    at, what = refusal(text)
    assert (at, found in what) == (line, True), what


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_an_endless_nesting_is_refused_before_it_is_read(opening: str) -> None:
    assert refusal("key:\n " + opening * 50_000) == (2, f"超过 {DEEPEST} 层的嵌套")


def test_as_deep_as_any_rules_file_is_read() -> None:
    depth = DEEPEST - 1
    assert Reader("a.yaml").parse("key: " + "[" * depth + "]" * depth).keys == {"key": 1}
