"""The keys of a programme file, block by block: the loader refuses any other, the schema for editors offers these."""

from __future__ import annotations

PROGRAMME_KEYS = (
    "programme", "label", "document", "area", "area_note", "members", "period", "orders", "also_responsible", "units",
    "targets", "tasks", "conflicts",
)  # fmt: skip
DOCUMENT_KEYS = ("name", "number", "issuer", "issued_on", "copy")
PERIOD_KEYS = ("from", "to", "lines", "quote", "note")
ORDER_KEYS = ("kind", "label", "lines", "quote")
ALSO_KEYS = ("units", "parts", "lines", "quote")
UNIT_KEYS = ("name", "written", "now", "evidence")
TARGET_KEYS = (
    "id", "label", "metric", "among", "levels", "holders", "kind", "operator", "value", "stretch", "tolerance", "unit",
    "by", "lines", "quote", "annex", "tasks", "decisions", "note",
)  # fmt: skip
THRESHOLD_KEYS = ("operator", "value")
QUOTATION_KEYS = ("lines", "quote")
TASK_KEYS = (
    "id", "item", "part", "section", "label", "lines", "text", "units_quote", "lead", "cooperating", "responsible",
    "deadline", "note",
)  # fmt: skip
DEADLINE_KEYS = ("kind", "on", "quote", "event")
CONFLICT_KEYS = ("id", "decision", "about", "question", "readings", "used", "because")
READING_KEYS = ("source", "lines", "quote", "gist", "evidence", "says")
