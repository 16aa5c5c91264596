"""The rules of 创新型中小企业 written as somebody would write them in numpy, for one purpose: to be a limit.

No dictionary, no pack, no exact arithmetic (shares are rounded doubles), no other kind than a new application. It gives
the same arrays as the columnar evaluator: verdict, route, statuses, points and the map of what is missing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_population import Population, Records
from tests.load.evaluation_people import COUNTS, DAY, T

Array = NDArray[Any]
UNMET, UNKNOWN, REVIEW, MET = 0, 1, 2, 3
TODAY = DAY.year * 10_000 + DAY.month * 100 + DAY.day
FAR = 20_230_701  # 3 × 365 days before


def judge(plain: dict[str, Array], held: Population) -> dict[str, Array]:
    revenue, research = plain["revenue_yuan"], plain["rd_expense_yuan"]
    main, before = plain["main_revenue_yuan"], plain["main_revenue_yuan before"]
    debts, assets = plain["total_liabilities_yuan"], plain["total_assets_yuan"]
    assert held.sizes is not None
    size = len(revenue)
    missed: list[Array] = []

    gates = [
        _all(_flag(plain["registered_in_prc"], 1), _flag(plain["legal_person"], 1)),
        _size(held),
        _all(_flag(plain["abnormal_list"], 0), _flag(plain["dishonest_list"], 0)),
        _flag(plain["prohibited_product"], 0),
        _accidents(held.records["accidents"], size, missed),
    ]
    holds_higher, barred, high_tech = _titles(held, size, missed)
    gates += [holds_higher, barred]
    direct = [
        _awards(held.records["science_awards"], size, missed),
        _any(high_tech, _honors(held.records["honors"], size, missed)),
        _institutions(held.records["rd_institutions"], size, missed),
        _equity(held.records["equity_financing"], size, missed),
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        scored = [
            _ip([plain[name] for name in COUNTS]),
            _banded(np.where(revenue > 0, research / revenue, np.nan), (0.05, 0.03, 0.02, 0.01), (20, 15, 10, 5, 0)),
            _banded(
                np.where(before > 0, (main - before) / before, np.nan), (0.15, 0.10, 0.05, 0.0), (20, 15, 10, 5, 0)
            ),
            _debt(np.where(assets > 0, debts / assets, np.nan)),
            _sei(plain["lead_product_in_sei"]),
            _banded(np.where(revenue > 0, main / revenue, np.nan), (0.70, 0.60, 0.55, 0.50), (20, 15, 10, 5, 0)),
        ]
    negative = ~np.isnan(main) & ~np.isnan(before) & (before <= 0)
    scored[2][2][negative] = REVIEW
    low = np.stack([each[0] for each in scored])
    high = np.stack([each[1] for each in scored])
    status = np.stack([*gates, *direct, *(each[2] for each in scored)])
    by_score = _reach(scored, (0, 1, 2, 3, 4, 5), 60)
    for members, least in (((0, 1), 20), ((2, 3), 15), ((4, 5), 15)):
        by_score = _all(by_score, _reach(scored, members, least))
    by_direct = _any(_any(direct[0], direct[1]), _any(direct[2], direct[3]))
    decision = _any(by_score, by_direct)
    verdict = decision
    for gate in (*gates[:5], barred):  # the higher title is only reported
        verdict = _all(verdict, gate)
    route = np.where(by_score == MET, 0, np.where(by_direct == MET, 1, -1)).astype(np.int8)
    numbers = [np.isnan(each) for name, each in plain.items() if each.dtype == np.float64]
    flags = [each < 0 for each in plain.values() if each.dtype == np.int8]
    gaps = [each.gap != 0 for each in held.records.values()]
    sized = [held.sizes.missing != 0]
    missing = np.packbits(np.stack([*numbers, *flags, *gaps, *sized, *missed]), axis=0, bitorder="little")
    return {
        "verdict": verdict,
        "route": route,
        "status": status,
        "points_low": low,
        "points_high": high,
        "total_low": low.sum(0),
        "total_high": high.sum(0),
        "missing": missing,
    }


def _all(first: Array, second: Array) -> Array:
    return np.minimum(first, second)


_ORDER = np.array([0, 2, 1, 3], np.uint8)


def _any(first: Array, second: Array) -> Array:
    found: Array = _ORDER[np.maximum(_ORDER[first], _ORDER[second])]
    return found


def _flag(values: Array, wanted: int) -> Array:
    return np.where(values < 0, UNKNOWN, np.where(values == wanted, MET, UNMET)).astype(np.uint8)


def _size(held: Population) -> Array:
    assert held.sizes is not None
    small, large = (held.sizes.possible & 0b1110) != 0, (held.sizes.possible & 0b0001) != 0
    either = np.where(held.sizes.missing != 0, UNKNOWN, REVIEW)
    return np.where(small & large, either, np.where(small, MET, UNMET)).astype(np.uint8)


def _banded(values: Array, edges: tuple[float, ...], points: tuple[int, ...]) -> tuple[Array, Array, Array]:
    found = np.select(
        [values >= edge for edge in edges], [np.uint8(each) for each in points[:-1]], np.uint8(points[-1])
    )
    return _open(found, np.isnan(values), min(points), max(points))


def _debt(values: Array) -> tuple[Array, Array, Array]:
    found = np.select([values <= 0.55, values <= 0.75], [np.uint8(10), np.uint8(5)], np.uint8(0))
    return _open(found, np.isnan(values), 0, 10)


def _open(points: Array, unknown: Array, least: int, most: int) -> tuple[Array, Array, Array]:
    low, high = np.where(unknown, np.uint8(least), points), np.where(unknown, np.uint8(most), points)
    status = np.where(unknown, UNKNOWN, np.where(points > 0, MET, UNMET)).astype(np.uint8)
    return low, high, status


def _ip(counts: list[Array]) -> tuple[Array, Array, Array]:
    """The first that is at least one; one that is missing leaves its points possible until a lower one holds."""
    points = [np.uint8(20), np.uint8(15), np.uint8(10), np.uint8(5)]
    missing, held = [np.isnan(each) for each in counts], [each >= 1 for each in counts]
    low = np.select(held, points, np.uint8(0))
    high = np.select([has | gone for has, gone in zip(held, missing, strict=True)], points, np.uint8(0))
    status = np.where(low != high, UNKNOWN, np.where(low > 0, MET, UNMET)).astype(np.uint8)
    return low, high, status


def _sei(flag: Array) -> tuple[Array, Array, Array]:
    low = np.where(flag == 1, np.uint8(10), np.uint8(5))
    high = np.where(flag == 0, np.uint8(5), np.uint8(10))
    return low, high, np.where(low != high, UNKNOWN, MET).astype(np.uint8)


def _reach(scored: list[tuple[Array, Array, Array]], members: tuple[int, ...], least: int) -> Array:
    low, high = sum(scored[each][0] for each in members), sum(scored[each][1] for each in members)
    unknown = np.logical_or.reduce([scored[each][2] == UNKNOWN for each in members])
    between = np.where(unknown, UNKNOWN, REVIEW)
    return np.where(low >= least, MET, np.where(high < least, UNMET, between)).astype(np.uint8)


# -- entries ------------------------------------------------------------------------------------------------------


def _rows_of(offsets: Array) -> Array:
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def _best(codes: Array, rows: Array, size: int, gap: Array) -> Array:
    """OR over the entries of each row."""
    found = np.zeros(size, np.uint8)
    np.maximum.at(found, rows, _ORDER[codes])
    return np.where(gap != 0, np.uint8(UNKNOWN), _ORDER[found])


def _is(values: Array, missing: Array, wanted: tuple[int, ...]) -> Array:
    return np.where(missing, UNKNOWN, np.where(np.isin(values, wanted), MET, UNMET)).astype(np.uint8)


def _between(days: Array, missing: Array, low: int, high: int) -> Array:
    return np.where(missing, UNKNOWN, np.where((days > low) & (days <= high), MET, UNMET)).astype(np.uint8)


def _missed(missed: list[Array], size: int, rows: Array, open_: Array, *lacking: Array) -> None:
    for each in lacking:
        found = np.zeros(size, np.bool_)
        found[rows[open_ & each]] = True
        missed.append(found)


def _review(codes: Array) -> Array:
    return np.where(codes == MET, REVIEW, codes).astype(np.uint8)


def _accidents(held: Records, size: int, missed: list[Array]) -> Array:
    rows = _rows_of(held.offsets)
    kind, severity, when = held.fields["kind"], held.fields["severity"], held.fields["happened_on"]
    inside = _between(when.values, when.missing, FAR, TODAY)
    kinds = {name: position for position, name in enumerate(_codes("accidents", "kind"))}
    grades = {name: position for position, name in enumerate(_codes("accidents", "severity"))}
    named = tuple(kinds[each] for each in ("work_safety", "cyber_security", "data_security", "quality", "environment"))
    grave = tuple(grades[each] for each in ("major", "extraordinary"))
    first = _all(_is(kind.values, kind.missing, named), _is(severity.values, severity.missing, grave))
    clear = _any(first, _is(kind.values, kind.missing, (kinds["tax_evasion"],)))
    doubtful = _is(kind.values, kind.missing, (kinds["data_fraud"], kinds["other"]))
    codes = _any(_all(inside, clear), _review(_all(inside, doubtful)))
    _missed(missed, size, rows, codes == UNKNOWN, kind.missing, severity.missing, when.missing)
    found = _best(codes, rows, size, held.gap)
    return np.where((found == MET) | (found == UNMET), MET - found, found).astype(np.uint8)


def _awards(held: Records, size: int, missed: list[Array]) -> Array:
    rows, level, when = _rows_of(held.offsets), held.fields["level"], held.fields["awarded_on"]
    levels = {name: position for position, name in enumerate(_codes("science_awards", "level"))}
    inside = _between(when.values, when.missing, FAR, TODAY)
    clear = _is(level.values, level.missing, (levels["national"], levels["provincial"]))
    doubtful = _is(level.values, level.missing, (levels["ministerial"],))
    codes = _any(_all(inside, clear), _review(_all(inside, doubtful)))
    _missed(missed, size, rows, codes == UNKNOWN, level.missing, when.missing)
    return _best(codes, rows, size, held.gap)


def _honors(held: Records, size: int, missed: list[Array]) -> Array:
    rows, kind, until = _rows_of(held.offsets), held.fields["kind"], held.fields["valid_to"]
    kinds = {name: position for position, name in enumerate(_codes("honors", "kind"))}
    inside = _between(until.values, until.missing, TODAY - 1, 99_999_999)
    named = tuple(kinds[each] for each in ("high_tech", "innovation_demo", "ip_advantage", "ip_demo"))
    doubtful = _is(kind.values, kind.missing, (kinds["other"],))
    codes = _any(_all(inside, _is(kind.values, kind.missing, named)), _review(_all(inside, doubtful)))
    _missed(missed, size, rows, codes == UNKNOWN, kind.missing, until.missing)
    return _best(codes, rows, size, held.gap)


def _institutions(held: Records, size: int, missed: list[Array]) -> Array:
    rows, level, known = _rows_of(held.offsets), held.fields["level"], held.fields["recognised"]
    levels = {name: position for position, name in enumerate(_codes("rd_institutions", "level"))}
    named = tuple(levels[each] for each in ("national", "ministerial", "provincial"))
    codes = _all(_is(level.values, level.missing, named), _is(known.values, known.missing, (1,)))
    _missed(missed, size, rows, codes == UNKNOWN, level.missing, known.missing)
    return _best(codes, rows, size, held.gap)


def _equity(held: Records, size: int, missed: list[Array]) -> Array:
    rows = _rows_of(held.offsets)
    closed, amount = held.fields["closed_on"], held.fields["amount_yuan"]
    investor, share = held.fields["registered_investor"], held.fields["equity_share"]
    small = np.where(share.missing, UNKNOWN, np.where(share.values <= 30_000_000, MET, UNMET)).astype(np.uint8)
    counts = _all(_is(investor.values, investor.missing, (1,)), small)
    years = closed.values // 10_000
    inside = np.where(closed.missing, UNKNOWN, np.where((years > T - 3) & (years <= T), MET, UNMET)).astype(np.uint8)
    running = ~closed.missing & (years > T) & (closed.values <= TODAY)
    candidate = counts != UNMET
    complete, extended = candidate & (inside != UNMET), candidate & ((inside != UNMET) | running)
    open_ = extended & (amount.missing | closed.missing | (counts == UNKNOWN))
    _missed(missed, size, rows, open_, closed.missing, amount.missing, investor.missing, share.missing)

    def reaches(counting: Array, certain: Array) -> Array:
        values = np.where(amount.missing, 0, amount.values)
        least = np.bincount(rows, values * (counting & certain), size) >= 500_000_000
        most = np.bincount(rows, values * counting + 1e15 * (counting & amount.missing), size) >= 500_000_000
        return np.where(least, MET, np.where(most, UNKNOWN, UNMET)).astype(np.uint8)

    base = reaches(complete, (counts == MET) & (inside == MET))
    more = reaches(extended, (counts == MET) & ((inside == MET) | running))
    found = np.where(base != UNMET, base, np.where(more == MET, REVIEW, more))
    return np.where(held.gap != 0, UNKNOWN, found).astype(np.uint8)


def _titles(held: Population, size: int, missed: list[Array]) -> tuple[Array, Array, Array]:
    """Holds a higher title (reported only), is barred, holds 高新技术企业. Ledgers here have a date for everything."""
    ledger = held.titles
    assert ledger is not None
    rows, codes = _rows_of(ledger.offsets), _title_codes()
    cancelled = ledger.state == 4
    counts = (ledger.state == 0) | (cancelled & (ledger.cancelled_on > TODAY))
    holds = counts & (ledger.valid_from <= TODAY) & (ledger.valid_to >= TODAY)
    higher, high_tech = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    higher[rows[holds & np.isin(ledger.code, (codes["specialized_sme"], codes["little_giant"]))]] = True
    high_tech[rows[holds & (ledger.code == codes["high_tech"])]] = True
    missed.append(~higher & ~ledger.complete)
    own = np.isin(ledger.code, (codes["innovative_sme"], codes["specialized_sme"], codes["little_giant"]))
    stopped = own & cancelled & (ledger.cancelled_on <= TODAY)
    granted = np.zeros(size, np.int32)
    followed = own & ~cancelled
    np.maximum.at(granted, rows[followed], ledger.valid_from[followed])
    stopped &= granted[rows] <= ledger.cancelled_on
    barred = np.full(size, MET, np.uint8)
    barred[rows[stopped]] = REVIEW  # whether a ban goes with it is not known in any of these ledgers
    return (
        np.where(higher, UNMET, np.where(ledger.complete, MET, UNKNOWN)).astype(np.uint8),
        barred,
        np.where(high_tech, MET, UNMET).astype(np.uint8),
    )


_KNOWN: dict[str, dict[str, int]] = {}


def learn(codes: dict[str, dict[str, int]]) -> None:
    """The small numbers that stand for codes, by `fact.field`; `titles` for the ledger."""
    _KNOWN.update(codes)


def _codes(fact: str, field: str) -> dict[str, int]:
    return _KNOWN[f"{fact}.{field}"]


def _title_codes() -> dict[str, int]:
    return _KNOWN["titles"]
