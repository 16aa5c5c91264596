"""Finding enterprises by what is typed: first what matches as written, then by reading, by initials, by likeness.

No step is left to the planner's guess of how common a token is. A sample tells it; up to FEW matches are taken by the
index of tokens and ordered; when there are more (科技), they are asked for by classes of weight, the heaviest first,
until there are enough.
Both are bounded, whatever the query and the filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.domain.names import comparison_key
from services.registry.domain.search.likeness import best, likeness, partial_queries
from services.registry.domain.search.places import body_of, body_of_query
from services.registry.domain.search.readings import Readings, readings, spelled
from services.registry.domain.search.tokens import SAMPLED, grams, initial_pairs, sound_grams, weight_tokens
from services.registry.domain.uscc import normalise

FEW = 1_000
_COMMON = 2
"""So many matches in the sample (some 1,000 in all) and the matches are not fetched to be ordered."""
FEW_LISTED = 5_000
_COMMON_LISTED = 10
"""The same for lists, which go through the whole table otherwise."""
_PREFIXES = 500
_PER_PART = 150
"""Candidates of one set of tokens; all sets together give at most MOST_ALIKE."""
MOST_ALIKE = 2_000
_LEAST_FUZZY = 3
_WAYS = 4

MATCHES = {
    "uscc": "信用代码",
    "exact": "全称",
    "prefix": "名称开头",
    "fragment": "名称片段",
    "pinyin": "拼音",
    "initials": "拼音首字母",
    "fuzzy": "近似",
}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What results are narrowed to, as tokens: all of `every`, and one of each group of `any_of`."""

    every: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    own: str | None = None
    """The only enterprise that the caller may find."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One enterprise found, how, and which part of its name's key it was found by."""

    uscc: str
    match: str
    part: str | None


@dataclass
class _Search:
    tx: Transaction
    narrowing: Narrowing
    limit: int
    found: dict[str, Hit] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        return len(self.found) >= self.limit

    def add(self, uscc: str, match: str, part: str | None) -> None:
        if not self.enough:
            self.found.setdefault(uscc, Hit(uscc, match, part))


def search(tx: Transaction, q: str, narrowing: Narrowing, limit: int) -> list[Hit]:
    """Up to `limit` enterprises, the best matches first; what the index does not hold yet is not found."""
    asked = _Search(tx, narrowing, limit)
    key = comparison_key(q)
    if key:
        with _by_index(tx):
            _in_turn(asked, q, key)
    return list(asked.found.values())


def preselect(tx: Transaction, q: str | None, narrowing: Narrowing) -> list[str] | None:
    """The enterprises that the index has for a list's filters, when they are FEW_LISTED; None when they are more.

    All that hold the fragment `q` or whose code begins with it are among them, and others too: the list judges.
    """
    key = comparison_key(q or "")
    sources = [_where(narrowing, grams(key) if key else ())]
    if key.isascii() and key:
        where, values = _where(narrowing, ())
        sources.append((f"uscc LIKE :begin AND {where}", {**values, "begin": f"{_escaped(normalise(q or ''))}%"}))
    found: set[str] = set()
    with _by_index(tx):
        if _common(tx, narrowing, grams(key) if key else (), _COMMON_LISTED):
            return None
        for where, values in sources:
            if where == "true":
                return None
            statement = text(f"SELECT uscc FROM search_names WHERE {where} LIMIT :few")  # noqa: S608 - see _where
            found.update(tx.session.scalars(statement, {**values, "few": FEW_LISTED}))
    return None if len(found) >= FEW_LISTED else sorted(found)


def _in_turn(asked: _Search, q: str, key: str) -> None:
    if key.isascii() and key.isalnum():
        _by_code(asked, normalise(q))
    _by_text(asked, key)
    known = readings()
    letters = q.lower().replace("'", " ").split()
    if letters and all(each.isascii() and each.isalnum() for each in letters):
        _by_pinyin(asked, letters, known)
        _by_initials(asked, "".join(letters))
    if not asked.found and len(body_of_query(key)) >= _LEAST_FUZZY:
        _by_likeness(asked, key, known)


def _by_code(asked: _Search, code: str) -> None:
    if len(code) < 2:
        return
    where, values = _where(asked.narrowing, ())
    rows = asked.tx.session.execute(
        text(f"SELECT uscc FROM search_names WHERE uscc LIKE :begin AND {where} ORDER BY uscc LIMIT :limit"),  # noqa: S608 - see _where
        {**values, "begin": f"{_escaped(code)}%", "limit": asked.limit},
    )
    for row in rows:
        asked.add(row.uscc, "uscc", code)


