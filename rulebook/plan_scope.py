"""Which edits of a draft a rule takes notice of: what was found for it holds as long as these are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rulebook.plan_draft import SIZE_FACTS, Edit, Signature, signature
from rulebook.plan_walk import facts_in, reads_size, reads_titles

_LEDGER = ("title", "row", "ledger")


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids of the facts a rule reads, with those lifted with them; whether it reads the titles, and the size."""

    facts: frozenset[str]
    titles: bool
    size: bool

    def of(self, edits: Iterable[Edit]) -> Signature:
        return signature(edit for edit in edits if self._notices(edit))

    def _notices(self, edit: Edit) -> bool:
        what, name, _ = edit.slot
        if what in _LEDGER:
            return self.titles
        if what == "size":
            return self.size
        return name.partition(".")[0] in self.facts


def scope_of(rule: object, wholes: Mapping[str, tuple[str, ...]]) -> Scope:
    """The scope of a test or an indicator; facts that are part of one another are one."""
    size = reads_size(rule)
    read = {fact.id for fact in facts_in(rule)} | (SIZE_FACTS if size else frozenset())
    grown = True
    while grown:
        joined = {each for part, above in wholes.items() if read & {part, *above} for each in (part, *above)}
        grown = not joined <= read
        read |= joined
    return Scope(frozenset(read), reads_titles(rule), size)
