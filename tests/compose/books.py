"""What stands in the four databases after a load, compared: every difference as a sentence, none when all is well."""

import importlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.events.base import Event
from contracts.events.eligibility import AssessmentChanged, FindingRequested
from contracts.events.finance import WhitelistChanged
from contracts.events.registry import EnterpriseRegistered, TitleCancelled, TitleRecorded
from peiyu.parts import SERVICES
from peiyu.sample.model import Sample
from tests.compose.installation import Installation

LOOK_SECONDS = 5.0
STANDSTILL_SECONDS = 900.0
"""How long nothing at all may change before what is missing is taken for lost."""


class Books:
    """The books of one installation, into which `sample` was brought among other things."""

    def __init__(self, installation: Installation, sample: Sample) -> None:
        self._installation = installation
        self._sample = sample
        self._emitted: dict[str, list[dict[str, Any]]] = {}

    def settle(self) -> list[str]:
        """Wait as long as anything still moves, until nothing is missing; what is.

        While work is left over nothing else is looked at: what it will make is missing, and reading it all takes long.
        """
        before: list[str] | None = None
        deadline = time.monotonic()
        while faults := list(self._left_over()) or self.faults():
            if faults != before:
                before, deadline = faults, time.monotonic() + STANDSTILL_SECONDS
            elif time.monotonic() > deadline:
                return [*self._left_over(), *self.faults()]
            time.sleep(LOOK_SECONDS)
        return []

    def faults(self) -> list[str]:
        """Senders are read before receivers, so that an event on its way is missing and never unknown."""
        self._emitted = {service: self._rows(service, _EMITTED) for service in SERVICES}
        found = (
            self._enterprises(), self._registrations(), self._delivered(), self._facts(), self._titles(),
            self._assessments(), self._whitelist(), self._messages(), self._counts(_GIVEN_UP),
        )  # fmt: skip
        return [fault for each in found for fault in each]

    def _rows(self, service: str, query: str) -> list[dict[str, Any]]:
        return self._installation.rows(service, query)

    def _events(self, service: str, kind: type[Event]) -> list[dict[str, Any]]:
        return [each for each in self._emitted[service] if each["type"] == kind.type]

    def _enterprises(self) -> Iterator[str]:
        for service in SERVICES:
            rows = self._rows(service, "SELECT uscc, name FROM enterprises WHERE version > 0")
            names = {row["uscc"]: row["name"] for row in rows}
            yield from _differing(f"{service}: enterprises", self._sample.names.items(), names.items(), more=True)
            yield from _twice(f"{service}: enterprises", (row["uscc"] for row in rows))

    def _registrations(self) -> Iterator[str]:
        registered = [each["subject"] for each in self._events("registry", EnterpriseRegistered)]
        yield from _differing("registrations announced", self._sample.names, registered, more=True)
        yield from _twice("registrations announced", registered)
        feed = self._rows("registry", f"SELECT subject FROM changes WHERE type = '{EnterpriseRegistered.type}'")
        yield from _differing("registrations in the feed", registered, (row["subject"] for row in feed))
        yield from _twice("registrations in the feed", (row["subject"] for row in feed))

    def deliveries(self) -> Iterator[str]:
        self._emitted = {service: self._rows(service, _EMITTED) for service in SERVICES}
        return self._delivered()

    def _delivered(self) -> Iterator[str]:
        """Every event that concerns a consumer has been acted upon: the inbox commits with what was done."""
        for service in SERVICES:
            subscriptions = importlib.import_module(f"services.{service}.subscriptions").SUBSCRIPTIONS
            types = {event.type for event in subscriptions}
            sent = {each["event_id"]: each["type"] for rows in self._emitted.values() for each in rows}
            wanted = {event for event, kind in sent.items() if kind in types}
            inbox = self._rows(service, f"SELECT event_id FROM inbox WHERE consumer = '{service}'")
            had = {row["event_id"] for row in inbox}
            lost = Counter(sent[event] for event in wanted - had)
            yield from (f"{service} has not acted upon {count} of {kind}" for kind, count in lost.items())
            if unknown := had - wanted:
                yield f"{service} has acted upon {_some(unknown)} which nobody has announced"

    def _facts(self) -> Iterator[str]:
        """What enterprises have reported; the sample's scores from the official platform are a file of their own."""
        query = "SELECT uscc, fiscal_year, md5(facts::text) AS hash FROM {}"
        kept = {tuple(row.values()) for row in self._rows("registry", query.format("facts_current"))}
        stated = {
            (each.uscc, each.fiscal_year) for each in self._sample.facts if each.values and each.source == "import"
        }
        yield from _differing("registry: facts", stated, {key[:2] for key in kept}, more=True)
        copied = {tuple(row.values()) for row in self._rows("eligibility", query.format("enterprise_facts"))}
        yield from _differing("eligibility: facts as the registry has them", kept, copied)

    def _titles(self) -> Iterator[str]:
        kept = self._rows("registry", "SELECT id::text AS title_id, uscc, title FROM title_records")
        stated = Counter((each.uscc, each.title) for each in self._sample.titles)
        counts = Counter((row["uscc"], row["title"]) for row in kept if row["uscc"] in self._sample.names)
        yield from _differing("registry: titles", stated.items(), counts.items())
        ledger = [row["title_id"] for row in kept]
        told = [*self._events("registry", TitleRecorded), *self._events("registry", TitleCancelled)]
        announced = [each["payload"]["record"]["title_id"] for each in told]
        yield from _differing("titles announced", ledger, announced)
        for service, table in (("eligibility", "enterprise_titles"), ("finance", "titles")):
            rows = self._rows(service, f"SELECT title_id FROM {table}")
            yield from _differing(f"{service}: titles", ledger, (row["title_id"] for row in rows))

    def _assessments(self) -> Iterator[str]:
        """Everybody stands towards every title of the whole country, once; of a district's own titles only the once."""
        national = {row["title"] for row in self._rows("eligibility", _NATIONAL)}
        assert len(national) > 1, "the national packs are known by what stands in them"
        current = [(row["uscc"], row["title"]) for row in self._rows("eligibility", _CURRENT)]
        wanted = {(uscc, title) for uscc in self._sample.names for title in national}
        yield from _differing("current assessments", wanted, current, more=True)
        yield from _twice("current assessments", current)
        told = [each["payload"]["assessment_id"] for each in self._events("eligibility", AssessmentChanged)]
        yield from _twice("assessments announced", told)
        stored = {row["id"] for row in self._rows("eligibility", "SELECT id FROM assessments")}
        yield from _differing("assessments behind what was announced", told, stored, more=True)
        first = {
            (row["uscc"], row["title"]) for row in self._rows("eligibility", "SELECT uscc, title FROM assessments")
        }
        heard = {(each["subject"], each["payload"]["title"]) for each in self._events("eligibility", AssessmentChanged)}
        yield from _differing("assessments announced at least once", first, heard)

    def _whitelist(self) -> Iterator[str]:
        listed = [
            row["title_id"] for row in self._rows("finance", "SELECT title_id FROM titles WHERE listed IS NOT NULL")
        ]
        entries = [row["title_id"] for row in self._rows("finance", "SELECT title_id FROM whitelist_entries")]
        yield from _differing("whitelist", listed, entries)
        entered = [row["title_id"] for row in self._rows("finance", _ENTERED)]
        yield from _differing("entries into the whitelist", listed, entered, more=True)
        yield from _twice("entries into the whitelist", entered)
        (feed,) = self._rows(
            "finance", "SELECT count(*), count(seq) AS numbered, max(seq) AS last FROM whitelist_changes"
        )
        if not feed["count"] == feed["numbered"] == feed["last"]:
            yield f"whitelist: {feed['count']} changes, {feed['numbered']} numbered, the last is {feed['last']}"
        announced = [each["payload"]["seq"] for each in self._events("finance", WhitelistChanged)]
        yield from _differing("changes of the whitelist announced", range(1, (feed["last"] or 0) + 1), announced)

    def _messages(self) -> Iterator[str]:
        """One message for each event that is news to a commissioner."""
        eligible = [
            each["event_id"]
            for each in self._events("eligibility", AssessmentChanged)
            if each["payload"]["verdict"] == "eligible" != each["payload"]["previous"]
            and each["payload"]["kind"] == "new"
        ]
        news = {
            "enterprise_eligible": eligible,
            "title_recorded": [each["event_id"] for each in self._events("registry", TitleRecorded)],
            "finding_requested": [each["event_id"] for each in self._events("eligibility", FindingRequested)],
            "whitelist_entered": [
                each["event_id"]
                for each in self._events("finance", WhitelistChanged)
                if each["payload"]["change"] == "entered"
            ],
        }
        rows = self._rows("notification", "SELECT kind, source_event_id FROM messages")
        for kind, sources in news.items():
            written = [row["source_event_id"] for row in rows if row["kind"] == kind]
            yield from _differing(f"messages {kind}", sources, written)
            yield from _twice(f"messages {kind}", written)

    def _left_over(self) -> Iterator[str]:
        yield from self._counts(_LEFT)
        (row,) = self._rows("eligibility", "SELECT count(*) FROM pending_assessments")
        if row["count"]:
            yield f"eligibility: {row['count']} enterprises wait for their assessment"

    def _counts(self, queries: Mapping[str, str]) -> Iterator[str]:
        for service in SERVICES:
            for what, query in queries.items():
                (row,) = self._rows(service, query)
                if row["count"]:
                    yield f"{service}: {row['count']} {what}"


