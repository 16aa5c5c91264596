"""Reads the closed vocabulary of programmes: metrics, operator words, the tolerance of 左右, when overdue is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from rulebook.source import Block, Reader
from services.registry.domain.items import ItemKinds
from services.registry.domain.pool import PoolRules
from services.registry.domain.programmes.model import COMPARISONS, COUNTS, LEVELLED, ONCE, Metric, Vocabulary
from services.registry.domain.programmes.values import part_of
from services.registry.domain.titles import TITLES

VOCABULARY_KEYS = ("metrics", "levels", "operators", "tolerance", "escalation_days")
METRIC_KEYS = ("id", "counts", "title", "label", "units", "kinds", "levels", "once", "each")
OPERATOR_KEYS = ("word", "comparison", "sense")
_BY_KIND = (*LEVELLED, "pool", "carriers")
"""Registers of many kinds: a metric has to say which it counts."""
SENSES = {
    "aim": "力争：单独写时就是目标（A-20）",
    "floor": "确保：底线",
    "stock": "存量",
    "flow": "期内新增（A-21）",
    "yearly": "每年",
    "yearly_average": "年均",
}


def load_vocabulary(text: str, file: str = "programme_vocabulary.yaml") -> Vocabulary:
    """Raises SourceInvalid with file, line and remedy of everything that is wrong."""
    reader = Reader(file)
    root = reader.parse(text)
    reader.only(root, VOCABULARY_KEYS)
    levels = reader.texts(root, "levels", required=True)
    metrics = _metrics(reader, root, levels)
    comparisons: dict[str, str] = {}
    senses: dict[str, str] = {}
    for block in reader.blocks(root, "operators"):
        reader.only(block, OPERATOR_KEYS)
        word = reader.text(block, "word")
        comparison = reader.text(block, "comparison", required=False)
        sense = reader.text(block, "sense", required=False)
        if comparison and comparison not in COMPARISONS:
            reader.problem(block.line, comparison, "、".join(COMPARISONS), "请改用其中之一。", "unknown-comparison")
        if sense and sense not in SENSES:
            reader.problem(block.line, sense, "、".join(SENSES), "请改用其中之一。", "unknown-sense")
        if not comparison and not sense:
            reader.problem(block.line, word, "comparison 或 sense", "请写明这个词的含义。", "word-without-meaning")
        if word in comparisons or word in senses:
            reader.problem(block.line, word, "每个词只写一次", "请删去重复的一行。", "repeated-word")
        if comparison:
            comparisons[word] = comparison
        if sense:
            senses[word] = sense
    tolerance = part_of(reader, root, "tolerance", Decimal(0))
    days = _escalation(reader, root)
    reader.raise_if_any()
    return Vocabulary(metrics, comparisons, senses, tolerance, days, levels)


def _escalation(reader: Reader, root: Block) -> tuple[int, ...]:
    written = reader.texts(root, "escalation_days", required=True)
    days = tuple(int(each) for each in written if each.isdecimal() and int(each) > 0)
    if len(days) != len(written) or list(days) != sorted(set(days)):
        line, remedy = reader.line_of(root, "escalation_days"), "请按天数从小到大列出，每个天数一次。"
        reader.problem(line, "、".join(written), "期限届满后的工作日数，如 [1, 5, 10]", remedy, "escalation-days")
    return days


def _metrics(reader: Reader, root: Block, levels: tuple[str, ...]) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for block in reader.blocks(root, "metrics"):
        reader.only(block, METRIC_KEYS)
        metric_id, counts = reader.text(block, "id"), reader.text(block, "counts")
        title = reader.text(block, "title", required=False)
        if counts not in COUNTS:
            expected = "、".join(f"{code}（{label}）" for code, label in COUNTS.items())
            reader.problem(block.line, counts, expected, "请改用其中之一。", "unknown-counts")
        if (counts == "titles") != bool(title) or (title and title not in TITLES):
            reader.problem(
                block.line, title or "（没有填写）", "称号代码：" + "、".join(TITLES), "只有 titles 写称号。", "title"
            )
        if metric_id in found:
            reader.problem(block.line, metric_id, "每个指标只写一次", "请删去重复的一行。", "repeated-metric")
        for level in reader.texts(block, "levels"):
            if counts in LEVELLED and level not in levels:
                line, expected = reader.line_of(block, "levels"), "levels 中的级别：" + "、".join(levels)
                reader.problem(line, level, expected, "请改用其中之一，或先登记级别。", "unknown-level")
        found[metric_id] = Metric(
            metric_id,
            counts,
            reader.text(block, "label"),
            reader.texts(block, "units"),
            title or None,
            kinds=reader.texts(block, "kinds", required=counts in _BY_KIND),
            levels=reader.texts(block, "levels"),
            once=_once(reader, block, counts),
            each=reader.text(block, "each", required=False) or None,
        )
    return found


def _once(reader: Reader, block: Block, counts: str) -> str:
    """What is one, of certified items; of all other registers an entry or an enterprise is."""
    once = reader.text(block, "once", required=counts in LEVELLED)
    if once and (once not in ONCE or counts not in LEVELLED):
        expected = "、".join(f"{code}（{label}）" for code, label in ONCE.items())
        remedy = "只有按认定事项登记计数的指标写 once。"
        reader.problem(reader.line_of(block, "once"), once, expected, remedy, "unknown-once")
    return once or "subject"


def known_to(vocabulary: Vocabulary, items: ItemKinds, pools: PoolRules) -> Vocabulary:
    """The vocabulary where metrics of kinds that a city's own files do not have say so, instead of counting none."""

    def checked(metric: Metric) -> Metric:
        known = {"items": items.kinds, "listing": items.kinds, "pool": pools.pools, "carriers": items.carriers}
        lacking = [each for each in metric.kinds if metric.counts in known and each not in known[metric.counts]]
        if metric.each is not None and metric.each not in items.carriers:
            lacking.append(metric.each)
        if metric.counts in LEVELLED:
            lacking += [each for each in metric.levels if each not in items.levels]
        if not lacking:
            return metric
        where = "培育库规则" if metric.counts == "pool" else "认定事项文件"
        return replace(metric, unavailable=f"{where}中没有“{'、'.join(lacking)}”，无从计数")

    return replace(vocabulary, metrics={code: checked(each) for code, each in vocabulary.metrics.items()})
