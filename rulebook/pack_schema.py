"""The JSON Schema of a pack file, for editors: from the keys and words that the loader knows, so that they agree.

It helps while typing. What needs the whole pack (units, bands without gap, routes that can be reached) only the loader
finds. Scalars are read as text, so a number may stand where digits are meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rulebook.dictionary import SOURCE_KINDS, Dictionary
from rulebook.indicators import INDICATOR_KEYS
from rulebook.loader import (
    CONDITION_KEYS,
    DOCUMENT_KEYS,
    GROUP_KEYS,
    LIFE_CYCLE_KEYS,
    LINE_KEYS,
    PACK_KEYS,
    ROUTE_KEYS,
)
from rulebook.pack import EFFORTS, EVIDENCE_GRADES, KINDS, MODALITIES, PACK_TITLES, SIZES, TITLES, TOPICS

Json = dict[str, Any]

_POINTS = r"^\d+(\.\d+)?(\s*-\s*\d+(\.\d+)?)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_COMPARISON = r"^[A-Za-z_].*(>=|<=|==|≥|≤|>|<|=).+$"
_MEASURE = r"^[A-Za-z_][A-Za-z_0-9\[\]()\s,+/-]*$"
_LIMIT = r"^\s*(>=|<=|≥|≤|>|<).+$"
_WINDOWS = {
    "rolling_years": "近 n 年（n×365 天）",
    "fiscal_years": "近 n 个完整会计年度",
    "calendar_years": "当年及此前",
}


def pack_schema(dictionary: Dictionary) -> Json:
    """JSON Schema 2020-12 of a pack as YAML or JSON; facts are offered from the dictionary."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:peiyu:policy-pack",
        "title": "规则包",
        "description": "一个称号一个版次的规则。写法见 rulebook/README.md；用 peiyu policy validate 做完整检查。",
        **_object(
            PACK_KEYS,
            {
                "pack": _text("规则包编号，全库唯一"),
                "edition": _written("版次，如 2026", r"^.+$"),
                "title": _named("称号代码", PACK_TITLES),
                "label": _text("名称"),
                "document": _ref("document"),
                "in_force": _in_force(),
                "area": _list(_written("行政区划代码，2、4 或 6 位", r"^[1-9]\d(\d\d(\d\d)?)?$"), least=1),
                "rules": {"const": "none", "description": "文件没有写明条件"},
                "kinds": _list(_named("申报类别", KINDS), least=1),
                "decision": _ref("line"),
                "alternatives": _ref("line"),
                "gates": _list(_ref("condition")),
                "conditions": _list(_ref("condition")),
                "groups": _list(_ref("group")),
                "indicators": _list(_ref("indicator")),
                "routes": _list(_ref("route"), least=1),
                "life_cycle": _list(_ref("lifeCycle")),
                "notes": _list(_ref("note")),
            },
            required=("pack", "edition", "title", "label", "document", "in_force", "kinds", "decision", "routes"),
        ),
        "$defs": _definitions(dictionary),
    }


def _definitions(dictionary: Dictionary) -> Json:
    line = _line()
    note = {"topic": _named("类别", TOPICS), "items": _list(_text("内容"))}
    return {
        "document": _object(
            DOCUMENT_KEYS,
            {
                "number": _text("文号"),
                "name": _text("文件名称"),
                "issuer": _text("发文机关"),
                "annex": _text("附件"),
            },
            required=("number", "name", "issuer"),
        ),
        "line": _object(LINE_KEYS, line, required=_BASIS),
        "condition": _condition(line),
        "indicator": _indicator(line),
        "group": _object(
            GROUP_KEYS,
            {"id": _text("分组编号"), "label": _text("名称"), "max": _written("封顶分", _POINTS)},
            required=("id", "label"),
        ),
        "route": _route(),
        "note": _object((*LINE_KEYS, "topic", "items"), line | note, required=(*_BASIS, "topic")),
        "lifeCycle": _object(
            (*LINE_KEYS, *LIFE_CYCLE_KEYS),
            line
            | {
                "years": _written("年数，1 至 99", r"^[1-9]\d?$"),
                "months": _written("月数，1 至 99", r"^[1-9]\d?$"),
                "due": _written("每年的月-日，如 04-30", r"^\d\d-\d\d$"),
            },
            required=_BASIS,
        ),
        "term": _object(
            ("from", "to"),
            {"from": _written("第一天", _DATE), "to": _written("最后一天（含）", _DATE)},
            required=("from",),
        ),
        "band": _object(
            ("from", "above", "to", "points"),
            {
                "from": _written("含下限，如 3%、100 万元", r"^.+$"),
                "above": _written("不含下限", r"^.+$"),
                "to": _written("含上限", r"^.+$"),
                "points": _written("分值，如 20 或 7-8", _POINTS),
            },
            required=("points",),
        ),
        **_tests(dictionary),
    }


