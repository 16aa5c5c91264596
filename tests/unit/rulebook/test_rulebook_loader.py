"""A pack that cannot be right is refused, with file, line, what was found, what is expected and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulebook.dictionary import Dictionary
from rulebook.loader import MOST_LINES, PackInvalid, content_hash, document_kind, load_pack
from tests.unit.rulebook.conftest import refused


def planted(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_the_templates_of_these_tests_are_sound(dictionary: Dictionary, pack_text: str, scored_text: str) -> None:
    assert load_pack(pack_text, dictionary).id == "test-pack"
    assert load_pack(scored_text, dictionary).id == "test-scored"
    assert load_pack(with_choices(scored_text), dictionary).indicators[0].choices


def test_every_shipped_file_is_sound_and_tells_its_kind(policies: Path) -> None:
    kinds = {path.stem: document_kind(path.read_text(encoding="utf-8")) for path in policies.glob("*.yaml")}
    assert {stem for stem, kind in kinds.items() if kind == "size"} == {"size-2011-2017"}
    assert sum(stem.startswith("miit-") for stem in kinds) == 5


TEST = "revenue_yuan[t] >= 100 万元"


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        # facts, units, periods, operators, numbers
        (TEST, "revenu_yuan[t] >= 100 万元", 16, "unknown-fact"),
        (TEST, "revenue_yuan[t] >= 100", 16, "unit"),
        (TEST, "revenue_yuan[t] >= 100 人", 16, "unit"),
        (TEST, "headcount[t] >= 100 万元", 16, "unit"),
        (TEST, "rd_expense_yuan[t] / revenue_yuan[t] >= 0.03", 16, "unit"),
        (TEST, "revenue_yuan[t] / headcount[t] >= 3%", 16, "unit"),
        (TEST, "sum(revenue_yuan[t], rd_expense_yuan[t]) >= 3 万元", 16, "unit"),
        (TEST, "sum(revenue_yuan[t], revenue_yuan[t]) >= 3 万元", 16, "unit"),
        (TEST, "revenue_yuan >= 100 万元", 16, "period"),
        (TEST, "revenue_yuan[t-3] >= 100 万元", 16, "period"),
        (TEST, "revenue_yuan[y] >= 100 万元", 16, "period"),
        (TEST, "development_score[t] >= 50 分", 16, "period"),
        (TEST, "ip_class1_count[t] >= 1 项", 16, "period"),
        (TEST, "growth(ip_class1_count) >= 1%", 16, "period"),
        (TEST, "cagr(revenue_yuan[t-1]) >= 1%", 16, "period"),
        (TEST, "revenue_yuan[t] => 100 万元", 16, "operator"),
        (TEST, "revenue_yuan[t] != 100 万元", 16, "operator"),
        (TEST, "revenue_yuan[t]", 16, "operator"),
        (TEST, "median(revenue_yuan[t]) >= 100 万元", 16, "operator"),
        (TEST, "legal_person >= 是", 16, "operator"),
        (TEST, "legal_person = 可能", 16, "unit"),
        (TEST, "revenue_yuan[t] >= 1,00 万元", 16, "number"),
        (TEST, "revenue_yuan[t] >= 1.0.0 万元", 16, "number"),
        (TEST, "revenue_yuan[t] >= 一百万元", 16, "number"),
        # conditions that nobody or everybody meets
        (TEST, "development_score[y] >= 101 分", 16, "unreachable"),
        (TEST, "development_score[y] > 100 分", 16, "unreachable"),
        (TEST, "headcount[t] >= 0 人", 16, "unreachable"),
        (TEST, "headcount[t] < 0 人", 16, "unreachable"),
        (TEST, "development_score[y] <= 100 分", 16, "unreachable"),
        # structured tests
        (TEST, "{some: awards}", 16, "unknown-fact"),
        (TEST, "{some: revenue_yuan}", 16, "unit"),
        (TEST, "{some: science_awards, where: {grade: [national]}}", 16, "unknown-fact"),
        (TEST, "{some: science_awards, where: {level: [galactic]}}", 16, "choice"),
        (TEST, "{some: science_awards, where: {rank: 3}}", 16, "operator"),
        (TEST, "{some: science_awards, where: {rank: <= 3 人}}", 16, "unit"),
        (TEST, "{some: science_awards, within: {field: level, rolling_years: 3}}", 16, "period"),
        (TEST, "{some: science_awards, within: {field: awarded_on}}", 16, "period"),
        (TEST, "{some: science_awards, within: {field: awarded_on, rolling_years: 三}}", 16, "number"),
        (TEST, "{some: science_awards, whithin: {}}", 16, "unknown-key"),
        (TEST, "{holds: [innovative]}", 16, "unknown-title"),
        (TEST, "{size: [巨型]}", 16, "choice"),
        (TEST, "{finding: market_share}", 16, "unit"),
        (TEST, "{all: []}", 16, "malformed"),
        (TEST, "{every: [a]}", 16, "operator"),
        (TEST, "{total: equity_financing.share, within: {field: closed_on, fiscal_years: 2}, limit: '>= 1 万元'}", 16,
         "unknown-fact"),
        (TEST, "{total: equity_financing.amount_yuan, within: {field: closed_on, fiscal_years: 2}, limit: '<= 1 万元'}",
         16, "operator"),
        # what every line must carry
        ("    clause: 第一条\n", "", 10, "missing-clause"),
        ("    quote: 原文一\n", "", 10, "missing-quote"),
        ("    evidence: V\n", "    evidence: Z\n", 14, "choice"),
        ("    modality: must\n", "    modality: perhaps\n", 15, "choice"),
        ("document: {number: 测试〔2026〕1号, name: 测试办法, issuer: 测试部}\n", "", 1, "missing-document"),
        ("number: 测试〔2026〕1号, ", "", 5, "missing-number"),
        ("title: innovative_sme", "title: unicorn", 3, "unknown-title"),
        ("{from: 2026-01-01}", "{from: 2026-13-01}", 6, "date"),
        ("{from: 2026-01-01}", "{from: 2026-01-01, to: 2025-01-01}", 6, "date"),
        ("{from: 2026-01-01}", "{from: 0001-01-01}", 6, "date"),
        ("{from: 2026-01-01}", "{from: 1989-12-31}", 6, "date"),
        ("{from: 2026-01-01}", "{from: 2101-01-01}", 6, "date"),
        ("{from: 2026-01-01}", "{from: 2026-01-01, to: 9999-12-31}", 6, "date"),
        ("    test: revenue", "    in_force: {from: 0001-01-01}\n    test: revenue", 16, "date"),
        ("    test: revenue", "    in_force: {from: 2025-01-01, to: 2025-12-31}\n    test: revenue", 10, "unreachable"),
        (TEST, "{any: [legal_person = 是, {in_plan: {until: 2025-12-31}}]}", 10, "unreachable"),
        ("pack: test-pack\n", "pack: \"../../x\"\n", 1, "choice"),
        ("pack: test-pack\n", "pack: Test\n", 1, "choice"),
        ("kinds: [new, review]", "kinds: [new, again]", 7, "choice"),
        ("label: 条件一", "lable: 条件一", 11, "unknown-key"),
        # routes
        ("all_of: [T-1]", "all_of: [T-1, T-2]", 18, "unreachable-route"),
        ("all_of: [T-1]", "score: {total: '>= 1 分'}", 18, "unreachable-route"),
        ("    test: revenue", "    kinds: [new]\n    test: revenue", 19, "unreachable-route"),
        ("    modality: must\n", "    modality: should\n", 18, "unreachable-route"),
        ("{id: T-A,", "{id: T-1,", 10, "duplicate-id"),
        # yaml
        ("edition: \"1\"", "edition: \"1", 19, "not-yaml"),
        ("edition: \"1\"", "edition: &e \"1\"\nedition2: *e", 3, "not-yaml"),
        ("edition: \"1\"", "edition: \"1\"\nedition: \"2\"", 3, "repeated-key"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_line(
    dictionary: Dictionary, pack_text: str, old: str, new: str, line: int, code: str
) -> None:
    assert (line, code) in refused(dictionary, planted(pack_text, old, new))


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("{from: 3%, to: 5%, points: 10}", "{from: 3%, to: 6%, points: 10}", 20, "band-overlap"),
        ("{from: 3%, to: 5%, points: 10}", "{from: 3%, to: 4%, points: 10}", 20, "band-gap"),
        ("      - {to: 3%, points: 0}\n", "", 21, "band-gap"),
        ("{from: 5%, points: 20}", "{from: 5%, to: 9%, points: 20}", 20, "band-gap"),
        ("{from: 3%, to: 5%, points: 10}", "{from: 5%, to: 3%, points: 10}", 21, "band-overlap"),
        ("{from: 3%, to: 5%, points: 10}", "{from: 0.03, to: 5%, points: 10}", 21, "unit"),
        ("{from: 3%, to: 5%, points: 10}", "{from: 3%, to: 5%, points: ten}", 21, "number"),
        ("max: 20", "max: 25", 17, "unreachable"),
        ("group: g\n", "group: h\n", 11, "unknown-group"),
        ('total: ">= 15 分"', 'total: ">= 25 分"', 24, "unreachable-threshold"),
        ('total: ">= 15 分"', 'total: "> 20 分"', 24, "unreachable-threshold"),
        ('total: ">= 15 分"', 'total: ">= 0 分"', 24, "unreachable-threshold"),
        ('total: ">= 15 分"', 'total: "<= 15 分"', 26, "operator"),
        ('total: ">= 15 分"', 'groups: {z: ">= 1 分"}', 24, "unreachable-route"),
        ("    measure: rd_expense_yuan[t] / revenue_yuan[t]\n", "    slot: true\n", 11, "malformed"),
    ],
)
def test_a_mistake_in_scoring_is_refused_with_its_line(
    dictionary: Dictionary, scored_text: str, old: str, new: str, line: int, code: str
) -> None:
    assert (line, code) in refused(dictionary, planted(scored_text, old, new))


def with_choices(scored: str) -> str:
    choices = """\
    choices:
      - {when: ip_class1_count >= 1 项, points: 20}
      - {when: ip_class2_count >= 1 项, points: 5}
      - {otherwise: 无, points: 0}
