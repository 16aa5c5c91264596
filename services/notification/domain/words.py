"""The words a message puts into its template: from the event's payload and what is known of the enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notification.domain.kinds import APPLICATIONS, RENEWALS, TITLE_STATES, TITLES_EN

ZH, EN = 0, 1


@dataclass(frozen=True, slots=True)
class Subject:
    """The enterprise a message is about; its name is null while the registry has not told it."""

    uscc: str
    name: str | None
    district: str | None


def words(subject: Subject, payload: Mapping[str, Any], language: int) -> dict[str, str]:
    """Placeholder → text in `language` (ZH or EN); what is missing has no entry, so that no line can claim it."""
    found: dict[str, Any] = {
        "enterprise": subject.name or subject.uscc,
        "uscc": subject.uscc,
        "district": subject.district,
        **{name: value for name, value in payload.items() if isinstance(value, str | int)},
        "title": _title(payload, language),
        "application": _label(APPLICATIONS, payload.get("application"), language),
        "state": _label(TITLE_STATES, payload.get("state"), language),
        "renewal": _label(RENEWALS, payload.get("renewal"), language),
        "reasons": ("；" if language == ZH else "; ").join(payload.get("reasons") or ()),
        "edition": _edition(payload.get("pack"), language),
    }
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def _title(payload: Mapping[str, Any], language: int) -> str | None:
    label: str | None = payload.get("title_label")
    return label if language == ZH else TITLES_EN.get(str(payload.get("title")), label)


def _label(labels: Mapping[str, tuple[str, str]], code: object, language: int) -> str | None:
    if code is None:
        return None
    return labels[str(code)][language] if str(code) in labels else str(code)


def _edition(pack: str | None, language: int) -> str | None:
    """`miit-2-2026@1f2e…` as an edition a person can quote: the pack and the first digits of its content hash."""
    if not pack:
        return None
    name, _, digest = pack.partition("@")
    if not digest:
        return name
    return f"{name}（内容校验 {digest[:8]}）" if language == ZH else f"{name} (content {digest[:8]})"
