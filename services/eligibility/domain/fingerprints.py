"""What an assessment came from and came to, in a few bytes that the columns give as well as the traced evaluator.

Equal fingerprints, and no day in between on which time alone changes anything: the assessment would say the same in
every word, the findings it waits for and its place in the calendar would be the same. Only then a batch run may spare
itself the trace.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from rulebook.columnar import ColumnarPack, compile_pack
from rulebook.pack import Pack
from services.eligibility.domain.catalog import Editions

NO_RULES = b""
"""Instead of a signature, where no edition serves the enterprise."""

_COMPILED: dict[str, ColumnarPack] = {}
"""By the pack's content, as in `rulebook.dependencies`."""


def in_columns(pack: Pack) -> ColumnarPack:
    """The pack compiled for populations, once per content."""
    if pack.sha256 not in _COMPILED:
        _COMPILED[pack.sha256] = compile_pack(pack)
    return _COMPILED[pack.sha256]


def hash_of_inputs(
    industry_code: str | None, periods: Iterable[tuple[int, bytes]], titles: Iterable[Mapping[str, Any]]
) -> bytes:
    """Of everything an assessment may look at, ages and sources too; periods as (fiscal year, hash of their facts)."""
    written = json.dumps(
        [
            industry_code,
            sorted((year, content.hex()) for year, content in periods),
            sorted(json.dumps(title, sort_keys=True) for title in titles),
        ]
    )
    return hashlib.blake2b(written.encode(), digest_size=16).digest()


def basis_of(ground: str, editions: Editions, title: str, pack: Pack | None, kind: str) -> bytes:
    """The rules part of a fingerprint, the same for all whom `pack` serves.

    All editions of the title: another of them may come into force, and the calendar knows the day. `ground` as of the
    catalog: after a release with another engine, dictionary or size table nothing stands unseen.
    """
    hashes = [each.sha256 for each in editions.packs if each.title == title]
    return json.dumps([ground, title, kind, pack.sha256 if pack else None, hashes]).encode()


def fingerprint(inputs: bytes, basis: bytes, signature: bytes) -> str:
    """Of one enterprise and title; `inputs` as hashed, `signature` by `rulebook.columnar_signature`."""
    return hashlib.blake2b(inputs + len(basis).to_bytes(4) + basis + signature, digest_size=16).hexdigest()
