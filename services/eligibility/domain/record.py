"""The assessment record (测算留痕单): everything an assessment was made of, hashed and signed, replayable by itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes

from chassis import signing, signing_sm2
from rulebook import VERSION
from rulebook.assessment import Assessment
from rulebook.dictionary import parse_dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.size_table import load_size_table
from services.eligibility.domain.subjects import Inputs, outcome_hash, subject_of

FORMAT = "peiyu-assessment-record"
FORMAT_VERSION = 1
SIGNATURES = "signatures"
DISCLAIMER = "测算留痕单：记录一次测算所用的数据、规则和结果，不作为认定依据。"
_PARTS = ("pack", "dictionary", "size_table", "inputs", "result")
"""What is hashed one by one, so that a difference can be located."""


class RecordUnreadable(ValueError):
    """The text is no assessment record of a format that this version knows."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts an assessment is made by beside its pack, as this version ships them, and which engine this is."""

    dictionary: Mapping[str, str]
    size_file: str
    size_text: str
    engine: str
    """sha256 of the engine's own source: two engines of one version number may differ."""


@dataclass(frozen=True, slots=True)
class Head:
    """Which assessment the record is of."""

    assessment_id: str
    uscc: str
    enterprise: str
    synthetic: bool
    assessed_at: dt.datetime
    outcome_hash: str


