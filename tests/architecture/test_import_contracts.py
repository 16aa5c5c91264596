"""The import contracts catch what they are there for: one violation of each is planted in a copy of the tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("chassis", "contracts", "gateway", "peiyu", "rulebook", "services")
PLANTED = {
    "Services and gateway": ("services/finance/use_cases/planted.py", "import services.registry.store.tables\n"),
    "Inside a service": ("services/registry/utils.py", "X = 1\n"),
    "Inside the gateway": ("gateway/store/planted.py", "import gateway.api.tokens\n"),
    "The domain": ("services/eligibility/domain/planted.py", "import sqlalchemy\n"),
    "Use cases": ("services/notification/use_cases/planted.py", "import fastapi\n"),
    "Contracts need": ("contracts/planted.py", "import sqlalchemy\n"),
    "The rules engine": ("rulebook/planted.py", "import pydantic\n"),
}


def statuses(folder: Path) -> dict[str, bool]:
    """Name of each contract → whether it is kept."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    lines = re.findall(r"^(.+?) (KEPT|BROKEN)", found.stdout, re.MULTILINE)
    assert lines, found.stdout + found.stderr
    return {name: kept == "KEPT" for name, kept in lines}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    folder = tmp_path_factory.mktemp("planted")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.csv", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in PLANTED.values():
        (folder / path).write_text(text)
    return statuses(folder)


@pytest.mark.parametrize("beginning", sorted(PLANTED))
def test_a_planted_violation_is_caught(planted: dict[str, bool], beginning: str) -> None:
    kept = [value for name, value in planted.items() if name.startswith(beginning)]
    assert kept == [False], f"{beginning}…: {planted}"


def test_there_is_a_planted_violation_for_every_contract(planted: dict[str, bool]) -> None:
    assert all(any(name.startswith(beginning) for beginning in PLANTED) for name in planted)
    assert len(planted) == len(PLANTED)
