"""`peiyu contracts` and `peiyu maps`: write the documents that are generated from code."""

from __future__ import annotations

from pathlib import Path

from peiyu.documents import apis, events, maps, rules

CONTRACTS = maps.ROOT / "contracts"


def contracts() -> None:
    """Write what is generated under contracts/: OpenAPI, AsyncAPI, JSON Schemas of events and of rules files."""
    _write_all(CONTRACTS / "schemas", events.schemas())
    _write_all(CONTRACTS / "openapi", apis.documents())
    _write_all(CONTRACTS / "rules", rules.schemas())
    (CONTRACTS / "asyncapi.yaml").write_text(events.asyncapi(), "utf-8")


def write_maps() -> None:
    """Write docs/EVENTS.md and docs/RULES.md."""
    for path, text in maps.pages():
        path.write_text(text, "utf-8")


def _write_all(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in folder.glob("*.json")} - set(texts):
        (folder / stale).unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
