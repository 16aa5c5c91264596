"""The credit code check against the standard's examples, an independent implementation and real registrations."""

from __future__ import annotations

import random

import pytest
from stdnum.cn import uscc as oracle

from services.registry.domain.uscc import (
    ALPHABET,
    Uscc,
    UsccProblem,
    check,
    check_digit,
    organization_check_digit,
)

GENERATED = 120_000


def problem_of(text: str) -> UsccProblem:
    result = check(text)
    assert isinstance(result, UsccProblem), result
    return result


def codes(count: int, seed: int) -> list[str]:
    """First 17 characters as real codes have them: market regulator, a region, any main part."""
    chosen = random.Random(seed)
    return [
        "9" + chosen.choice("123") + f"{chosen.randrange(110000, 660000):06d}" + "".join(chosen.choices(ALPHABET, k=9))
        for _ in range(count)
    ]


@pytest.mark.parametrize("code", ["91110000600037341L", "91350100M000100Y43", "91110108551385082Q"])
def test_the_rulebooks_good_examples_pass(code: str) -> None:
    assert check(code) == Uscc(code)
    assert Uscc(code).organization_digit_fits


def test_the_standards_negative_example_says_that_the_check_digit_should_be_3() -> None:
    problem = problem_of("91350100M000100Y4Z")
    assert problem.code == "uscc-forbidden-letter"
    assert "第 18 位是字母 Z" in problem.message
    assert "校验码应为 3" in problem.message


def test_our_check_digit_is_that_of_an_independent_implementation() -> None:
    for first17 in codes(GENERATED, seed=32100):
        assert check_digit(first17) == oracle.calc_check_digit(first17)


def test_our_verdict_is_that_of_an_independent_implementation_for_right_and_wrong_digits() -> None:
    chosen = random.Random(2015)
    for first17 in codes(20_000, seed=11714):
        code = first17 + chosen.choice(ALPHABET)
        assert isinstance(check(code), Uscc) == oracle.is_valid(code)
        right = first17 + check_digit(first17)
        assert check(right) == Uscc(right)


def test_every_single_wrong_character_and_every_swap_of_neighbours_is_found() -> None:
    code = "91350100M000100Y43"
    for position in range(17):
        for other in ALPHABET:
            wrong = code[:position] + other + code[position + 1 :]
            assert (wrong == code) == isinstance(check(wrong), Uscc), wrong
        swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
        assert (swapped == code) == isinstance(check(swapped), Uscc), swapped


def test_a_wrong_check_digit_says_what_was_found_and_what_is_expected() -> None:
    problem = problem_of("911100006000373411")
    assert problem.code == "uscc-check-digit"
    assert "第 18 位是 1" in problem.message
    assert "应为 L" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "91110000600037341l",
        "９１１１００００６０００３７３４１Ｌ",
        " 9111 0000 6000 3734 1L\u200b",
        "91110000-600037341L",
    ],
)
def test_lower_case_full_width_spaces_and_hyphens_are_forgiven(text: str) -> None:
    assert check(text) == Uscc("91110000600037341L")


@pytest.mark.parametrize(("letter", "instead"), [("I", "1"), ("O", "0"), ("S", "5"), ("V", "U"), ("Z", "2")])
def test_a_letter_the_standard_does_not_use_is_named_with_its_position(letter: str, instead: str) -> None:
    problem = problem_of("9111000060" + letter + "037341L")
    assert problem.code == "uscc-forbidden-letter"
    assert f"第 11 位是字母 {letter}" in problem.message
    assert problem.message.endswith(f"是否应为 {instead}")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "uscc-missing", "请填写"),
        ("   ", "uscc-missing", "请填写"),
        ("9111000060003734", "uscc-length", "现为 16 位"),
        ("911100006000373411L", "uscc-length", "现为 19 位"),
        ("110000600037341", "uscc-length", "旧注册号"),
        ("9111000060003734*L", "uscc-character", "第 17 位是“*”"),
        ("壹1110000600037341L", "uscc-character", "第 1 位是“壹”"),
        ("01110000600037341L", "uscc-registrar", "第 1 位是 0"),
        ("99110000600037341L", "uscc-kind", "第 2 位是 9"),
        ("911100A0600037341L", "uscc-area", "第 7 位是字母 A"),
    ],
)
def test_each_other_fault_has_its_own_reason(text: str, code: str, words: str) -> None:
    problem = problem_of(text)
    assert problem.code == code
    assert words in problem.message


@pytest.mark.parametrize("head", ["N2", "A1", "Y1", "12", "51"])
def test_other_registrars_are_known_letters_included(head: str) -> None:
    first17 = head + "34130012345678" + "X"
    assert check(first17 + check_digit(first17)) == Uscc(first17 + check_digit(first17))


def test_the_parts_of_a_code_can_be_asked_for() -> None:
    code = Uscc("91350100M000100Y43")
    assert (code.registrar, code.kind, code.registration_area, code.organization_code) == (
        "9",
        "1",
        "350100",
        "M000100Y4",
    )


@pytest.mark.parametrize(
    ("first8", "digit"), [("60003734", "1"), ("M000100Y", "4"), ("55138508", "2"), ("D2143569", "X")]
)
def test_the_inner_organization_digit(first8: str, digit: str) -> None:
    assert organization_check_digit(first8) == digit


def test_a_wrong_inner_digit_is_a_remark_not_a_refusal() -> None:
    first17 = "91110000" + "600037342"
    code = check(first17 + check_digit(first17))
    assert isinstance(code, Uscc)
    assert not code.organization_digit_fits


def test_every_real_registration_passes_with_its_inner_digit(real_companies: list[dict[str, str]]) -> None:
    for row in real_companies:
        code = check(row["uscc"])
        assert isinstance(code, Uscc), row["uscc"]
        assert code.organization_digit_fits
