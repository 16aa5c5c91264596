"""Cells of a CSV that people open in a spreadsheet: none of them can start a formula there."""

from __future__ import annotations

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_QUOTED = re.compile(r'[",\r\n]')


def csv_cell(text: str) -> str:
    """The text as one cell, after an apostrophe where a spreadsheet would take it for a formula."""
    shown = f"'{text}" if text.startswith(_FORMULA) else text
    return '"' + shown.replace('"', '""') + '"' if _QUOTED.search(shown) else shown
