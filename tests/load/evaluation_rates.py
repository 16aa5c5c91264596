"""How fast the rules of 创新型中小企业 are evaluated: whole populations beside hand-written numpy and openfisca-core,
one enterprise with its trace beside zen-engine, and 600,000 explanations stored.

    python -m tests.load.evaluation_rates [--rows 600000] [--rounds 7] [--peers FOLDER] [--parts batch,store,single]

FOLDER is the site-packages of a throw-away environment into which openfisca-core (AGPL) and zen-engine were installed;
without it, or without one of them, that comparison is left out. Rounds are interleaved and medians of the ratios within
a round are printed: the machine is shared, so the absolutes mean little. Nothing is asserted but that all agree.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from chassis import collector
from rulebook.assessment import Assessment
from rulebook.columnar import ColumnarPack, compile_pack
from rulebook.columnar_codes import MET
from rulebook.columnar_result import ColumnarResult
from rulebook.columnar_rows import Needs, populations
from rulebook.columnar_standing import TITLE_CODES
from rulebook.dictionary import Dictionary, parse_dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.status import Verdict
from rulebook.subject import Subject
from tests.load import evaluation_by_hand, evaluation_peers
from tests.load.evaluation_people import DAY, People, decided_pack, decided_people, decided_subject, people
from tests.support.postgres import running_server

ROOT = Path(__file__).parents[2]
PACK = ROOT / "services" / "eligibility" / "policies" / "miit-63-2022-innovative.yaml"
SINGLE = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--parts", default="batch,rows,store,single")
    given = parser.parse_args()
    if given.peers:
        sys.path.append(str(given.peers))
    dictionary = parse_dictionary(
        {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "contracts" / "facts").glob("*.yaml"))}
    )
    pack = load_pack(PACK.read_text(encoding="utf-8"), dictionary, PACK.name)
    parts = given.parts.split(",")
    compiled = compile_pack(pack)
    if "batch" in parts or "store" in parts:
        held = people(given.rows, dictionary)
    if "batch" in parts:
        batch(held, compiled, given.rounds)
    if "rows" in parts:
        from_rows(pack, compiled, dictionary)
    if "store" in parts:
        store(held, compiled)
    if "single" in parts:
        single(people(min(given.rows, SINGLE), dictionary, seed=2), compiled, given.rounds)


# -- whole populations --------------------------------------------------------------------------------------------


def batch(held: People, compiled: ColumnarPack, rounds: int) -> None:
    size = held.population.size
    evaluation_by_hand.learn(codes_of(held.dictionary))
    found = compiled.evaluate(held.population, DAY)
    by_hand = evaluation_by_hand.judge(held.plain, held.population)
    agree(found, by_hand)
    contenders: dict[str, Callable[[], object]] = {
        "columnar": lambda: compiled.evaluate(held.population, DAY),
        "numpy by hand": lambda: evaluation_by_hand.judge(held.plain, held.population),
    }
    if importlib.util.find_spec("openfisca_core") is None:
        print("openfisca-core is not installed (see --peers): left out")
    else:
        pack, whole = compile_pack(decided_pack(compiled.pack)), decided_people(held, found)
        plain = for_peers(whole)
        judge = evaluation_peers.openfisca(size)
        theirs, ours = judge(plain), pack.evaluate(whole.population, DAY).verdict == MET
        print(f"openfisca-core says otherwise of {int((theirs != ours).sum())} of {size:,} rows without gaps")
        contenders["openfisca-core"] = lambda: judge(plain)
        contenders["columnar, as told"] = lambda: pack.evaluate(whole.population, DAY)
    times = interleaved(contenders, rounds)
    print(f"{size:,} rows, verdict, route, status and points per line, missing map; {found.traced} rows traced")
    for name, each in times.items():
        ratio = statistics.median(first / other for first, other in zip(each, times["numpy by hand"], strict=True))
        median = statistics.median(each)
        print(f"  {name:18}{median * 1e3:9.0f} ms CPU {size / median / 1e6:8.2f} M rows/s  {1 / ratio:6.2f} of by hand")
    if "openfisca-core" in times:
        ratio = [
            theirs / ours for theirs, ours in zip(times["openfisca-core"], times["columnar, as told"], strict=True)
        ]
        spread = f"{min(ratio):.2f}–{max(ratio):.2f}"
        print(f"  on the same input columnar is {statistics.median(ratio):.2f} times openfisca-core ({spread})")


def interleaved(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every round: the load of other processes on the machine counts for less in them."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            started = time.process_time()
            run()
            times[name].append(time.process_time() - started)
    return times


def agree(found: ColumnarResult, by_hand: dict[str, NDArray[Any]]) -> None:
    """By hand shares are rounded, so a row exactly on a threshold may differ; anything else is a mistake here."""
    same = found.verdict == by_hand["verdict"]
    same &= found.route == by_hand["route"]
    for name in ("status", "points_low", "points_high"):
        same &= (getattr(found, name) == by_hand[name]).all(axis=0)
    differing = int((~same).sum())
    ours, theirs = (int(np.unpackbits(each).sum()) for each in (found.missing, by_hand["missing"]))
    print(f"columnar and by hand differ in {differing} rows; they name {ours:,} and {theirs:,} missing things")
    assert differing <= len(found) / 10_000


def for_peers(whole: People) -> dict[str, NDArray[Any]]:
    """openfisca-core counts in single precision."""
    return {
        name.replace(" ", "_"): each.astype(np.float32) if each.dtype == np.float64 else each > 0
        for name, each in whole.plain.items()
    }


def codes_of(dictionary: Dictionary) -> dict[str, dict[str, int]]:
    found = {
        f"{fact.id}.{each.name}": {allowed.code: position for position, allowed in enumerate(each.allowed)}
        for fact in dictionary
        for each in fact.fields
        if each.allowed
    }
    return found | {"titles": TITLE_CODES}


# -- rows as they are stored --------------------------------------------------------------------------------------


def from_rows(pack: Pack, compiled: ColumnarPack, dictionary: Dictionary, rows: int = 50_000) -> None:
    """From the stored form to columns: what a population costs before it is judged."""
    few = people(2_000, dictionary, seed=3)
    assert few.population.subject is not None
    stored = [stored_row(few.population.subject(row)) for row in range(2_000)]
    needs = Needs.of([compiled], DAY, dictionary)
    started, chunks = time.process_time(), 0
    for population in populations((stored[row % 2_000] for row in range(rows)), needs, DAY, sizes=None):
        compiled.evaluate(population, DAY)
        chunks += 1
    spent = time.process_time() - started
    print(f"from stored rows: {rows / spent / 1e3:.1f} k rows/s CPU, read and judged, {chunks} chunks")


def stored_row(subject: Any) -> dict[str, Any]:
    facts: dict[str, dict[str, Any]] = {}
    for (fact_id, year), held in subject.facts.items():
        facts.setdefault(fact_id, {})[str(year)] = {"value": held.value, "source": held.source}
    titles = [
        {"code": each.code, "state": each.state, "valid_from": each.valid_from.isoformat(),
         "valid_to": each.valid_to.isoformat(), "cancelled_on": each.cancelled_on.isoformat(), "ban": each.ban}
        for each in subject.titles
    ]  # fmt: skip
    return {"industry_code": "C3911", "facts": facts, "titles": titles, "titles_known": False}


# -- stored -------------------------------------------------------------------------------------------------------


def store(held: People, compiled: ColumnarPack) -> None:
    """Evaluate, lay out as PostgreSQL's binary COPY and store: verdict, route, points and bit maps of every row."""
    size = held.population.size
    with running_server() as server:
        server.create("evaluation_rates")
        try:
            with psycopg.connect(server.libpq_url("evaluation_rates"), autocommit=True) as connection:
                connection.execute(
                    "CREATE TABLE outcomes (uscc text, verdict smallint, route smallint, total_low smallint,"
                    " total_high smallint, status bytea, points bytea, missing bytea)"
                )
                spent = {}
                started = time.perf_counter()
                found = compiled.evaluate(held.population, DAY)
                spent["evaluated"] = time.perf_counter() - started
                packed = copy_bytes(found)
                spent["laid out"] = time.perf_counter() - started
                with connection.cursor().copy("COPY outcomes FROM STDIN (FORMAT binary)") as copy:
                    for start in range(0, len(packed), 1 << 20):
                        copy.write(packed[start : start + (1 << 20)])
                spent["stored"] = time.perf_counter() - started
                (count,) = connection.execute("SELECT count(*) FROM outcomes").fetchone() or (0,)
                row = connection.execute("SELECT status, points, missing FROM outcomes LIMIT 1").fetchone()
                assert count == size
                assert row is not None
                assert row[0] == found.status[:, 0].tobytes()
        finally:
            server.drop("evaluation_rates")
    steps = ", ".join(f"{name} after {seconds:.2f} s" for name, seconds in spent.items())
    print(f"{size:,} explanations, {len(packed) / size:.0f} bytes each: {steps}")


