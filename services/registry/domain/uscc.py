"""The unified social credit code (GB 32100-2015): what is wrong with one, and how its check digits are made."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of the standard: digits and capital letters without I, O, S, V and Z."""

LENGTH = 18

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))

# GB 11714 counts A as 10 … Z as 35; the letters it does not use keep their place in the count.
_ORGANIZATION_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Two characters at a time: their share of each sum, looked up. An import of a million rows asks for both sums of each.
_PAIRS = tuple(
    {
        one + two: _VALUES[one] * _WEIGHTS[at] + _VALUES[two] * (*_WEIGHTS, 1)[at + 1]
        for one in ALPHABET
        for two in ALPHABET
    }
    for at in range(0, 18, 2)
)
_ORGANIZATION_PAIRS = tuple(
    {
        one + two: _ORGANIZATION_VALUES[one] * _ORGANIZATION_WEIGHTS[at]
        + _ORGANIZATION_VALUES[two] * _ORGANIZATION_WEIGHTS[at + 1]
        for one in ALPHABET
        for two in ALPHABET
    }
    for at in range(0, 8, 2)
)

_LOOKS_LIKE = {"I": "1", "O": "0", "S": "5", "V": "U", "Z": "2"}

REGISTRARS = {
    "1": "机构编制",
    "2": "外交",
    "3": "司法行政",
    "4": "文化",
    "5": "民政",
    "6": "旅游",
    "7": "宗教",
    "8": "工会",
    "9": "市场监管",
    "A": "中央军委改革和编制办公室",
    "N": "农业",
    "Y": "其他",
}
"""Who registered the body: character 1."""

MARKET_KINDS = {"1": "企业", "2": "个体工商户", "3": "农民专业合作社"}
"""Character 2 where the registrar is 9; other registrars have kinds of their own, which are not checked."""


@dataclass(frozen=True, slots=True)
class Uscc:
    """A code whose form and check digit are right: 18 characters, half width, capitals."""

    text: str

    @property
    def registrar(self) -> str:
        return self.text[0]

    @property
    def kind(self) -> str:
        return self.text[1]

    @property
    def registration_area(self) -> str:
        """GB/T 2260 code of the office that issued the code; often not the district of the enterprise."""
        return self.text[2:8]

    @property
    def organization_code(self) -> str:
        """The nine characters of the GB 11714 organization code, its own check digit last."""
        return self.text[8:17]

    @property
    def organization_digit_fits(self) -> bool:
        """Whether the inner check digit is right too. A remark, never a refusal: GB 32100 does not test it."""
        code = self.text
        one, two, three, four = _ORGANIZATION_PAIRS
        return (
            _organization_digit(one[code[8:10]] + two[code[10:12]] + three[code[12:14]] + four[code[14:16]]) == code[16]
        )


@dataclass(frozen=True, slots=True)
class UsccProblem:
    """Why a text is not a unified social credit code: a stable code and a sentence for the person who typed it."""

    code: str
    message: str


def normalise(text: str) -> str:
    """Half width, capitals, without spaces, hyphens and invisible characters."""
    halves = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in halves if not c.isspace() and unicodedata.category(c) not in ("Cf", "Pd"))


def check_digit(first17: str) -> str:
    """Character 18 for the first 17 (GB 32100: weights 3^i mod 31)."""
    total = sum(_VALUES[c] * weight for c, weight in zip(first17, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def organization_check_digit(first8: str) -> str:
    """Character 9 of an organization code (GB 11714), which is character 17 of the credit code."""
    pairs = zip(first8, _ORGANIZATION_WEIGHTS, strict=True)
    return _organization_digit(sum(_ORGANIZATION_VALUES[c] * weight for c, weight in pairs))


def _organization_digit(total: int) -> str:
    return "0X987654321"[total % 11]


def check(text: str) -> Uscc | UsccProblem:
    """Read a code as people write it; the first thing that is wrong decides the answer."""
    if len(text) == LENGTH and text.isascii() and _sound(text):
        return Uscc(text)
    code = normalise(text)
    return (
        _length_problem(code) or _character_problem(code) or _head_problem(code) or _digit_problem(code) or Uscc(code)
    )


def _sound(code: str) -> bool:
    """Whether the 18 characters are a code as it should be written."""
    if code[0] not in REGISTRARS or (code[0] == "9" and code[1] not in MARKET_KINDS) or not code[2:8].isdigit():
        return False
    one, two, three, four, five, six, seven, eight, nine = _PAIRS
    try:
        total = (
            one[code[:2]] + two[code[2:4]] + three[code[4:6]] + four[code[6:8]] + five[code[8:10]]
            + six[code[10:12]] + seven[code[12:14]] + eight[code[14:16]] + nine[code[16:]]
        )  # fmt: skip
    except KeyError:
        return False
    return total % 31 == 0


def _length_problem(code: str) -> UsccProblem | None:
    if not code:
        return UsccProblem("uscc-missing", "缺少统一社会信用代码，请填写营业执照上的 18 位代码")
    if len(code) == LENGTH:
        return None
    hint = (
        "，这像是 15 位的旧注册号，请换成 18 位代码" if len(code) == 15 and code.isdigit() else "，请核对是否漏填或多填"
    )
    return UsccProblem("uscc-length", f"统一社会信用代码应为 18 位，现为 {len(code)} 位{hint}")


def _character_problem(code: str) -> UsccProblem | None:
    for position, character in enumerate(code, start=1):
        if character in _VALUES:
            continue
        if character not in _LOOKS_LIKE:
            return UsccProblem(
                "uscc-character",
                f"统一社会信用代码第 {position} 位是“{character}”，只能用数字和大写字母，请核对",
            )
        message = f"统一社会信用代码第 {position} 位是字母 {character}，代码中不使用 I、O、Z、S、V"
        if position == LENGTH:
            hint = f"按前 17 位计算，校验码应为 {check_digit(code[:17])}，请核对"
        else:
            hint = f"请核对是否应为 {_LOOKS_LIKE[character]}"
        return UsccProblem("uscc-forbidden-letter", f"{message}；{hint}")
    return None


def _head_problem(code: str) -> UsccProblem | None:
    if code[0] not in REGISTRARS:
        return UsccProblem(
            "uscc-registrar",
            f"统一社会信用代码第 1 位是 {code[0]}，没有这样的登记管理部门（企业应为 9），请核对",
        )
    if code[0] == "9" and code[1] not in MARKET_KINDS:
        return UsccProblem(
            "uscc-kind",
            f"统一社会信用代码第 2 位是 {code[1]}，市场监管部门登记的只有"
            " 1 企业、2 个体工商户、3 农民专业合作社，请核对",
        )
    for position, character in enumerate(code[2:8], start=3):
        if not character.isdigit():
            return UsccProblem(
                "uscc-area",
                f"统一社会信用代码第 {position} 位是字母 {character}，第 3 至 8 位是登记机关区划码，应全为数字，请核对",
            )
    return None


def _digit_problem(code: str) -> UsccProblem | None:
    expected = check_digit(code[:17])
    if code[17] == expected:
        return None
    return UsccProblem(
        "uscc-check-digit",
        f"统一社会信用代码校验码不符：第 18 位是 {code[17]}，按前 17 位计算应为 {expected}，请对照营业执照逐位核对",
    )