_BASIS = ("id", "label", "clause", "quote", "evidence")


def _line() -> Json:
    grades = "|".join(EVIDENCE_GRADES)
    return {
        "id": _text("规则手册中的编号"),
        "label": _text("名称"),
        "clause": _text("条款，如 附件1 第三项"),
        "quote": _text("原文摘录"),
        "evidence": _written("依据等级：" + "、".join(EVIDENCE_GRADES) + "，M 可写 M(90)", rf"^({grades})(\(\d+\))?$"),
        "document": _ref("document"),
    }


def _in_force() -> Json:
    by_kind = _object(KINDS, {kind: _ref("term") for kind in KINDS}, required=())
    return {"description": "施行期；或按 new、review 分别写", "anyOf": [_ref("term"), by_kind | {"minProperties": 1}]}


def _condition(line: Json) -> Json:
    by_kind = _object(KINDS, {kind: _ref("test") for kind in KINDS}, required=())
    properties = line | {
        "test": _ref("test"),
        "test_by_kind": by_kind,
        "kinds": _list(_named("只适用于", KINDS), least=1),
        "in_force": _ref("term"),
        "applies_if": _ref("test"),
        "modality": {"enum": list(MODALITIES), "description": "约束力：must 必须；其余只提示"},
        "only_sources": _list(_named("可采信的来源", SOURCE_KINDS)),
        "undefined_review_if": _ref("test"),
        "flag": _object(("when", "text"), {"when": _ref("test"), "text": _text("提示文字")}, required=("when", "text")),
        "effort": _effort(),
    }
    made = _object((*LINE_KEYS, *CONDITION_KEYS), properties, required=(*_BASIS, "modality"))
    return made | {"oneOf": [{"required": ["test"]}, {"required": ["test_by_kind"]}]}


def _indicator(line: Json) -> Json:
    scale = _object(
        ("measure", "bands"),
        {"measure": _written("计算口径", _MEASURE), "bands": _list(_ref("band"), least=1)},
        required=("measure", "bands"),
    )
    choice = _object(
        ("when", "otherwise", "points"),
        {"when": _ref("test"), "otherwise": _text("其余情形"), "points": _written("分值", _POINTS)},
        required=("points",),
    )
    grade = {"label": _text("档次"), "points": _written("分值", _POINTS)}
    steps = {"every": _written("每满多少，如 2 年", r"^.+$"), "points": _written("得分", _POINTS)}
    each = {"points": _written("每项得分", _POINTS), "of": _list(_ref("test"), least=1)}
    properties = line | {
        "group": _text("groups 中的编号"),
        "max": _written("满分", _POINTS),
        "measure": _written("计算口径，如 rd_expense_yuan[t] / revenue_yuan[t]", _MEASURE),
        "bands": _list(_ref("band"), least=1),
        "steps": _object(("every", "points"), steps, required=("every", "points")),
        "better_of": _list(scale, least=2),
        "choices": _list(choice, least=1),
        "each": _object(("points", "of"), each, required=("points", "of")),
        "grades": _list(_object(("label", "points"), grade, required=("label", "points")), least=1),
        "slot": {"description": "由省里另行确定的分值"},
        "expert": _written("存放专家打分的事实", _MEASURE),
        "only_sources": _list(_named("可采信的来源", SOURCE_KINDS)),
        "effort": _effort(),
    }
    made = _object((*LINE_KEYS, *INDICATOR_KEYS), properties, required=(*_BASIS, "group", "max"))
    forms = ("bands", "steps", "better_of", "choices", "each", "grades", "slot")
    return made | {"oneOf": [{"required": [form]} for form in forms]}


