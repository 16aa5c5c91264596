"""JSON Schemas of the files in which rules are written, for editors."""

from __future__ import annotations

from peiyu.documents.events import dumped
from peiyu.documents.maps import dictionary
from rulebook.pack_schema import pack_schema


def schemas() -> dict[str, str]:
    """File name under contracts/rules/ → its text."""
    return {"pack.schema.json": dumped(pack_schema(dictionary()))}
