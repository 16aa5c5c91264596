"""Keep the open requests for findings in step with what the assessments wait for."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from contracts.events.eligibility import FindingRequested
from rulebook.dictionary import Dictionary
from rulebook.pack import TITLES
from services.eligibility.domain.findings import Need, is_answered
from services.eligibility.store.repositories import FindingsRequests
from services.eligibility.store.tables import EnterpriseRow, FindingsRequestRow

Facts = Mapping[str, Mapping[str, Any]]


def settle_findings(
    tx: Transaction,
    known: Mapping[str, tuple[EnterpriseRow, Facts]],
    assessed: Mapping[str, Collection[str]],
    needs: Mapping[str, Sequence[Need]],
    dictionary: Dictionary,
    day: dt.date,
) -> None:
    """Open, reopen, update and close: one request per enterprise and finding, whichever titles wait for it.

    `assessed` names the titles looked at this time: what others wait for stays as it was.

    Emits FindingRequested when the finding has become the last thing missing, once per opening: a request that only
    stands among other gaps waits in the list and tells nobody.
    """
    requests = FindingsRequests(tx)
    existing = requests.list_by_codes(list(known))
    wanted: dict[tuple[str, str], list[Need]] = defaultdict(list)
    for uscc, found in needs.items():
        for need in found:
            wanted[(uscc, need.finding)].append(need)
    for (uscc, finding), asking in sorted(wanted.items()):
        row = existing.get((uscc, finding))
        if row is None:
            row = _opened(uscc, finding)
            requests.add(row)
        elif row.state == "closed":
            row.state, row.closed_at, row.closed_because = "open", None, None
            row.opened_at, row.announced_at, row.openings = clock.now(), None, row.openings + 1
            row.lines = []
        _wait(row, _others(row, assessed) + [need.line | {"decisive": need.decisive} for need in asking])
        if any(need.decisive for need in asking) and row.announced_at is None:
            row.announced_at = clock.now()
            tx.emit(_announcement(row, asking, known[uscc][0], dictionary, day))
    for (uscc, finding), row in existing.items():
        if row.state != "open" or (uscc, finding) in wanted:
            continue
        if others := _others(row, assessed):
            _wait(row, others)
        else:  # its last lines stay: they say what it had been asked for
            row.state, row.closed_at = "closed", clock.now()
            row.closed_because = "answered" if is_answered(known[uscc][1], finding, day) else "not_needed"


def _others(row: FindingsRequestRow, assessed: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """What titles that were not assessed this time still wait for, while the request is open."""
    return [line for line in row.lines if line["title"] not in assessed[row.uscc]]


def _wait(row: FindingsRequestRow, lines: list[dict[str, Any]]) -> None:
    row.lines = sorted(lines, key=lambda line: str(line["title"]))
    row.titles = sorted({line["title"] for line in lines})
    row.decisive = any(line["decisive"] for line in lines)


def _opened(uscc: str, finding: str) -> FindingsRequestRow:
    return FindingsRequestRow(
        id=ids.new_id(),
        uscc=uscc,
        finding=finding,
        state="open",
        closed_because=None,
        decisive=False,
        titles=[],
        lines=[],
        openings=1,
        opened_at=clock.now(),
        announced_at=None,
        closed_at=None,
    )


def _announcement(
    row: FindingsRequestRow, asking: Sequence[Need], enterprise: EnterpriseRow, dictionary: Dictionary, day: dt.date
) -> FindingRequested:
    deciding = [need for need in asking if need.decisive]
    rule = deciding[0].line["conditions"][0]
    fact = dictionary[row.finding]
    titles = sorted({need.title for need in deciding})
    return FindingRequested(
        uscc=row.uscc,
        request_id=str(row.id),
        finding=row.finding,
        finding_label=fact.label,
        titles=tuple(titles),
        title_labels=tuple(TITLES.get(title, title) for title in titles),
        document=f"{rule['document']} {rule['clause']}",
        quotation=rule["quote"],
        evidence=fact.evidence,
        district_code=enterprise.district_code,
        opening=row.openings,
        requested_on=day,
    )
