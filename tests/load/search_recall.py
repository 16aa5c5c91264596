"""A labelled set of queries, made from names by stated corruptions, and the share of them found among the first ten.

A query that fits several names as well as the one it was made from is right when what is found fits it as well: the
label is the set of codes of the names that hold the same fragment, or are read the same.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.domain.search.places import body_of
from services.registry.domain.search.readings import readings
from services.registry.store.search import Narrowing, search

KINDS = ("fragment", "pinyin", "initials", "wrong character", "homophone", "dropped character", "place and brand")


@dataclass(frozen=True)
class Labelled:
    """A query, how it was made, and from which name."""

    kind: str
    query: str
    code: str
    name: str


@dataclass(frozen=True)
class Recall:
    """Found among the first ten, by kind of corruption."""

    asked: Counter[str]
    found: Counter[str]
    alike: int
    """Of those found, how often not the very enterprise but ten others that fit the query as well."""
    missed: Sequence[Labelled]

    @property
    def share(self) -> float:
        return self.found.total() / self.asked.total()

    def __str__(self) -> str:
        lines = [f"{kind}: {self.found[kind]}/{asked}" for kind, asked in sorted(self.asked.items())]
        missed = [f"  missed {each.kind}: {each.query} ({each.name})" for each in self.missed[:10]]
        total = f"recall@10 {self.share:.4f} of {self.asked.total()}, {self.alike} of them by names that fit as well"
        return "\n".join([total, *lines, *missed])


def labelled(tx: Transaction, count: int, seed: int = 5) -> list[Labelled]:
    """Queries from names drawn at random, the kinds in turn."""
    chance = random.Random(seed)
    names = tx.session.execute(
        text("SELECT uscc, name_key, core FROM search_names ORDER BY md5(uscc) LIMIT :count"), {"count": count}
    ).all()
    made = (_corrupted(chance, KINDS[number % len(KINDS)], row) for number, row in enumerate(names))
    return [each for each in made if each is not None]


def recall_at(tx: Transaction, queries: Sequence[Labelled], first: int = 10) -> Recall:
    asked: Counter[str] = Counter()
    found: Counter[str] = Counter()
    alike, missed = 0, []
    for each in queries:
        asked[each.kind] += 1
        hits = [hit.uscc for hit in search(tx, each.query, Narrowing(), first)]
        if each.code in hits:
            found[each.kind] += 1
        elif _as_good(tx, each, hits):
            found[each.kind] += 1
            alike += 1
        else:
            missed.append(each)
    return Recall(asked, found, alike, missed)


def _corrupted(chance: random.Random, kind: str, row: Any) -> Labelled | None:
    body, known = body_of(row.name_key), readings()
    place = chance.randrange(1, len(body) - 1)
    match kind:
        case "fragment":
            length = min(len(body), chance.randint(4, 7))
            start = chance.randrange(len(body) - length + 1)
            query = body[start : start + length]
        case "pinyin":
            query = "".join(known.of(body))
        case "initials":
            query = "".join(each[0] for each in known.of(body))
        case "wrong character":
            query = body[:place] + chance.choice("龘钛锂硅镍铂") + body[place + 1 :]
        case "homophone":
            other = _homophone(chance, body[place])
            query = body[:place] + other + body[place + 1 :]
        case "dropped character":
            query = body[:place] + body[place + 1 :]
        case _:
            query = body.removesuffix(row.core)[:2] + row.core[:4] if row.core != body else body[:6]
    return Labelled(kind, query, row.uscc, row.name_key) if len(query) >= 2 else None


def _homophone(chance: random.Random, character: str) -> str:
    """Another common character of the same sound."""
    usual = readings().usual
    same = [chr(point) for point in range(0x4E00, 0x9FA6) if usual.get(chr(point)) == usual.get(character)]
    return chance.choice([each for each in same if each != character] or [character])


def _as_good(tx: Transaction, each: Labelled, hits: Sequence[str]) -> bool:
    """Whether what was found fits the query as well: holds it, or is read or begun with the same letters."""
    if len(hits) < 10 or each.kind not in ("fragment", "pinyin", "initials", "place and brand"):
        return False
    known = readings()
    rows = tx.session.execute(
        text("SELECT name_key FROM search_names WHERE uscc = ANY(:codes)"), {"codes": list(hits)}
    ).scalars()
    for name in rows:
        syllables = known.of(body_of(name))
        held = {
            "fragment": each.query in name,
            "place and brand": each.query in name,
            "pinyin": each.query in "".join(syllables),
            "initials": each.query in "".join(syllable[0] for syllable in syllables),
        }[each.kind]
        if not held:
            return False
    return True
