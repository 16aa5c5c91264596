"""`peiyu programme validate`: file and line first, exit status 1 where something is wrong, and never a database."""

from pathlib import Path

from typer.testing import CliRunner

from peiyu.cli import app
from peiyu.parts import ROOT

PROGRAMMES = ROOT / "services" / "registry" / "programmes"


def run(*words: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["programme", *words])
    return found.exit_code, found.stdout, found.stderr


def test_the_shipped_programmes_are_valid() -> None:
    status, said, wrong = run("validate", *map(str, sorted(PROGRAMMES.glob("*.yaml"))))
    assert (status, wrong) == (0, "")
    assert said.count("✓") == 5


def test_every_mistake_is_told_with_file_line_and_remedy(tmp_path: Path) -> None:
    text = (PROGRAMMES / "xining-2022-2024.yaml").read_text("utf-8")
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if "kind: flow" in line)
    lines[at] = "    kind: total"
    broken = tmp_path / "西宁.yaml"
    broken.write_text("\n".join(lines), "utf-8")
    status, _, wrong = run("validate", str(broken))
    assert status == 1
    assert f"西宁.yaml 第 {at + 1} 行：现为“total”" in wrong
    assert "请改用代码" in wrong
