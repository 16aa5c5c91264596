"""JSON Schemas of the files in which rules are written, for editors."""

from __future__ import annotations

from peiyu.documents.events import dumped
from peiyu.documents.maps import ROOT, dictionary
from rulebook.pack_schema import pack_schema
from services.registry.domain.programmes.schema import programme_schema
from services.registry.domain.programmes.vocabulary import load_vocabulary


def schemas() -> dict[str, str]:
    """File name under contracts/rules/ → its text."""
    vocabulary = ROOT / "services" / "registry" / "reference" / "programme_vocabulary.yaml"
    programmes = programme_schema(load_vocabulary(vocabulary.read_text("utf-8")))
    return {"pack.schema.json": dumped(pack_schema(dictionary())), "programme.schema.json": dumped(programmes)}