def record_of(
    head: Head,
    found: Assessment,
    inputs: Inputs,
    pack_file: str,
    pack_text: str,
    sources: Sources,
    keys: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The record without its signatures. The same assessment gives the same record, byte for byte.

    `reproduced` is false when this version of the program finds otherwise than the one that assessed.
    """
    parts: dict[str, Any] = {
        "pack": {
            "id": found.pack_id,
            "label": found.pack_label,
            "edition": found.pack_edition,
            "sha256": found.pack_sha256,
            "file": pack_file,
            "text": pack_text,
        },
        "dictionary": dict(sorted(sources.dictionary.items())),
        "size_table": {"file": sources.size_file, "text": sources.size_text},
        "inputs": inputs,
        "result": found.to_json(),
    }
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "notice": DISCLAIMER,
        "assessment": {
            "id": head.assessment_id,
            "uscc": head.uscc,
            "enterprise": head.enterprise,
            "synthetic": head.synthetic,
            "title": found.title,
            "kind": found.kind,
            "application_date": found.application_date.isoformat(),
            "assessed_at": head.assessed_at.isoformat(),
            "outcome_hash": head.outcome_hash,
            "reproduced": outcome_hash(found) == head.outcome_hash,
        },
        "engine": {"version": VERSION, "sha256": sources.engine},
        **parts,
        "hashes": {name: digests(parts[name]) for name in _PARTS},
        "keys": [dict(key) for key in keys],
    }


def digests(part: Mapping[str, Any]) -> dict[str, str]:
    """sha256 and SM3 (GB/T 32905) over the canonical bytes."""
    content = signing.canonical_bytes(part)
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(content)
    return {"sha256": signing.digest(content), "sm3": sm3.finalize().hex()}


def signed_bytes(record: Mapping[str, Any]) -> bytes:
    """What the signatures cover: the whole record without them."""
    return signing.canonical_bytes({name: value for name, value in record.items() if name != SIGNATURES})


def read_record(text: str) -> dict[str, Any]:
    """The record in a file. Raises RecordUnreadable: no JSON, a name twice, a fraction, or another format."""
    try:
        record = json.loads(text, object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction)
    except RecursionError as error:
        raise RecordUnreadable("文件嵌套过深，不是测算留痕单") from error
    except json.JSONDecodeError as error:
        raise RecordUnreadable(f"文件不是 JSON（第 {error.lineno} 行）") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise RecordUnreadable("文件不是测算留痕单")
    if record.get("format_version") != FORMAT_VERSION:
        raise RecordUnreadable(f"留痕单格式版本为 {record.get('format_version')}，本程序只认识 {FORMAT_VERSION}")
    return record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice reads differently from program to program: nobody wrote that by mistake."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RecordUnreadable("同一名称出现了两次，文件被改动过")
    return found


def _no_fraction(text: str) -> Any:
    raise RecordUnreadable(f"出现了小数“{text}”：留痕单中的数以文字书写，文件被改动过")


def replay(record: Mapping[str, Any]) -> Assessment:
    """Assess again from the record alone. Raises what the rules engine raises for texts it cannot use."""
    head = record["assessment"]
    day = dt.date.fromisoformat(head["application_date"])
    dictionary = parse_dictionary(record["dictionary"])
    pack = load_pack(record["pack"]["text"], dictionary, record["pack"]["file"])
    table = record["size_table"]
    sizes = load_size_table(table["text"], dictionary, table["file"])
    return evaluate(pack, subject_of(record["inputs"], sizes, day), application_date=day, kind=head["kind"])


# -- verification -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at. `holds` is null when it cannot be said."""

    what: str
    holds: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What can be said of a record without any database."""

    points: tuple[Point, ...]
    trusted: bool
    """A signature was checked with a key that the examiner brought along, not only with the one in the file."""
    same_engine: bool

    @property
    def intact(self) -> bool:
        return all(point.holds is not False for point in self.points)

    def point(self, what: str) -> Point:
        return next(each for each in self.points if each.what == what)


SIGNED, HASHED, REPLAYED, ENGINE = "签名", "校验值", "重算", "引擎"


def examine(record: Mapping[str, Any], engine: str, keys: Sequence[Mapping[str, Any]] = ()) -> Examination:
    """Whether the signatures hold, the hashes hold, and the replay gives the same result.

    `keys` are public keys (JWK) the examiner trusts; without any, the keys in the file show only that nobody who
    lacks the private key has changed it since.
    """
    same_engine = record.get("engine") == {"version": VERSION, "sha256": engine}
    signed, trusted = _guarded(lambda: _signatures(record, keys), SIGNED)
    hashed, _ = _guarded(lambda: (_hashes(record), False), HASHED)
    replayed, _ = _guarded(lambda: (_replayed(record, same_engine), False), REPLAYED)
    says = "与出具时相同" if same_engine else "与出具时不同，重算结果可能因此不同；请用出具时的版本再核对一次"
    return Examination((signed, hashed, replayed, Point(ENGINE, same_engine or None, says)), trusted, same_engine)


def _guarded(look: Callable[[], tuple[Point, bool]], what: str) -> tuple[Point, bool]:
    """A record that was changed may have any shape: whatever breaks while reading it is a difference."""
    try:
        return look()
    except Exception as error:
        return Point(what, False, f"内容无法识别，文件被改动过（{type(error).__name__}）"), False


def _signatures(record: Mapping[str, Any], keys: Sequence[Mapping[str, Any]]) -> tuple[Point, bool]:
    signatures, content = record[SIGNATURES], signed_bytes(record)
    if not signatures or any(set(each) != {"algorithm", "key_id", "value"} for each in signatures):
        return Point(SIGNED, False, "没有签名，或签名的写法不对"), False
    own = {key["kid"]: key for key in record["keys"]}
    if sorted(own) != sorted(each["key_id"] for each in signatures):
        return Point(SIGNED, False, "签名与所附公钥不对应"), False
    for each in signatures:
        key = own[each["key_id"]]
        named = signing.header_of(each["value"]) == {"alg": each["algorithm"], "kid": each["key_id"]}
        try:
            holds = _holds(each["value"], content, key)
        except signing_sm2.Sm2Unavailable as error:
            return Point(SIGNED, None, f"{each['algorithm']} 签名未核对：{error}"), False
        if not (named and holds):
            return Point(SIGNED, False, f"{each['algorithm']} 签名与内容不符：内容或签名被改动过"), False
    trusted = {key.get("kid") for key in keys} & set(own)
    names = "、".join(sorted(own))
    if trusted:
        return Point(SIGNED, True, f"相符，由所给公钥 {'、'.join(sorted(map(str, trusted)))} 签发"), True
    if keys:
        return Point(SIGNED, False, f"签名密钥 {names} 不在所给的公钥中：不是该平台签发的"), False
    return Point(
        SIGNED, None, f"与文件所附公钥相符（指纹 {names}），但未核实公钥归属：请用 --keys 给出平台公布的公钥"
    ), False


def _holds(signature: str, content: bytes, key: Mapping[str, Any]) -> bool:
    """By the kind of key, whose id has to follow from it."""
    if key["kty"] == "EC":
        return signing_sm2.thumbprint(key) == key["kid"] and signing_sm2.verify(signature, content, key)
    return signing.thumbprint(key) == key["kid"] and signing.verify(signature, content, [key])


def _hashes(record: Mapping[str, Any]) -> Point:
    stated = record["hashes"]
    wrong = [name for name in _PARTS if stated.get(name) != digests(record[name])]
    if wrong or set(stated) != set(_PARTS):
        return Point(HASHED, False, f"不符：{'、'.join(wrong) or '列出的项目不对'}")
    return Point(HASHED, True, "各部分的 SHA-256 和 SM3 均相符")


def _replayed(record: Mapping[str, Any], same_engine: bool) -> Point:
    head, result = record["assessment"], record["result"]
    found = replay(record)
    again = json.loads(signing.canonical_bytes(found.to_json()))
    different = sorted(name for name in set(again) | set(result) if again.get(name) != result.get(name))
    pack = record["pack"]
    named = {"id": found.pack_id, "label": found.pack_label, "edition": found.pack_edition, "sha256": found.pack_sha256}
    if any(pack[name] != value for name, value in named.items()) or head["title"] != found.title:
        different.append("规则包的标识")
    if head["reproduced"] is not (outcome_hash(found) == head["outcome_hash"]):
        different.append("存档结果的摘要")
    if not different:
        return Point(REPLAYED, True, f"用所附规则和数据重算，结果相同：{found.verdict_label}")
    says = f"重算结果不同：{'、'.join(different)}"
    return Point(REPLAYED, False if same_engine else None, says)
