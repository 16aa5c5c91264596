"""`peiyu policy`: file and line first, exit status 1 where something is wrong, and never a database."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from peiyu.cli import app
from peiyu.commands import policy
from peiyu.parts import ROOT

POLICIES = ROOT / "services" / "eligibility" / "policies"
NAME = "suzhou-2018-industry-giant.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack with its cases, to be changed."""
    (tmp_path / "cases").mkdir()
    shutil.copy(POLICIES / NAME, tmp_path / NAME)
    shutil.copy(POLICIES / "cases" / NAME, tmp_path / "cases" / NAME)
    return tmp_path


@pytest.mark.parametrize(
    "page", ["README.md", "README.zh-CN.md", "services/eligibility/README.md", "rulebook/README.md"]
)
def test_the_pages_name_the_commands_that_there_are(page: str) -> None:
    found = (ROOT / page).read_text("utf-8")
    named = set(
        re.findall(r"\b(validate|test|diff|explain)\b", "".join(re.findall(r"peiyu policy.{0,60}", found, re.S)))
    )
    commands = {each.name or each.callback.__name__ for each in policy.app.registered_commands if each.callback}
    assert named == commands


def run(*words: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, ["policy", *words])
    return found.exit_code, found.stdout, found.stderr


def test_a_sound_pack_and_the_table_of_sizes_are_valid() -> None:
    status, said, wrong = run("validate", str(POLICIES / NAME), str(POLICIES / "size-2011-2017.yaml"))
    assert (status, wrong) == (0, "")
    assert said.count("✓") == 2


def test_every_mistake_is_told_with_file_line_finding_expectation_and_remedy(folder: Path) -> None:
    pack = folder / NAME
    lines = pack.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if "title:" in line)
    lines[at] = "title: little_gaint"
    pack.write_text("\n".join(lines), "utf-8")
    status, _, wrong = run("validate", str(pack))
    assert status == 1
    assert f"{pack}:{at + 1}: 现为“little_gaint”，应为" in wrong
    assert "请改用称号代码。" in wrong
    assert "共 1 处问题。" in wrong


@pytest.mark.parametrize("content", [b"\xff\xfe\x00pack", b"pack: [", b"", b"- a\n"])
def test_what_is_no_pack_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.yaml"
    file.write_bytes(content)
    for command in (
        ["validate", str(file)],
        ["test", str(file)],
        ["explain", str(file)],
        ["diff", str(file), str(file)],
    ):
        status, _, wrong = run(*command)
        assert (status, f"{file}:1:" in wrong) == (1, True), wrong


def test_two_packs_that_collide_are_refused(folder: Path) -> None:
    other = folder / "other.yaml"
    other.write_text((folder / NAME).read_text("utf-8").replace("pack: suzhou", "pack: other"), "utf-8")
    status, _, wrong = run("validate", str(folder / NAME), str(other))
    assert status == 1
    assert f"{other}:1: " in wrong


def test_the_cases_of_a_pack_are_run(folder: Path) -> None:
    assert run("test", str(folder / NAME))[0] == 0
    cases = folder / "cases" / NAME
    changed = cases.read_text("utf-8").replace("verdict: not_eligible", "verdict: eligible", 1)
    assert changed != cases.read_text("utf-8")
    cases.write_text(changed, "utf-8")
    status, _, wrong = run("test", str(folder / NAME))
    assert status == 1
    assert "结论：期望 eligible，实为 not_eligible" in wrong
    cases.unlink()
    status, _, wrong = run("test", str(folder / NAME))
    assert status == 1
    assert "没有案例" in wrong


def test_cases_of_another_pack_count_for_nothing(folder: Path) -> None:
    other = POLICIES / "cases" / "suzhou-2018-specialized.yaml"
    status, _, wrong = run("test", str(folder / NAME), "--cases", str(other))
    assert status == 1
    assert "案例属于 suzhou-2018-specialized" in wrong


def test_two_versions_are_compared(folder: Path) -> None:
    changed = folder / "changed.yaml"
    text = (folder / NAME).read_text("utf-8")
    changed.write_text("# 注释\n" + text, "utf-8")
    assert run("diff", str(folder / NAME), str(changed))[1] == "规则相同（注释和排版不算）。\n"
    changed.write_text(text.replace("label: 宿州市", "label: 宿州"), "utf-8")
    status, said, _ = run("diff", str(folder / NAME), str(changed))
    assert status == 0
    assert "规则包：名称由“宿州市" in said
    assert "共 1 处不同。" in said


def test_a_pack_is_explained_and_a_table_is_not() -> None:
    status, said, _ = run("explain", str(POLICIES / NAME))
    assert status == 0
    assert "称号：宿州市“行业小巨人”" in said
    assert "〔" in said
    assert run("explain", str(POLICIES / "size-2011-2017.yaml"))[0] == 1
