"""Enterprise names: the form in which two spellings of one name are equal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# After NFKC the full-width brackets, letters and digits are half width already; these are not covered by it.
_SAME = str.maketrans({"〔": "(", "﹝": "(", "【": "(", "[": "(", "〕": ")", "﹞": ")", "】": ")", "]": ")"})
_SAME.update(str.maketrans({"•": "·", "・": "·", "‧": "·", "∙": "·"}))
_SAME.update(str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'"}))

_PLAIN = re.compile(r"[0-9A-Za-z()\u4e00-\u9fff]*")
"""Once its brackets are half width, such a name is its own key but for capitals: nearly every name of a register."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it was written, and the key that is compared."""

    original: str
    key: str


def read(text: str) -> Name:
    """The name as written (without outer spaces), with its key."""
    return Name(original=text.strip(), key=comparison_key(text))


def comparison_key(text: str) -> str:
    """Half-width letters, digits and brackets, lower case, no spaces or invisible characters.

    For exact comparison only: 有限公司 is not shortened and traditional characters stay as they are.
    """
    if _PLAIN.fullmatch(plain := text.replace("（", "(").replace("）", ")")):
        return plain.lower()
    halves = unicodedata.normalize("NFKC", text).translate(_SAME).casefold()
    return "".join(c for c in halves if not c.isspace() and unicodedata.category(c) != "Cf")