def _route() -> Json:
    score = _object(
        ("total", "groups"),
        {
            "total": _written("总分要求，如 >= 60 分", _LIMIT),
            "groups": {"type": "object", "additionalProperties": _written("分组得分要求", _LIMIT)},
        },
        required=(),
    )
    properties = {
        "id": _text("路径编号"),
        "label": _text("名称"),
        "all_of": _list(_text("conditions 中的编号")),
        "any_of": _list(_text("conditions 中的编号")),
        "score": score,
    }
    made = _object(ROUTE_KEYS, properties, required=("id", "label"))
    return made | {"anyOf": [{"required": [part]} for part in ("all_of", "any_of", "score")]}


# -- tests --------------------------------------------------------------------------------------------------------


def _tests(dictionary: Dictionary) -> Json:
    records = {fact.id: fact.label for fact in dictionary if fact.type == "records"}
    findings = {fact.id: fact.label for fact in dictionary if fact.type == "finding"}
    titles = _list(_named("称号代码", TITLES), least=1)
    sizes = [*SIZES.values(), *SIZES]
    where = {"anyOf": [_ref("entries"), _list(_ref("entries"), least=1)]}
    several = {"where": where, "review_where": where, "within": _ref("within")}
    forms: dict[str, Json] = {
        "all": {"all": _list(_ref("test"), least=1)},
        "any": {"any": _list(_ref("test"), least=1)},
        "review": {"review": _ref("test")},
        "some": {"some": _named("记录类事实", records)} | several,
        "none": {"none": _named("记录类事实", records)} | several,
        "total": {
            "total": _written("金额字段，如 equity_financing.amount_yuan", r"^[a-z_0-9]+\.[a-z_0-9]+$"),
            "where": where,
            "within": _ref("within"),
            "limit": _written("金额要求，如 >= 500 万元", r"^\s*(>=|>|≥).+$"),
        },
        "holds": {"holds": titles},
        "holds_none": {"holds_none": titles},
        "recorded": {"recorded": titles},
        "recorded_none": {"recorded_none": titles},
        "no_ban": {
            "no_ban": _object(
                ("titles", "years"),
                {"titles": titles, "years": _written("年数，1 至 9", r"^[1-9]$")},
                required=("titles", "years"),
            )
        },
        "size": {"size": _list({"enum": sizes}, least=1)},
        "finding": {"finding": _named("认定事项", findings)},
        "left_open": {"left_open": _text("文件没有写明什么")},
        "in_plan": {
            "in_plan": _object(("until",), {"until": _written("规划期最后一天", _DATE)}, required=("until",)),
        },
    }
    demanded = {"total": ("total", "within", "limit")}
    made = [
        {"title": name} | _object(tuple(keys), keys, required=demanded.get(name, (name,)))
        for name, keys in forms.items()
    ]
    comparison = {
        "type": "string",
        "title": "比较式",
        "pattern": _COMPARISON,
        "description": "如 rd_expense_yuan[t] / revenue_yuan[t] >= 3%",
    }
    field = {"type": ["string", "number", "boolean", "array"]}
    window = {name: _written(label, r"^[1-9]$") for name, label in _WINDOWS.items()}
    window |= {"field": _text("日期字段"), "not_past": {"description": "有效期内"}}
    return {
        "test": {"anyOf": [comparison, *made]},
        "entries": {"type": "object", "minProperties": 1, "additionalProperties": field},
        "within": _object(tuple(window), window, required=("field",)) | {"minProperties": 2, "maxProperties": 2},
    }


# -- parts --------------------------------------------------------------------------------------------------------


def _object(keys: Iterable[str], properties: Mapping[str, Json], *, required: Iterable[str]) -> Json:
    """An object with exactly the keys that the loader reads; a key that only one of them knows is a mistake here."""
    if set(keys) != set(properties):
        raise ValueError(f"schema and loader differ: {sorted(set(keys) ^ set(properties))}")
    made: Json = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return made | ({"required": list(required)} if required else {})


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Json, *, least: int = 0) -> Json:
    return {"type": "array", "items": items} | ({"minItems": least} if least else {})


def _text(description: str) -> Json:
    return {"type": ["string", "number"], "minLength": 1, "description": description}


def _written(description: str, pattern: str) -> Json:
    return {"type": ["string", "number"], "pattern": pattern, "description": description}


def _named(description: str, words: Mapping[str, str]) -> Json:
    return {"description": description, "oneOf": [{"const": code, "title": label} for code, label in words.items()]}


def _effort() -> Json:
    return {"enum": list(EFFORTS), "description": "补足所需时间"}