"""
    return planted(scored, scored[scored.index("    measure:") : scored.index("routes:")], choices)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("points: 5}", "points: 20}", 20),
        ("      - {otherwise: 无, points: 0}\n", "", 20),
        ("{when: ip_class1_count >= 1 项, points: 20}", "{otherwise: 无, points: 20}", 19),
    ],
)
def test_a_choice_that_can_never_be_reached_is_refused(
    dictionary: Dictionary, scored_text: str, old: str, new: str, line: int
) -> None:
    assert (line, "unreachable") in refused(dictionary, planted(with_choices(scored_text), old, new))


STEPS = "    steps: {every: 1%, points: 5}\n"
EACH = "    each:\n      points: 10\n      of:\n        - ip_class1_count >= 1 项\n        - ip_class2_count >= 1 项\n"
BETTER = """\
    better_of:
      - measure: rd_expense_yuan[t] / revenue_yuan[t]
        bands:
          - {from: 5%, points: 20}
          - {to: 5%, points: 0}
      - measure: rd_expense_yuan[t]
        bands:
          - {from: 5 万元, points: 20}
          - {to: 5 万元, points: 0}
"""


@pytest.mark.parametrize(
    ("form", "old", "new", "line", "code"),
    [
        ("steps", "every: 1%", "every: 1 万元", 19, "unit"),
        ("steps", "every: 1%", "every: 0%", 19, "unreachable"),
        ("steps", "points: 5", "points: 3", 19, "unreachable"),
        ("steps", "points: 5", "point: 5", 19, "unknown-key"),
        ("steps", "points: 5", "points: 0.01", 19, "unreachable"),
        ("each", "points: 10", "points: 9", 19, "unreachable"),
        ("each", "ip_class2_count >= 1 项", "ip_class3_count >= 1 项", 22, "unknown-fact"),
        ("each", "points: 10", "point: 10", 19, "unknown-key"),
        ("better_of", "{from: 5 万元, points: 20}", "{from: 6 万元, points: 20}", 25, "band-gap"),
        ("better_of", "{from: 5%, points: 20}", "{from: 6%, points: 20}", 21, "band-gap"),
        ("better_of", "points: 20", "points: 19", 17, "unreachable"),
        ("better_of", "{to: 5 万元, points: 0}", "{to: 5%, points: 0}", 26, "unit"),
        ("better_of", BETTER[BETTER.index("      - measure: rd_expense_yuan[t]\n") :], "", 18, "malformed"),
    ],
)
def test_a_mistake_in_another_form_of_scoring_is_refused_with_its_line(
    dictionary: Dictionary, scored_text: str, form: str, old: str, new: str, line: int, code: str
) -> None:
    before = scored_text.index("    measure:")
    measure = "    measure: rd_expense_yuan[t] / revenue_yuan[t]\n"
    body = {"steps": measure + STEPS, "each": EACH, "better_of": BETTER}[form]
    text = scored_text[:before] + body + scored_text[scored_text.index("routes:") :]
    assert load_pack(text, dictionary)
    assert (line, code) in refused(dictionary, text.replace(old, new))


WRITTEN = """\
alternatives: {id: T-B, label: 任一路径, clause: 二, quote: 或满足, evidence: V}
life_cycle:
  - {id: T-L, label: 有效期, clause: 三, quote: 有效期三年, evidence: V, years: 3, months: 3, due: 04-30}
