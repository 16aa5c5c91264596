"""The manifests of snapshots and delta segments, and the bytes that are signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.signing import canonical_bytes
from services.finance.domain.feed import instant

FEED = "whitelist-titles"
PREFIX = "/api/finance/v1"
SIGNATURE = "signature"

MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class FileFigures:
    """One form of the content: its own bytes are counted and hashed, as they travel."""

    format: str
    bom: bool
    encoding: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Link:
    """The publication before: a chain of manifests cannot lose a link unseen."""

    number: int
    sha256: str


def epoch_manifest(
    *,
    epoch: int,
    seq: int,
    count: int,
    built_at: dt.datetime,
    files: Sequence[FileFigures],
    previous: Link | None,
    key_id: str,
) -> dict[str, Any]:
    """What a bank must know of a snapshot before it trusts it. `sha256` is that of the plain NDJSON."""
    path = f"{PREFIX}/whitelist/snapshot?epoch={epoch}"
    return {
        "feed": FEED,
        "epoch": epoch,
        "seq": seq,
        "count": count,
        "built_at": instant(built_at),
        "sha256": plain_sha256(files),
        "files": [_file(each, path) for each in files],
        "previous": None if previous is None else {"epoch": previous.number, "sha256": previous.sha256},
        "key_id": key_id,
    }


def segment_manifest(
    *,
    number: int,
    first_seq: int,
    last_seq: int,
    files: Sequence[FileFigures],
    previous: Link | None,
    key_id: str,
) -> dict[str, Any]:
    """What a bank must know of a closed run of changes. `sha256` is that of the plain NDJSON."""
    path = f"{PREFIX}/whitelist/segments/{number}?"
    return {
        "feed": FEED,
        "segment": number,
        "first_seq": first_seq,
        "last_seq": last_seq,
        "count": last_seq - first_seq + 1,
        "sha256": plain_sha256(files),
        "files": [_file(each, path) for each in files],
        "previous": None if previous is None else {"segment": previous.number, "sha256": previous.sha256},
        "key_id": key_id,
    }


def plain_sha256(files: Sequence[FileFigures]) -> str:
    """The digest of the plain NDJSON."""
    return next(each.sha256 for each in files if each.format == "ndjson" and each.encoding == "identity")


def _file(file: FileFigures, path: str) -> dict[str, Any]:
    joint = "" if path.endswith("?") else "&"
    return {
        "format": file.format,
        "bom": file.bom,
        "encoding": file.encoding,
        "media_type": MEDIA_TYPES[file.format],
        "bytes": file.size,
        "sha256": file.sha256,
        "path": f"{path}{joint}format={file.format}" + ("&bom=true" if file.bom else ""),
    }


def signed_bytes(manifest: Mapping[str, Any]) -> bytes:
    """What the signature covers: the manifest without `signature`, canonical by RFC 8785.

    Its names are ASCII and its numbers integers, for which sorted keys without spaces are that form.
    """
    return canonical_bytes({name: value for name, value in manifest.items() if name != SIGNATURE})
