"""The generated sample, as an officer uploads it: what arrives is what was generated, to the fen."""

from __future__ import annotations

from pathlib import Path

from chassis import clock
from peiyu.sample.files import write_files
from peiyu.sample.generate import DEFAULT_SEED, generate
from tests.service.registry.conftest import Registry


def test_the_sample_arrives_exactly_as_it_was_generated(registry: Registry, tmp_path: Path) -> None:
    sample = generate(DEFAULT_SEED, clock.today(), 150)
    files = write_files(sample, tmp_path)
    for kind, path, source in (
        ("enterprises", files.enterprises, "import"),
        ("titles", files.titles, "import"),
        ("facts", files.facts, "import"),
        ("facts", files.facts_current, "import"),
        ("facts", files.platform_scores, "official_platform"),
    ):
        done = registry.run(kind, path.read_bytes(), source=source)
        assert (done["state"]["code"], done["errors"]) == ("done", 0), registry.problems(done)
        assert done["counts"]["unchanged"] == 0
        assert registry.problems(done, "warning") == []
    stored = {
        (row.uscc, row.fiscal_year): {fact: entry["value"] for fact, entry in row.facts.items()}
        for row in registry.rows("SELECT uscc, fiscal_year, facts FROM facts_current")
    }
    generated: dict[tuple[str, int], dict[str, object]] = {}
    for each in sample.facts:
        generated.setdefault((each.uscc, each.fiscal_year), {}).update(each.values)
    assert stored == {key: values for key, values in generated.items() if values}
    assert registry.scalar("SELECT count(*) FROM enterprises WHERE synthetic") == 150
    assert registry.scalar("SELECT count(*) FROM title_records") == len(sample.titles)
    assert registry.scalar("SELECT count(*) FROM enterprises WHERE size_class IS NOT NULL") > 100
    states = {row[0]: row[1] for row in registry.rows("SELECT state, count(*) FROM title_records GROUP BY 1")}
    assert states["valid"] > 0
