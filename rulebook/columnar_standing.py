"""Tests of a whole population on titles, bans, size classes and officials' findings."""

from __future__ import annotations

import numpy as np

from rulebook.columnar_codes import (
    MANUAL_REVIEW,
    MET,
    UNKNOWN,
    UNMET,
    Codes,
    Flags,
    any_of,
    exchanged,
    flags,
    opposite,
)
from rulebook.columnar_frame import Entries as Slice
from rulebook.columnar_frame import Frame, Judge, Key, Manner
from rulebook.columnar_population import BAN_UNKNOWN, NO_BAN, SOURCES, TITLE_STATES
from rulebook.columnar_population import Titles as Ledgers
from rulebook.criteria import SIZE_FACTS
from rulebook.pack import SIZES, TITLES, Found, Holds, NoBan, SizeIn
from rulebook.standing import size_missing
from rulebook.subject import POINT
from rulebook.wording import period_label

TITLE_CODES = {title: code for code, title in enumerate(TITLES)}
OTHER_TITLE = 255
_STATES = {state: code for code, state in enumerate(TITLE_STATES)}
_FOLLOWED_BY_DATES = ("valid", "under_review", "expired")
FINDING_UNMET, FINDING_MET = 0, 1


def ledger_key(titles: tuple[str, ...]) -> Key:
    return ("titles", POINT, f"称号台账（{'、'.join(TITLES[title] for title in titles)}）", "title")


def validity_key(title: str) -> Key:
    return ("titles", POINT, f"{TITLES[title]}有效期", "title")


def cancellations_key() -> Key:
    return ("titles", POINT, "称号台账（取消记录）", "title")


def unclassified_key() -> Key:
    return ("size", POINT, "企业规模（划型）", "size")


def size_keys(fiscal_year: int) -> list[Key]:
    """What may be missing of a size class, in the order of the bits."""
    return [(fact_id, *size_missing(fact_id, fiscal_year), "fact") for fact_id in SIZE_FACTS]


def compile_titles(test: Holds, manner: Manner) -> Judge:
    """A title counts by the dates of its certificate on the day of application (A-13)."""
    wanted = [TITLE_CODES[title] for title in test.titles]

    def judge(frame: Frame) -> Codes:
        ledgers = frame.population.titles
        if ledgers is None:
            if not manner.silent:
                frame.miss(ledger_key(test.titles), np.ones(frame.size, np.bool_))
            return np.full(frame.size, UNKNOWN, np.uint8)
        entries = Slice.of(frame, ledgers)
        asked: Flags = np.isin(entries.slice(ledgers.code), wanted)
        codes, endless = _held(ledgers, entries, frame)
        codes = codes * flags(asked)
        if not manner.silent:
            _name_endless(test.titles, asked & endless, ledgers, entries, frame)
        held = exchanged(entries.reduced(np.maximum, exchanged(codes), UNMET))
        absent = ledgers.unseen[frame.start : frame.stop]
        if not test.recorded_only:
            absent = absent | ~ledgers.complete[frame.start : frame.stop]
        absent = absent & (held != MET)
        if absent.any():
            if not manner.silent:
                frame.miss(ledger_key(test.titles), absent)
            held = any_of([held, flags(absent, UNKNOWN)], frame.size)
        return opposite(held) if test.forbidden else held

    return judge


def _held(ledgers: Ledgers, entries: Slice, frame: Frame) -> tuple[Codes, Flags]:
    """Per entry whether the title is held, and whether it lacks the last day it would need."""
    known = ("held titles",)
    if known not in frame.memory:
        frame.memory[known] = _judge_entries(ledgers, entries, frame.day_number)
    found: tuple[Codes, Flags] = frame.memory[known]
    return found


def _judge_entries(ledgers: Ledgers, entries: Slice, day: int) -> tuple[Codes, Flags]:
    state, valid_to = entries.slice(ledgers.state), entries.slice(ledgers.valid_to)
    cancelled_on = entries.slice(ledgers.cancelled_on)
    cancelled = state == _STATES["cancelled"]
    followed = np.isin(state, [_STATES[each] for each in _FOLLOWED_BY_DATES])
    begun = entries.slice(ledgers.valid_from) <= day  # no first day: 0
    counts = begun & (followed | (cancelled & (cancelled_on > day)))
    open_end = valid_to == 0
    runs = ~open_end & (valid_to >= day)
    lapsed_in_review = ~open_end & ~runs & (state == _STATES["under_review"])
    endless = counts & open_end & (state != _STATES["expired"])
    codes = flags(counts & runs, MET) | flags(counts & lapsed_in_review, MANUAL_REVIEW) | flags(endless, UNKNOWN)
    return codes, endless


def _name_endless(titles: tuple[str, ...], endless: Flags, ledgers: Ledgers, entries: Slice, frame: Frame) -> None:
    if not endless.any():
        return
    for title in titles:
        of_title = endless & (entries.slice(ledgers.code) == TITLE_CODES[title])
        if of_title.any():
            frame.miss(validity_key(title), entries.reduced(np.logical_or, of_title, 0))


