"""The shipped message templates, read once per process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.notification.domain.templates import Template, parse_templates

FOLDER = Path(__file__).resolve().parents[1] / "templates"


def load(folder: Path = FOLDER) -> dict[str, Template]:
    """Kind → current template; raises TemplatesInvalid with file and line of everything wrong in `folder`."""
    paths = sorted(folder.glob("*.yaml"))
    return parse_templates((path.name, path.read_text(encoding="utf-8")) for path in paths)


@cache
def shipped() -> dict[str, Template]:
    """The templates of this version of the code; they cannot change while a process runs."""
    return load()
