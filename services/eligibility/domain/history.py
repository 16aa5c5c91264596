"""What changed from one stored assessment to the next, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rulebook.assessment import Assessment, ConditionResult
from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Dictionary
from rulebook.pack import KINDS, TITLES
from rulebook.scene import exact_decimal
from rulebook.subject import POINT
from rulebook.wording import period_label, shown, shown_value
from services.eligibility.domain.subjects import Inputs

TITLE_STATES = {
    "valid": "有效",
    "publicized": "公示中",
    "under_review": "复核中",
    "expired": "已到期",
    "cancelled": "已取消",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `what`: verdict, kind, route, score, pack, condition, fact, title or industry."""

    what: str
    id: str
    label: str
    fiscal_year: int | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A stored assessment: what it looked at, and what it found."""

    inputs: Inputs
    found: Assessment


def differences(before: Told, after: Told, dictionary: Dictionary) -> list[Change]:
    """What another outcome rests on: the outcome first, then the conditions, then the data and the rules."""
    old, new = before.found, after.found
    heads = [
        ("verdict", "测算结论", old.verdict_label, new.verdict_label),
        ("kind", "申请类型", KINDS[old.kind], KINDS[new.kind]),
        ("route", "符合的路径", _route(old), _route(new)),
        ("score", "评价得分", _score(old), _score(new)),
        ("pack", "规则版本", _pack(old), _pack(new)),
    ]
    changed = [Change(what, what, label, None, was, now) for what, label, was, now in heads if was != now]
    return [
        *changed,
        *_conditions(old, new),
        *_facts(before.inputs, after.inputs, dictionary),
        *_titles(before.inputs, after.inputs),
        *_industry(before.inputs, after.inputs),
    ]


def _route(found: Assessment) -> str | None:
    return next((each.label for each in found.routes if each.id == found.route), None)


def _score(found: Assessment) -> str | None:
    return found.score.points.display if found.score is not None else None


def _pack(found: Assessment) -> str:
    return f"{found.pack_label}（内容校验 {found.pack_sha256[:8]}）"


def _conditions(old: Assessment, new: Assessment) -> Iterator[Change]:
    was = {each.id: each for each in old.conditions}
    now = {each.id: each for each in new.conditions}
    for name in dict.fromkeys([*was, *now]):
        before, after = was.get(name), now.get(name)
        said = _said(before), _said(after)
        if said[0] != said[1]:
            label = (after or before or was[name]).label
            yield Change("condition", name, label, None, *said)


def _said(found: ConditionResult | None) -> str | None:
    if found is None:
        return None
    return f"{found.points.display}（{found.status.label}）" if found.points is not None else found.status.label


def _facts(old: Inputs, new: Inputs, dictionary: Dictionary) -> Iterator[Change]:
    for fact_id in sorted({*old["facts"], *new["facts"]}):
        was, now = old["facts"].get(fact_id, {}), new["facts"].get(fact_id, {})
        fact = dictionary.find(fact_id)
        for year in sorted({*was, *now}):
            before, after = was.get(year), now.get(year)
            if before is not None and after is not None and _same(before, after):
                continue
            label = period_label(fact, int(year)) if fact is not None else fact_id
            yield Change(
                "fact",
                fact_id,
                label,
                None if int(year) == POINT else int(year),
                _entry(dictionary, fact_id, before),
                _entry(dictionary, fact_id, after),
            )


def _same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return all(before.get(name) == after.get(name) for name in ("value", "source", "as_of"))


def _entry(dictionary: Dictionary, fact_id: str, stored: Mapping[str, Any] | None) -> str | None:
    if stored is None:
        return None
    fact, value = dictionary.find(fact_id), stored.get("value")
    if fact is None:
        text = str(value)
    elif fact.type in NUMERIC:
        text = shown(fact, exact_decimal(fact_id, POINT, value))
    else:
        text = shown_value(fact, value)
    source = str(stored.get("source", ""))
    as_of = f"，截至 {stored['as_of']}" if stored.get("as_of") else ""
    return f"{text}（{SOURCE_KINDS.get(source, source)}{as_of}）"


def _titles(old: Inputs, new: Inputs) -> Iterator[Change]:
    was, now = _held(old), _held(new)
    for code in sorted({*was, *now}):
        if was.get(code) != now.get(code):
            yield Change("title", code, TITLES.get(code, code), None, was.get(code), now.get(code))


def _held(inputs: Inputs) -> dict[str, str]:
    held: dict[str, list[str]] = {}
    for title in inputs["titles"]:
        until = f"，至 {title['valid_to']}" if title.get("valid_to") else ""
        held.setdefault(title["code"], []).append(f"{TITLE_STATES.get(title['state'], title['state'])}{until}")
    return {code: "；".join(sorted(said)) for code, said in held.items()}


def _industry(old: Inputs, new: Inputs) -> Iterator[Change]:
    if old["industry_code"] != new["industry_code"]:
        yield Change("industry", "industry_code", "所属行业", None, old["industry_code"], new["industry_code"])
