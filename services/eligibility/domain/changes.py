"""What can change about an enterprise, and for which titles its outcome may then be another one."""

from __future__ import annotations

from collections.abc import Collection

from rulebook.dependencies import dependencies
from services.eligibility.domain.catalog import Editions

INDUSTRY = "industry_code"
"""The industry of the registration: the size class is read off it. The fact has the same name, and the same effect."""

DISTRICT = "district_code"

ANYTHING = "anything"
"""Said beside what is known to have changed, where a batch run had asked for everything."""


def of_title(title: str) -> str:
    """A title was recorded, changed or cancelled."""
    return f"title:{title}"


def of_calendar(title: str) -> str:
    """A day came on which the outcome for the title may change by itself."""
    return f"due:{title}"


def of_batch(title: str) -> str:
    """A batch run found that the outcome for the title is, or may be, another one."""
    return f"batch:{title}"


def trigger_of(changed: Collection[str] | None) -> str:
    """Why somebody is assessed: calendar | batch where nothing else was said of them, event otherwise."""
    said = {each.partition(":")[0] for each in changed or ()}
    if said == {"due"}:
        return "calendar"
    return "batch" if said and said <= {"batch", "due"} else "event"


def titles_concerned(editions: Editions, changed: Collection[str] | None) -> frozenset[str]:
    """The titles to assess again; all of them when it is not known what changed, or the enterprise has moved."""
    if changed is None or DISTRICT in changed or ANYTHING in changed:
        return frozenset(editions.titles())
    said = set(changed)
    found = {title for title in editions.titles() if said & {of_calendar(title), of_batch(title)}}
    for pack in editions.packs:
        needs = dependencies(pack)
        if said & needs.facts or any(of_title(title) in said for title in needs.titles):
            found.add(pack.title)
    return frozenset(found)