def copy_bytes(found: ColumnarResult) -> memoryview:
    """All rows in the binary format of COPY, every field preceded by its length; all rows have one length."""
    lines, marks, points = len(found.lines), len(found.missing), 2 * len(found.indicators)
    fields = [("uscc", "S18", 18)]
    fields += [(name, ">i2", 2) for name in ("verdict", "route", "total_low", "total_high")]
    fields += [("status", f"({lines},)u1", lines), ("points", f"({points},)u1", points)]
    fields += [("missing", f"({marks},)u1", marks)]
    layout: list[tuple[str, str]] = [("count", ">i2")]
    for name, form, _ in fields:
        layout += [(f"{name} length", ">i4"), (name, form)]
    rows = np.zeros(len(found), np.dtype(layout))
    rows["count"] = len(fields)
    for name, _, length in fields:
        rows[f"{name} length"] = length
    rows["uscc"] = np.char.mod(b"91%016d", np.arange(len(found)))
    for name in ("verdict", "route", "total_low", "total_high"):
        rows[name] = getattr(found, name)
    rows["status"] = found.status.T
    rows["points"] = np.concatenate([found.points_low, found.points_high]).T
    rows["missing"] = found.missing.T
    return memoryview(b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff")


# -- one enterprise -----------------------------------------------------------------------------------------------


def single(held: People, compiled: ColumnarPack, rounds: int) -> None:
    """Each row judged by all contenders in turn, from inputs that were made just before, as a service makes them."""
    pack, subject = compiled.pack, held.population.subject
    assert subject is not None

    def in_words(who: Any) -> object:
        return evaluate(pack, who, application_date=DAY).to_json()

    contenders: dict[str, tuple[Callable[[int], Any], Callable[[Any], object]]] = {
        "traced": (subject, lambda who: evaluate(pack, who, application_date=DAY)),
        "traced, lines read": (subject, lambda who: lines_read(evaluate(pack, who, application_date=DAY))),
        "traced, in words": (subject, in_words),
    }
    if importlib.util.find_spec("zen") is None:
        print("zen-engine is not installed (see --peers): left out")
    else:
        contenders |= beside_zen(held, compiled)
    times: dict[str, NDArray[Any]] = {name: np.zeros((rounds, held.population.size)) for name in contenders}
    collector.settle()
    for turn in range(rounds):
        for row in range(held.population.size):
            for name, (make, run) in contenders.items():
                given = make(row)
                started = time.thread_time_ns()
                run(given)
                times[name][turn, row] = (time.thread_time_ns() - started) / 1e3
    print(f"{held.population.size} rows, {rounds} rounds; CPU µs of every run, and of each row at its best")
    for name, each in times.items():
        least, middle, late = (np.quantile(each, part) for part in (0.0, 0.5, 0.99))
        best = (np.quantile(each.min(axis=0), part) for part in (0.5, 0.99))
        print(f"  {name:18} least {least:6.0f}  p50 {middle:6.0f}  p99 {late:6.0f}", end="")
        print("   at its best: p50 {:6.0f}  p99 {:6.0f}".format(*best))
    if "zen, trace=True" in times:
        for name in ("traced", "traced, lines read", "traced, as told"):
            middle, late = (np.quantile(times["zen, trace=True"], q) / np.quantile(times[name], q) for q in (0.5, 0.99))
            print(f"  zen ÷ {name}: p50 {middle:.2f}, p99 {late:.2f}")


def lines_read(found: Assessment) -> object:
    """What is made only when somebody asks for it, short of the words: lines, points and routes."""
    return [each.status for each in found.conditions], found.score, found.routes


def beside_zen(held: People, compiled: ColumnarPack) -> dict[str, tuple[Callable[[int], Any], Callable[[Any], object]]]:
    """zen-engine, and ours told the same: without gaps, with what concerns lists, titles and size already decided."""
    whole = decided_people(held, compiled.evaluate(held.population, DAY))
    told, plain = decided_pack(compiled.pack), {name.replace(" ", "_"): each for name, each in whole.plain.items()}
    judge = evaluation_peers.zen()

    def context(row: int) -> dict[str, Any]:
        return {name: bool(each[row]) if each.dtype != np.float64 else each[row].item() for name, each in plain.items()}

    def few(row: int) -> Subject:
        return decided_subject(whole, row)

    rows = range(held.population.size)
    verdicts = [evaluate(told, few(row), application_date=DAY).verdict is Verdict.ELIGIBLE for row in rows]
    theirs = [judge(context(row))["result"]["verdict"] for row in rows]
    same = sum(first == other for first, other in zip(verdicts, theirs, strict=True))
    print(f"one at a time; zen-engine agrees on {same} of {len(rows)} rows without gaps")
    return {
        "zen, trace=True": (context, judge),
        "traced, as told": (few, lambda who: evaluate(told, who, application_date=DAY)),
    }


if __name__ == "__main__":
    main()