def _differing(what: str, wanted: Iterable[Any], found: Iterable[Any], *, more: bool = False) -> Iterator[str]:
    """What is missing and, unless there may be more than wanted, what nobody asked for."""
    wanted, found = set(wanted), set(found)
    if missing := wanted - found:
        yield f"{what}: missing {_some(missing)}"
    if not more and (strange := found - wanted):
        yield f"{what}: too many {_some(strange)}"


def _twice(what: str, found: Iterable[Any]) -> Iterator[str]:
    if repeated := {each for each, count in Counter(found).items() if count > 1}:
        yield f"{what}: more than once {_some(repeated)}"


def _some(things: Iterable[Any]) -> str:
    names = sorted(map(str, things))
    return f"{len(names)} ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})"


_EMITTED = """SELECT event_id, type, subject,
    CASE WHEN type NOT LIKE 'registry.enterprise-%' AND type NOT LIKE 'registry.facts-%' THEN payload END AS payload
    FROM outbox"""
"""The large ones without what they say: nobody looks into those."""
_NATIONAL = """SELECT DISTINCT title FROM policy_packs
    WHERE state = 'active' AND body ~ '(?n)^kinds:' AND body !~ '(?n)^area:'"""
_CURRENT = "SELECT uscc, title FROM assessments WHERE current"
_ENTERED = "SELECT title_id FROM whitelist_changes WHERE type = 'entered'"
_LEFT: Mapping[str, str] = {
    "events wait in the outbox": "SELECT count(*) FROM outbox WHERE sent_at IS NULL",
    "jobs wait": "SELECT count(*) FROM jobs WHERE state = 'queued'",
    "lines of the audit trail have no seal": "SELECT count(*) FROM audit_log WHERE seal_seq IS NULL",
}
_GIVEN_UP: Mapping[str, str] = {
    "messages were put aside": "SELECT count(*) FROM dead_letters",
    "jobs have failed": "SELECT count(*) FROM jobs WHERE state NOT IN ('queued', 'done')",
}