notes:
  - {id: T-N, label: 说明, clause: 四, quote: 说明原文, evidence: V, topic: definition, items: [甲, 乙]}
"""


def test_what_no_test_decides_is_kept_with_its_clause(dictionary: Dictionary, pack_text: str) -> None:
    pack = load_pack(pack_text + WRITTEN, dictionary)
    assert pack.alternatives is not None
    assert (pack.alternatives.id, pack.notes[0].items, pack.notes[0].line.quote) == ("T-B", ("甲", "乙"), "说明原文")
    assert (pack.life_cycle[0].years, pack.life_cycle[0].months, pack.life_cycle[0].due) == (3, 3, (4, 30))


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("id: T-B", "id: T-1", 19, "duplicate-id"),
        ("id: T-N", "id: T-L", 23, "duplicate-id"),
        ("topic: definition", "topic: remark", 23, "choice"),
        ("quote: 说明原文, ", "", 23, "missing-quote"),
        ("years: 3", "years: 三", 21, "number"),
        ("months: 3", "months: 0", 21, "number"),
        ("due: 04-30", "due: 02-29", 21, "date"),
        ("due: 04-30", "due: 4月30日", 21, "date"),
        ("topic: definition", "tpoic: definition", 23, "unknown-key"),
    ],
)
def test_a_mistake_in_what_no_test_decides_is_refused_with_its_line(
    dictionary: Dictionary, pack_text: str, old: str, new: str, line: int, code: str
) -> None:
    assert (line, code) in refused(dictionary, planted(pack_text + WRITTEN, old, new))


@pytest.mark.parametrize(
    ("new", "line", "code"),
    [
        ("{new: {from: 2026-01-01}}", 6, "malformed"),
        ("{new: {from: 2026-01-01}, review: {to: 2026-01-01}}", 6, "missing-from"),
        ("{new: {from: 2026-01-01}, review: {from: 2026-02-30}}", 6, "date"),
        ("{new: {from: 2026-01-01}, review: {from: 2026-01-01, to: 2025-12-31}}", 6, "date"),
        ("{new: {from: 2026-01-01}, review: {from: 2026-01-01}, again: {from: 2026-01-01}}", 6, "unknown-key"),
    ],
)
def test_a_mistake_in_the_terms_of_the_kinds_is_refused(
    dictionary: Dictionary, pack_text: str, new: str, line: int, code: str
) -> None:
    assert (line, code) in refused(dictionary, planted(pack_text, "{from: 2026-01-01}", new))


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ("applies_if: revenu_yuan[t] >= 1 万元", "unknown-fact"),
        ("in_force: {from: 2026}", "date"),
        ("in_force: {since: 2026-01-01}", "unknown-key"),
    ],
)
def test_a_mistake_in_when_a_condition_applies_is_refused(
    dictionary: Dictionary, pack_text: str, extra: str, code: str
) -> None:
    assert (16, code) in refused(dictionary, planted(pack_text, "    test: rev", f"    {extra}\n    test: rev"))


def test_a_condition_that_no_route_uses_is_refused(dictionary: Dictionary, pack_text: str) -> None:
    extra = pack_text[pack_text.index("  - id: T-1") : pack_text.index("routes:")].replace("T-1", "T-9")
    assert (17, "unreachable-route") in refused(dictionary, pack_text.replace("routes:", extra + "routes:"))


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(dictionary: Dictionary, pack_text: str) -> None:
    text = planted(pack_text, "title: innovative_sme", "title: unicorn")
    text = planted(text, "    quote: 原文一\n", "")
    text = planted(text, TEST, "revenue_yuan >= 100")
    lines = [line for line, _ in refused(dictionary, text)]
    assert len(lines) == 3
    assert lines == sorted(lines)


def test_the_message_can_be_understood_by_the_official_who_edits_the_file(
    dictionary: Dictionary, pack_text: str
) -> None:
    with pytest.raises(PackInvalid, match=r"第 16 行：现为“100”，应为金额单位（元、万元、亿元）。“营业收入”是金额"):
        load_pack(planted(pack_text, TEST, "revenue_yuan[t] >= 100"), dictionary)


def test_the_content_hash_ignores_comments_and_spacing_but_no_word(dictionary: Dictionary, pack_text: str) -> None:
    remarked = "# 说明\n" + pack_text.replace("kinds: [new, review]", "kinds:\n  - new\n  - review   # 两类")
    assert load_pack(remarked, dictionary).sha256 == load_pack(pack_text, dictionary).sha256 == content_hash(pack_text)
    assert content_hash(pack_text.replace("100 万元", "101 万元")) != content_hash(pack_text)


def test_a_threshold_in_another_unit_is_the_same_amount(dictionary: Dictionary, pack_text: str) -> None:
    first = load_pack(pack_text, dictionary).conditions[0].tests["new"]
    second = load_pack(pack_text.replace("100 万元", "1000000 元"), dictionary).conditions[0].tests["new"]
    assert first.limit.value == second.limit.value  # type: ignore[union-attr]


def test_a_pack_has_an_end(dictionary: Dictionary, policies: Path) -> None:
    """Lines are compared in pairs: without an end a megabyte of them would keep a worker busy for minutes."""
    gates = "".join(
        f"""
  - id: G{number}
    label: 境内注册
    clause: 第三条
    quote: 境内工商注册登记
    evidence: S2
    modality: must
    test: registered_in_prc = 是
