"""The outcome of an evaluation: verdict, every condition with its reason, and what is missing. 不作为认定依据."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import NamedTuple, Protocol

from rulebook.pack import PACK_TITLES, Document, Line, Note, Pack, Test
from rulebook.points import NextBand as NextBand
from rulebook.points import Points as Points
from rulebook.points import Scored
from rulebook.reasons import reasons_of
from rulebook.requirement import joined, leaves, offers_a_choice
from rulebook.scene import Event
from rulebook.status import Status, Verdict
from rulebook.trace import Check as Check
from rulebook.trace import Input as Input
from rulebook.trace import Leaf, MissingKey, checks_of, checks_text, inputs_of, kept_of, leaves_of, missing_of, notes_of
from rulebook.trace import Missing as Missing
from rulebook.units import plain_decimal

DISCLAIMER = "本结果由系统按现有资料测算，不作为认定依据。"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a line is called and counts for, whoever is judged. Role: gate, requirement or indicator."""

    line: Line
    role: str
    modality: str
    effort: str
    group: str = ""
    test: Test | None = None
    """What a gate or a requirement asks of this kind of application."""
    premise: Test | None = None
    """Where it applies at all."""


class ConditionResult:
    """One rule line, judged; an indicator is met when it earned points.

    Judging keeps the values and how they compared; the words for people are found when somebody reads them, since most
    assessments are made to see that nothing changed. `next_band` is there for an indicator that is decided and below
    its best band.
    """

    FIELDS = (
        "id", "label", "role", "group", "modality", "status", "value", "threshold", "points", "clause", "document",
        "quote", "evidence_grade", "effort", "checks", "inputs", "missing", "notes", "next_band",
    )  # fmt: skip

    def __init__(
        self, heading: Heading, status: Status, trace: Sequence[Event], day: date, scored: Scored | None = None
    ) -> None:
        self._heading, self.status, self._trace, self._day, self._scored = heading, status, trace, day, scored

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConditionResult) and _plain(self) == _plain(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def line(self) -> Line:
        return self._heading.line

    @property
    def role(self) -> str:
        return self._heading.role

    @property
    def group(self) -> str:
        return self._heading.group

    @property
    def modality(self) -> str:
        return self._heading.modality

    @property
    def effort(self) -> str:
        return self._heading.effort

    @property
    def points(self) -> Points | None:
        return None if self._scored is None else self._scored[0].points

    @property
    def id(self) -> str:
        return self.line.id

    @property
    def label(self) -> str:
        return self.line.label

    @property
    def clause(self) -> str:
        return self.line.clause

    @property
    def document(self) -> Document:
        return self.line.document

    @property
    def quote(self) -> str:
        return self.line.quote

    @property
    def evidence_grade(self) -> str:
        return self.line.evidence

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        return checks_of(self._trace)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The same comparisons with what each was missing."""
        return leaves_of(self._trace)

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        return inputs_of(self._trace, self._day)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        blocking = self.modality == "must" and self.status in (Status.UNKNOWN, Status.MANUAL_REVIEW)
        return tuple(replace(each, conditions=(self.line.id,), blocking=blocking) for each in missing_of(self._trace))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        return notes_of(self._trace)

    def kept(self) -> list[object]:
        """What the words follow from, in plain types."""
        return kept_of(self._trace)

    @property
    def value(self) -> str:
        return self._said[0]

    @property
    def threshold(self) -> str:
        return self._said[1]

    @cached_property
    def next_band(self) -> NextBand | None:
        if self._scored is None:
            return None
        _, teller, kept = self._scored
        return teller.better(kept)

    @cached_property
    def _said(self) -> tuple[str, str]:
        if self._scored is not None:
            _, teller, kept = self._scored
            return teller.words(kept)
        if len(self.checks) == 1:
            return self.checks[0].value, self.checks[0].threshold
        return checks_text(self.checks), self.asked([f"{each.label} {each.threshold}" for each in self.checks])

    def asked(self, parts: Sequence[str], of: Status | None = None) -> str:
        """What is asked on one line, from a text for every check: alternatives are told as such (或).

        With `of` only what holds a check of that status, and all the alternatives to it.
        """
        asked = [of in (None, each.status) for each in self.checks]
        test, premise = self._heading.test, leaves(self._heading.premise)
        if test is None or len(parts) != premise + leaves(test):  # where it does not apply, only the premise was judged
            return "；".join(dict.fromkeys(text for text, wanted in zip(parts, asked, strict=True) if wanted))
        return joined(test, parts[premise:], lambda place: asked[premise + place])

    @property
    def offers_a_choice(self) -> bool:
        """Whether one of several things asked is enough."""
        return offers_a_choice(self._heading.test)


class GroupScore(NamedTuple):
    id: str
    label: str
    points: Points


class Score(NamedTuple):
    points: Points
    groups: tuple[GroupScore, ...]


class ScoreCheck(NamedTuple):
    """A total or sub-total against its threshold."""

    label: str
    points: Points
    threshold: str
    status: Status


class RouteResult(NamedTuple):
    id: str
    label: str
    status: Status
    conditions: tuple[str, ...]
    score_checks: tuple[ScoreCheck, ...]


class Judged(Protocol):
    """What judging kept: statuses, points and the trace. The objects that people and services read are made of it."""

    def conditions(self) -> tuple[ConditionResult, ...]: ...

    def score(self) -> Score | None: ...

    def routes(self) -> tuple[RouteResult, ...]: ...


class Assessment:
    """The whole outcome. `route` is the first route that is met; `fiscal_year` is t (A-03)."""

    FIELDS = (
        "pack_id", "pack_label", "pack_edition", "pack_sha256", "document", "title", "title_label", "kind",
        "application_date", "fiscal_year", "verdict", "verdict_label", "route", "decision", "routes", "score",
        "conditions", "missing", "reasons", "notes", "disclaimer",
    )  # fmt: skip
    disclaimer = DISCLAIMER

    def __init__(
        self, pack: Pack, kind: str, application_date: date, verdict: Verdict, decision: Status, judged: Judged
    ) -> None:
        self.pack, self.kind, self.application_date = pack, kind, application_date
        self.verdict, self.decision, self._judged = verdict, decision, judged

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Assessment) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    @property
    def pack_id(self) -> str:
        return self.pack.id

    @property
    def pack_label(self) -> str:
        return self.pack.label

    @property
    def pack_edition(self) -> str:
        return self.pack.edition

    @property
    def pack_sha256(self) -> str:
        return self.pack.sha256

    @property
    def document(self) -> Document:
        return self.pack.document

    @property
    def title(self) -> str:
        return self.pack.title

    @property
    def title_label(self) -> str:
        return PACK_TITLES[self.pack.title]

    @property
    def fiscal_year(self) -> int:
        return self.application_date.year - 1

    @property
    def verdict_label(self) -> str:
        return self.verdict.label

    @property
    def route(self) -> str | None:
        return next((route.id for route in self.routes if route.status is Status.MET), None)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the pack says beside the conditions: nothing that was computed."""
        return self.pack.notes

    @cached_property
    def conditions(self) -> tuple[ConditionResult, ...]:
        return self._judged.conditions()

    @cached_property
    def score(self) -> Score | None:
        return self._judged.score()

    @cached_property
    def routes(self) -> tuple[RouteResult, ...]:
        return self._judged.routes()

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """Every missing thing once, with the conditions that ask for it."""
        found: dict[MissingKey, Missing] = {}
        for each in (one for condition in self.conditions for one in condition.missing):
            key = (each.fact_id, each.fiscal_year, each.label)
            known = found.get(key)
            if known is not None:
                each = replace(
                    known, conditions=known.conditions + each.conditions, blocking=known.blocking or each.blocking
                )
            found[key] = each
        return tuple(found.values())

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        return reasons_of(self)

    def condition(self, condition_id: str) -> ConditionResult:
        return next(each for each in self.conditions if each.id == condition_id)

    def to_json(self) -> dict[str, object]:
        """The assessment in plain JSON types: decimals and dates as text, statuses as codes."""
        return {name: _plain(getattr(self, name)) for name in self.FIELDS}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    if isinstance(value, Points | GroupScore | Score | ScoreCheck | RouteResult):
        return {name: _plain(each) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, ConditionResult):
        return {name: _plain(getattr(value, name)) for name in value.FIELDS}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
