"""What differs between two assessments of one pack: before and after a change of facts."""

from __future__ import annotations

from dataclasses import dataclass

from rulebook.assessment import Assessment, ConditionResult


@dataclass(frozen=True, slots=True)
class Difference:
    """One line that reads differently."""

    before: ConditionResult
    after: ConditionResult

    @property
    def decided(self) -> bool:
        """Whether the line's status changed, and not only its value or points."""
        return self.before.status is not self.after.status


def differences(before: Assessment, after: Assessment) -> tuple[Difference, ...]:
    """The lines whose status, value or points changed, in the order of the pack."""
    later = {each.id: each for each in after.conditions}
    return tuple(
        Difference(each, later[each.id])
        for each in before.conditions
        if (each.status, each.value, each.points)
        != (later[each.id].status, later[each.id].value, later[each.id].points)
    )