def _by_text(asked: _Search, key: str) -> None:
    tokens = grams(key)
    inside = f"%{_escaped(key)}%"
    if tokens:
        rows = _few(
            asked, tokens, "name_key LIKE :pattern", {"pattern": inside, "key": key, "begin": f"{_escaped(key)}%"}
        )
        if rows is not None:
            for row in rows:
                asked.add(row.uscc, _TEXT_RANKS[row.rank], key)
            return
    where, values = _where(asked.narrowing, ())
    for row in asked.tx.session.execute(
        text(_FIRST.format(where=where)),
        {**values, "key": key, "begin": f"{_escaped(key)}%", "prefixes": _PREFIXES, "limit": asked.limit},
    ):
        asked.add(row.uscc, _TEXT_RANKS[row.rank], key)
    _by_weight(asked, tokens, "name_key LIKE :pattern", {"pattern": inside}, "fragment", key)


def _by_pinyin(asked: _Search, words: Sequence[str], known: Readings) -> None:
    """Each word as syllables; the last of all may be unfinished."""
    ways: list[list[str]] = [[]]
    for word in words:
        ways = [[*before, *each] for before in ways for each in spelled(word, known.syllables, most=_WAYS)][:_WAYS]
    for syllables in ways:
        if asked.enough:
            return
        whole = syllables if syllables[-1] in known.syllables else syllables[:-1]
        pattern = "% " + " ".join(syllables) + ("%" if whole is not syllables else " %")
        part = _part_by_sound(syllables)
        condition = "' ' || pinyin || ' ' LIKE :pattern"
        values = {"pattern": pattern, "key": " ".join(syllables), "begin": " ".join(syllables) + "%"}
        tokens = sound_grams(whole)
        rows = _few(asked, tokens, condition, values)
        if rows is None:
            _by_weight(asked, tokens, condition, values, "pinyin", None, part)
            continue
        for row in rows:
            asked.add(row.uscc, "pinyin", part(row))


def _by_initials(asked: _Search, letters: str) -> None:
    if len(letters) < 2 or asked.enough:
        return
    for form in ("gfyxgs", "yxzrgs", "yxgs"):
        if letters.endswith(form) and len(letters) >= len(form) + 2:
            letters = letters.removesuffix(form)
            break
    tokens = sorted(initial_pairs(letters))
    values = {"pattern": f"%{letters}%", "key": letters, "begin": f"{letters}%"}

    def part(row: Any) -> str | None:
        place = row.initials.find(letters)
        return body_of(row.name_key)[place : place + len(letters)] if place >= 0 else None

    rows = _few(asked, tokens, "initials LIKE :pattern", values)
    if rows is None:
        _by_weight(asked, tokens, "initials LIKE :pattern", values, "initials", None, part)
        return
    for row in rows:
        asked.add(row.uscc, "initials", part(row))


def _by_likeness(asked: _Search, key: str, known: Readings) -> None:
    body = body_of_query(key)
    sounds = known.of(body)
    candidates: dict[str, Any] = {}
    for tokens in partial_queries(body, sounds):
        where, values = _where(asked.narrowing, tokens)
        statement = text(f"SELECT uscc, name_key, pinyin, weight FROM search_names WHERE {where} LIMIT :limit")  # noqa: S608 - see _where
        for row in asked.tx.session.execute(statement, {**values, "limit": _PER_PART}):
            candidates.setdefault(row.uscc, row)
        if len(candidates) >= MOST_ALIKE:
            break
    scored = (
        (likeness(body, sounds, body_of(row.name_key), row.pinyin.split(" ")), row.weight, row.uscc)
        for row in candidates.values()
        if row.uscc not in asked.found
    )
    for code in best(scored, asked.limit):
        asked.add(code, "fuzzy", None)


def _few(asked: _Search, tokens: Sequence[str], condition: str, values: dict[str, Any]) -> list[Any] | None:
    """All matches in their order when they are few, else None."""
    if _common(asked.tx, asked.narrowing, tokens, _COMMON):
        return None
    where, tokened = _where(asked.narrowing, tokens)
    statement = text(_FEW.format(where=where, condition=condition))
    rows = list(asked.tx.session.execute(statement, {**values, **tokened, "few": FEW, "limit": asked.limit}))
    return None if rows[0].total >= FEW else [row for row in rows if row.uscc is not None]


