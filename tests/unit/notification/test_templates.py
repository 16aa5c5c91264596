"""Templates are data: what is wrong is found when they are loaded, and filling them in evaluates nothing."""

from pathlib import Path

import pytest

from services.notification.domain.kinds import DISCLAIMER, DISCLAIMER_EN, KINDS
from services.notification.domain.templates import Template, TemplatesInvalid, parse_templates
from services.notification.domain.words import Subject
from services.notification.store.template_files import FOLDER, load

SUBJECT = Subject("91341300MA2N000011", "宿州示例制造有限公司", "埇桥区")

ELIGIBLE = {
    "title": "specialized_sme",
    "title_label": "专精特新中小企业",
    "application": "new",
    "route": "评分",
    "pack": "miit-2-2026-specialized@1f2e3d4c5b6a",
    "reasons": ["总分 72.5，达到 60 分", "研发费用占比 6.1%"],
    "assessment_id": "a-1",
    "assessed_on": "2026-03-01",
}

TITLE = """\
id: title-recorded
version: {version}
kind: title_recorded
zh:
  title: "{title}"
  body:
    - "{line}"
  why: "您是{{enterprise}}的服务专员。"
en:
  title: "{{title}}"
  body: ["Batch {{batch}}"]
  why: "You look after {{enterprise}}."
"""


def title_file(*, version: str = "1", title: str = "{enterprise}", line: str = "批次：{batch}") -> str:
    return TITLE.format(version=version, title=title, line=line)


def others() -> list[tuple[str, str]]:
    """The shipped files of the other kinds."""
    paths = [path for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "title-recorded"]
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths]


def problems_of(text: str) -> list[tuple[str, int, str]]:
    with pytest.raises(TemplatesInvalid) as caught:
        parse_templates([*others(), ("title.yaml", text)])
    assert str(caught.value)
    return [(problem.file, problem.line, problem.code) for problem in caught.value.problems]


def shipped(kind: str) -> Template:
    return load()[kind]


def test_the_shipped_templates_are_sound_and_complete() -> None:
    assert set(load()) == set(KINDS)


def test_an_eligible_message_names_title_route_edition_and_reasons_and_disclaims() -> None:
    chinese, english = shipped("enterprise_eligible").render(SUBJECT, ELIGIBLE)
    for expected in (
        "专精特新中小企业",
        "评分",
        "miit-2-2026-specialized（内容校验 1f2e3d4c）",
        "总分 72.5，达到 60 分；研发费用占比 6.1%",
        "新申报",
        DISCLAIMER,
    ):
        assert expected in chinese.body
    assert "宿州示例制造有限公司" in chinese.title
    assert "您是宿州示例制造有限公司的服务专员" in chinese.why
    assert DISCLAIMER_EN in english.body
    assert "Specialized and Sophisticated SME" in english.title


def test_a_line_without_its_value_is_left_out_and_claims_nothing() -> None:
    chinese, english = shipped("enterprise_eligible").render(SUBJECT, ELIGIBLE | {"route": None, "reasons": []})
    assert "路径" not in chinese.body
    assert "主要依据" not in chinese.body
    assert "Route" not in english.body
    assert "{" not in chinese.body + english.body


def test_an_unknown_enterprise_is_called_by_its_code() -> None:
    chinese, _ = shipped("enterprise_eligible").render(Subject("91341300MA2N000011", None, None), ELIGIBLE)
    assert chinese.title.startswith("91341300MA2N000011")


def test_a_title_message_names_batch_and_document() -> None:
    payload = {
        "title": "little_giant",
        "title_label": "专精特新“小巨人”企业",
        "state": "valid",
        "batch": "第七批",
        "document": "工信部企业函〔2025〕1号",
    }
    chinese, english = shipped("title_recorded").render(SUBJECT, payload)
    assert "批次：第七批" in chinese.body
    assert "文号：工信部企业函〔2025〕1号" in chinese.body
    assert "状态：有效" in chinese.body
    assert "有效期至" not in chinese.body
    assert "state: valid" in english.body


def test_values_are_put_in_as_they_are_and_never_evaluated() -> None:
    evil = Subject("91341300MA2N000011", "{reasons.__class__} {uscc}", None)
    chinese, _ = shipped("enterprise_eligible").render(evil, ELIGIBLE)
    assert chinese.title.startswith("{reasons.__class__} {uscc}")


def test_the_highest_version_of_a_kind_is_used() -> None:
    newer = title_file(version="12", line="第二版 {batch}")
    found = parse_templates([*others(), ("a.yaml", newer), ("b.yaml", title_file(version="9"))])
    assert found["title_recorded"].reference == "title-recorded@12"


def test_a_misspelt_placeholder_is_found_with_file_and_line() -> None:
    assert problems_of(title_file(line="批次：{bacth}")) == [("title.yaml", 7, "unknown-placeholder")]


def test_a_value_that_may_be_missing_is_refused_in_the_title() -> None:
    assert problems_of(title_file(title="{batch}")) == [("title.yaml", 5, "optional-placeholder")]


@pytest.mark.parametrize(
    "line", ["{batch!r}", "{batch:>9}", "{batch.real}", "{batch[0]}", "{0}", "{", "}{", "{{batch}}"]
)
def test_only_plain_placeholders_are_allowed(line: str) -> None:
    assert problems_of(title_file(line=line)) == [("title.yaml", 7, "bad-placeholder")]


def test_unknown_kinds_keys_and_versions_are_found_together() -> None:
    text = title_file(version="zero").replace("id: title-recorded", "id: title-recorded\ncolour: red")
    assert problems_of(text) == [("title.yaml", 2, "unknown-key"), ("title.yaml", 3, "malformed")]
    assert problems_of(title_file().replace("kind: title_recorded", "kind: title_lost")) == [
        ("title.yaml", 3, "unknown-kind")
    ]


def test_a_missing_language_is_found() -> None:
    text = title_file().split("en:")[0]
    assert [code for _, _, code in problems_of(text)] == ["malformed"]


def test_a_text_that_is_no_yaml_is_found() -> None:
    assert problems_of("id: x\nzh: [") == [("title.yaml", 2, "not-yaml")]


def test_the_same_version_twice_is_refused() -> None:
    with pytest.raises(TemplatesInvalid, match="每个种类每个版本只有一个模板"):
        parse_templates([*others(), ("a.yaml", title_file()), ("b.yaml", title_file())])


def test_a_kind_without_a_template_is_refused() -> None:
    with pytest.raises(TemplatesInvalid, match="title_recorded"):
        parse_templates(others())


def test_the_disclaimer_cannot_be_edited_away() -> None:
    file = FOLDER / "enterprise-eligible.yaml"
    text = file.read_text(encoding="utf-8")
    for removed in (
        text.replace(DISCLAIMER, "测算结果很好"),
        text.replace(DISCLAIMER_EN, "very reliable"),
        text.replace(f"{DISCLAIMER}。", f"{{route}}：{DISCLAIMER}。"),
    ):
        with pytest.raises(TemplatesInvalid) as caught:
            parse_templates([(file.name, removed)])
        assert [problem.code for problem in caught.value.problems] == ["must-say"]


def test_a_wrong_file_in_a_folder_is_named(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "title-recorded.yaml").write_text(title_file(line="{oops}"), encoding="utf-8")
    with pytest.raises(TemplatesInvalid, match=r"title-recorded\.yaml 第 7 行"):
        load(tmp_path)
