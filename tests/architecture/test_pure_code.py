"""The rules engine and the domain reach no file, no network and no other process, by the standard library either."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = [ROOT / "rulebook", ROOT / "gateway" / "domain", *sorted((ROOT / "services").glob("*/domain"))]
REACHING_OUT = {
    "socket", "ssl", "urllib", "http", "subprocess", "multiprocessing", "os", "pathlib", "shutil", "tempfile",
    "asyncio", "sqlite3", "ftplib", "smtplib", "importlib",
}  # fmt: skip
"""import-linter looks at whole packages of others; these come with Python, and importlib would bring any of them."""
CALLS = {"open", "__import__", "eval", "exec"}
METHODS = {
    "read_text", "read_bytes", "write_text", "write_bytes",
    "fromfile", "tofile", "loadtxt", "savetxt", "genfromtxt", "memmap",
}  # fmt: skip
"""A path may be handed in: then no import betrays that a file is read. numpy has ways of its own."""


def reaching_out(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        yield from (f"{node.lineno}: import {name}" for name in names if name.split(".")[0] in REACHING_OUT)
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                yield f"{node.lineno}: {called.id}()"
            elif isinstance(called, ast.Attribute) and called.attr in METHODS | {"open"}:
                yield f"{node.lineno}: .{called.attr}()"


@pytest.mark.parametrize("folder", PURE, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_pure_code_reaches_for_nothing(folder: Path) -> None:
    files = sorted(folder.rglob("*.py"))
    assert files
    found = [f"{path.relative_to(ROOT)}:{each}" for path in files for each in reaching_out(path.read_text("utf-8"))]
    assert found == [], "read it in a use case, or in store/, and hand over what was read"


@pytest.mark.parametrize(
    "planted",
    [
        "import socket",
        "import json, os.path",
        "from urllib.request import urlopen",
        "from pathlib import Path",
        "def f():\n    import subprocess",
        "text = open('pack.yaml').read()",
        "def f(path):\n    return path.read_text()",
        "def f(path):\n    return path.open()",
        "import numpy\nnumpy.fromfile('pack')",
        "__import__('socket')",
    ],
)
def test_a_planted_violation_is_found(planted: str) -> None:
    assert len(list(reaching_out(planted))) == 1


@pytest.mark.parametrize(
    "harmless", ["from .http import x", "import datetime", "from rulebook.os import x", "reopen()"]
)
def test_what_reaches_for_nothing_passes(harmless: str) -> None:
    assert list(reaching_out(harmless)) == []


IMPORTS = {
    "rulebook": {
        "__future__", "collections", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
        "hashlib", "itertools", "json", "math", "numpy", "re", "rulebook", "typing", "unicodedata", "yaml", "zlib",
    },
    "contracts": {"__future__", "contracts", "datetime", "typing", "pydantic"},
}  # fmt: skip
"""All that these two import: a partner takes `contracts/` with pydantic alone, and whoever has not a name cannot reach
out by it (io.FileIO, gzip, pkgutil …). Add what computes and reaches for nothing."""


def imported(text: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(IMPORTS))
def test_a_pure_package_imports_what_is_listed_and_nothing_else(package: str) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    found = {path.name: strange for path in files if (strange := imported(path.read_text("utf-8")) - IMPORTS[package])}
    assert found == {}


@pytest.mark.parametrize("planted", ["import structlog", "import typer", "import io", "from gzip import GzipFile"])
def test_a_planted_import_is_found(planted: str) -> None:
    assert imported(planted) - IMPORTS["rulebook"] - IMPORTS["contracts"]


WHO_MAY_NOT_COMMIT = sorted(path for part in ("services", "gateway") for path in (ROOT / part).rglob("*.py"))


def ending(text: str) -> list[int]:
    """Lines that end a transaction; the edge that opened it does, in chassis/db.py (ADR-0002)."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ENDS
        and not node.args
    ]


ENDS = {"commit", "rollback"}


def test_services_and_gateway_end_no_transaction() -> None:
    found = {str(path.relative_to(ROOT)): lines for path in WHO_MAY_NOT_COMMIT if (lines := ending(path.read_text()))}
    assert found == {}
    assert ending("tx.session.commit()") == [1]