"""
        for number in range(MOST_LINES + 1)
    )
    shipped = (policies / "miit-63-2022-innovative.yaml").read_text("utf-8")
    begin, end = shipped.index("gates:\n"), shipped.index("\nconditions:")
    with pytest.raises(PackInvalid) as refusal:
        load_pack(shipped[:begin] + "gates:" + gates + shipped[end:], dictionary)
    assert [(each.code, each.expected) for each in refusal.value.problems] == [("too-long", f"至多 {MOST_LINES} 行")]


@pytest.mark.parametrize(
    "test",
    [
        "main_revenue_yuan[t] / revenue_yuan[t] >= 180%",
        "main_revenue_yuan[t] / revenue_yuan[t] > 100%",
        "main_revenue_yuan[t] / revenue_yuan[t] <= 100%",
        "sum(main_revenue_yuan[t], main_revenue_yuan[t-1]) / sum(revenue_yuan[t-1], revenue_yuan[t]) >= 101%",
        '{any: [legal_person = 是, "rd_staff[t] / full_time_staff[t] > 100%"]}',
    ],
)
def test_a_part_that_would_exceed_its_whole_is_refused(pack_text: str, dictionary: Dictionary, test: str) -> None:
    text = pack_text.replace("revenue_yuan[t] >= 100 万元", test)
    assert [code for _, code in refused(dictionary, text)] == ["unreachable"]
    with pytest.raises(PackInvalid) as invalid:
        load_pack(text, dictionary)
    [problem] = invalid.value.problems
    assert "100%" in problem.remedy or "任何取值都符合" in problem.remedy


@pytest.mark.parametrize(
    "test",
    [
        "main_revenue_yuan[t] / revenue_yuan[t] >= 100%",
        "main_revenue_yuan[t] / revenue_yuan[t-1] >= 180%",
        "total_liabilities_yuan[t] / total_assets_yuan[t] <= 180%",
        "sum(main_revenue_yuan[t], main_revenue_yuan[t-1]) / revenue_yuan[t] >= 180%",
    ],
)
def test_a_share_that_can_exceed_one_hundred_percent_passes(pack_text: str, dictionary: Dictionary, test: str) -> None:
    assert load_pack(pack_text.replace("revenue_yuan[t] >= 100 万元", test), dictionary)


def test_a_band_that_no_part_of_a_whole_reaches_is_refused(scored_text: str, dictionary: Dictionary) -> None:
    text = scored_text.replace("rd_expense_yuan[t] / revenue_yuan[t]", "main_revenue_yuan[t] / revenue_yuan[t]")
    text = text.replace("from: 5%", "from: 180%").replace("to: 5%", "to: 180%")
    assert [code for _, code in refused(dictionary, text)] == ["unreachable"]