def _common(tx: Transaction, narrowing: Narrowing, tokens: Sequence[str], least: int) -> bool:
    """Whether the matches are many, told by a sample: to gather all of a common pair takes longer than to search."""
    where, values = _where(narrowing, (*tokens, SAMPLED))
    statement = text(f"SELECT count(*) FROM (SELECT 1 FROM search_names WHERE {where} LIMIT :common) AS sampled")  # noqa: S608 - see _where
    found: int = tx.session.execute(statement, {**values, "common": least}).scalar_one()
    return found >= least


def _by_weight(
    asked: _Search,
    tokens: Sequence[str],
    condition: str,
    values: dict[str, Any],
    match: str,
    part: str | None,
    part_of: Any = None,
) -> None:
    """Matches of the heaviest class, then of the next, until there are enough."""
    for _, weight in weight_tokens():
        if asked.enough:
            return
        where, tokened = _where(asked.narrowing, (*tokens, weight))
        statement = text(
            f"SELECT uscc, name_key, pinyin, initials FROM search_names WHERE {where} AND {condition} LIMIT :limit"  # noqa: S608 - see _where
        )
        for row in asked.tx.session.execute(statement, {**values, **tokened, "limit": asked.limit}):
            asked.add(row.uscc, match, part_of(row) if part_of else part)


def _where(narrowing: Narrowing, tokens: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """The condition that the tokens and the narrowing make, and its values; of our own words and placeholders only."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if every := [*tokens, *narrowing.every]:
        conditions.append("tokens @> CAST(:every AS text[])")
        values["every"] = every
    for number, group in enumerate(narrowing.any_of):
        conditions.append(f"tokens && CAST(:any{number} AS text[])")
        values[f"any{number}"] = list(group)
    if narrowing.own is not None:
        conditions.append("uscc = :own")
        values["own"] = narrowing.own
    return " AND ".join(conditions) or "true", values


def _part_by_sound(syllables: Sequence[str]) -> Any:
    def part(row: Any) -> str | None:
        own = row.pinyin.split(" ")
        body = body_of(row.name_key)
        for place in range(len(own) - len(syllables) + 1):
            piece = own[place : place + len(syllables)]
            if piece[:-1] == list(syllables[:-1]) and piece[-1].startswith(syllables[-1]):
                return body[place : place + len(syllables)]
        return None

    return part


def _escaped(fragment: str) -> str:
    return fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@contextmanager
def _by_index(tx: Transaction) -> Iterator[None]:
    """The planner would read the table through where it believes a token to be common."""
    tx.session.execute(text("SET LOCAL enable_seqscan = off"))
    yield
    tx.session.execute(text("SET LOCAL enable_seqscan = on"))


_TEXT_RANKS = ("exact", "prefix", "fragment")
_FEW = """
    WITH found AS MATERIALIZED (
      SELECT uscc, name_key, core, pinyin, initials, weight FROM search_names WHERE {where} LIMIT :few)
    SELECT counted.total, best.* FROM (SELECT count(*) AS total FROM found) AS counted LEFT JOIN (
      SELECT uscc, name_key, pinyin, initials, weight,
             CASE WHEN name_key = :key OR core = :key THEN 0
                  WHEN core LIKE :begin OR name_key LIKE :begin OR pinyin LIKE :begin OR initials LIKE :begin THEN 1
                  ELSE 2 END AS rank
      FROM found WHERE {condition} ORDER BY rank, weight DESC, uscc LIMIT :limit) AS best ON true
    ORDER BY rank, weight DESC, uscc
    """
_FIRST = """
    WITH begun AS MATERIALIZED (
      (SELECT uscc, 0 AS rank, weight, tokens FROM search_names WHERE name_key = :key LIMIT :prefixes)
      UNION ALL
      (SELECT uscc, CASE WHEN core = :key THEN 0 ELSE 1 END, weight, tokens FROM search_names
       WHERE core LIKE :begin LIMIT :prefixes))
    SELECT uscc, min(rank) AS rank, max(weight) AS weight FROM begun WHERE {where}
    GROUP BY uscc ORDER BY 2, 3 DESC, 1 LIMIT :limit
    """
