"""How far a process is with its work, told to the one that shows it: a small file, replaced whole."""

import json
from collections.abc import Callable
from pathlib import Path

Report = Callable[[int, int | None, str], None]
"""Says how far a piece of work is: done, total if known, a word on what is being done."""


def writer(path: Path | None) -> Report:
    """A report into `path`; into nothing without one."""

    def report(done: int, total: int | None, word: str) -> None:
        if path is not None:
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps([done, total, word]))
            partial.replace(path)

    return report


def read(path: Path) -> tuple[int, int | None, str] | None:
    """The last report in `path`; None before the first."""
    try:
        done, total, word = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return int(done), total, str(word)