def compile_ban(test: NoBan, manner: Manner) -> Judge:
    """A-32, A-50: barred before the years are over; afterwards a person asks whether the authority extended it."""
    wanted = [TITLE_CODES[title] for title in test.titles]

    def judge(frame: Frame) -> Codes:
        ledgers = frame.population.titles
        if ledgers is None:
            unseen = np.ones(frame.size, np.bool_)
            found = np.full(frame.size, UNKNOWN, np.uint8)
        else:
            unseen = ledgers.unseen[frame.start : frame.stop]
            entries = Slice.of(frame, ledgers)
            barred = _barred(test, np.isin(entries.slice(ledgers.code), wanted), ledgers, entries, frame)
            found = entries.reduced(np.minimum, barred, MET)
            if unseen.any():
                found = flags(~unseen) * found | flags(unseen, UNKNOWN)
        if not manner.silent and unseen.any():
            frame.miss(cancellations_key(), unseen)
        return found

    return judge


def _barred(test: NoBan, asked: Flags, ledgers: Ledgers, entries: Slice, frame: Frame) -> Codes:
    """Per entry: unmet while the ban runs, for review where nobody can say, met where it does not matter."""
    state, ban = entries.slice(ledgers.state), entries.slice(ledgers.ban)
    cancelled_on = entries.slice(ledgers.cancelled_on)
    counts = asked & (state == _STATES["cancelled"]) & (ban != NO_BAN)
    found = np.full(entries.count, MET, np.uint8)
    if not counts.any():
        return found
    followed = asked & np.isin(state, [_STATES[each] for each in _FOLLOWED_BY_DATES])
    newest = entries.reduced(np.maximum, entries.slice(ledgers.valid_from) * followed, 0)
    dated = cancelled_on != 0
    granted_since = dated & (newest[entries.rows()] > cancelled_on)
    counts &= ~(cancelled_on > frame.day_number) & ~granted_since
    over = cancelled_on + test.years * 10_000
    leap_day = (over % 10_000 == 229) & ~_leap(over // 10_000)
    over = over - leap_day  # the day before, as the traced evaluator reckons
    runs = dated & (ban != BAN_UNKNOWN) & (frame.day_number < over)
    found[counts] = MANUAL_REVIEW
    found[counts & runs] = UNMET
    return found


def _leap(years: np.ndarray[tuple[int, ...], np.dtype[np.int32]]) -> Flags:
    leap: Flags = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    return leap


def compile_size(test: SizeIn, manner: Manner) -> Judge:
    """Decided as soon as every class that is still possible agrees (A-26)."""
    wanted = sum(1 << bit for bit, size in enumerate(SIZES) if size in test.sizes)

    def judge(frame: Frame) -> Codes:
        sizes = frame.population.sizes
        if sizes is None:
            if not manner.silent:
                frame.miss(unclassified_key(), np.ones(frame.size, np.bool_))
            return np.full(frame.size, UNKNOWN, np.uint8)
        if sizes.broken is not None:
            frame.trace_rows(sizes.broken[frame.start : frame.stop])
        possible = sizes.possible[frame.start : frame.stop]
        missing = sizes.missing[frame.start : frame.stop]
        if not manner.silent and missing.any():
            for bit, key in enumerate(size_keys(frame.fiscal_year)):
                rows = (missing & (1 << bit)) != 0
                if rows.any():
                    frame.miss(key, rows)
        outside = (possible & ~np.uint8(wanted)) != 0
        inside = (possible & wanted) != 0
        either = outside & inside
        return (
            flags(~outside, MET)
            | flags(either & (missing != 0), UNKNOWN)
            | flags(either & (missing == 0), MANUAL_REVIEW)
        )

    return judge


def compile_finding(test: Found, manner: Manner) -> Judge:
    """An official's finding decides; without one, or after its last day, a person still has to, and it is missing."""

    def judge(frame: Frame) -> Codes:
        column = frame.column(test.fact, POINT)
        if column is None:
            return np.full(frame.size, MANUAL_REVIEW, np.uint8)
        rows = slice(frame.start, frame.stop)
        counts = (column.gap[rows] == 0) & (column.source[rows] == SOURCES["official_finding"])
        gap = frame.gap(test.fact, POINT, manner.only_sources)
        if gap is not None:
            counts &= gap == 0
        if column.until is not None:
            until = column.until[rows]
            counts &= (until == 0) | (until >= frame.day_number)
        if not manner.silent:
            uncounted = ~counts if gap is None else ~counts & (gap == 0)
            uncounted &= column.gap[rows] == 0
            if uncounted.any():
                frame.miss((test.fact.id, POINT, period_label(test.fact, POINT), "finding"), uncounted)
        met = column.values[rows] == FINDING_MET
        return flags(counts & met, MET) | flags(~counts, MANUAL_REVIEW)

    return judge
