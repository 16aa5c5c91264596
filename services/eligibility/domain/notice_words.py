"""Requirements as an official writes them: 不低于 3% for ≥3%, 占…的比重 for a quotient. Display only."""

from __future__ import annotations

import re

_OURS = re.compile(r"（(?:L\d+|A-\d\d(?:、A-\d\d)*)）")
"""Numbers of our own decisions, and lines of the copy that was read: of use to who keeps the rules, to nobody else."""
_SIGNED = re.compile(r"^(.*?) ?([≥≤><＝])(.*)$", re.DOTALL)
_LIMIT = re.compile(r"([≥≤><])\s*(\d[\d.]*)\s*([^\d\s，；（）]*)")
_MORE, _AMOUNTS = "不少于", ("%", "元", "千元", "万元", "百万元", "亿元", "分")
_SIGNS = {"≤": "不超过", ">": "超过", "<": "低于"}
_JOINTS = re.compile(r"( 或 |；)")
_WAN = 10_000


def plainly(text: str) -> str:
    """Without the numbers of our own decisions."""
    return _OURS.sub("", text)


def requirement(label: str, threshold: str = "") -> str:
    """What is asked of what: `2025年研发费用总额÷2025年营业收入` and `≥3%` become one clause."""
    part, divided, whole = label.partition("÷")
    name = f"{part}占{whole}的比重" if divided else label
    if not threshold:
        return name
    if threshold in ("＝是", "＝否"):
        return f"{name}：{threshold[1:]}"
    if threshold.startswith("＝"):
        return f"{name}为“{threshold[1:].strip()}”"
    if threshold[0] in "≥≤><":
        return f"{name}{_limits(threshold)}"
    return f"{name}：{_limits(threshold)}"


def requirements(text: str) -> str:
    """The same of a line of comparisons that are joined already."""
    return "".join(each if _JOINTS.fullmatch(each) else _one(each) for each in _JOINTS.split(text))


def _one(text: str) -> str:
    signed = _SIGNED.match(text)
    if signed is None:
        return requirement(text) if "÷" in text and " " not in text else _share(text)
    label, sign, rest = signed.groups()
    return requirement(label, sign + rest) if label else _limits(text)


def _share(text: str) -> str:
    """`A÷B 5.00%`: a quotient with its value."""
    label, spaced, value = text.rpartition(" ")
    return f"{requirement(label)} {value}" if spaced and "÷" in label else text


def _limits(text: str) -> str:
    return _LIMIT.sub(lambda match: _limit(*match.groups()), text)


def _limit(sign: str, number: str, unit: str) -> str:
    words = _SIGNS.get(sign) or ("不低于" if unit in _AMOUNTS else _MORE)
    if unit == "万元" and number.isdigit() and int(number) >= _WAN and int(number) % (_WAN // 10) == 0:
        number, unit = f"{int(number) / _WAN:g}", "亿元"
    return f"{words} {number}{unit}" if unit == "%" else f"{words} {number} {unit}".rstrip()
