"""Every refusal about programmes."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class ProgrammeNotFound(NotFound):
    """No such programme is in use, or it is not visible to the caller."""

    code = "programme-not-found"


class ProgrammeVersionNotFound(NotFound):
    """The programme has no such version."""

    code = "programme-version-not-found"


class TargetNotFound(NotFound):
    """The programme in use has no such target."""

    code = "programme-target-not-found"


class TaskNotFound(NotFound):
    """The programme in use has no such task, or no such period of it."""

    code = "programme-task-not-found"


class ProgrammeRefused(Invalid):
    """The text of a programme has mistakes; each is told with its line and remedy."""

    code = "programme-refused"


class ProgrammeKnownAlready(Conflict):
    """A version with the same content is kept already."""

    code = "programme-known-already"


class ProgrammeStateWrong(Conflict):
    """The version is not where this may be done."""

    code = "programme-state-wrong"


class ProgrammeOutsideJurisdiction(Forbidden):
    """The programme's areas are not all within the caller's."""

    code = "programme-outside-jurisdiction"


class NotDrillable(Conflict):
    """The number of this target is not a count of enterprises on the register."""

    code = "target-not-drillable"


class FigureRefused(Invalid):
    """The figure does not fit its target or contradicts itself."""

    code = "figure-refused"


class FigureNotTaken(Conflict):
    """This target is counted from a register; no figure is entered for it."""

    code = "figure-not-taken"


class FigureAlreadyRecorded(Conflict):
    """There is a figure for this period; it is corrected, not entered again."""

    code = "figure-already-recorded"


class FigureNotFound(NotFound):
    """No such figure of this target."""

    code = "figure-not-found"


class FigureAlreadyCorrected(Conflict):
    """The figure has been corrected; the correction is what can be corrected now."""

    code = "figure-already-corrected"


class MembersNotListed(Conflict):
    """The enterprises of this programme are those of its districts: there is no list to keep."""

    code = "programme-members-not-listed"


class AssignmentRefused(Invalid):
    """The assignment's year, area or unit does not fit the programme."""

    code = "assignment-refused"


class AssignmentNotFound(NotFound):
    """No such standing assignment."""

    code = "assignment-not-found"


class TaskStateWrong(Conflict):
    """The task or report is not where this may be done."""

    code = "programme-task-state-wrong"


class TaskUnitRefused(Forbidden):
    """The plan does not name this unit for the task, or the caller is not that unit."""

    code = "programme-task-unit-refused"


class TaskReportNotFound(NotFound):
    """No such report of this task."""

    code = "programme-task-report-not-found"


class NotOrdered(Conflict):
    """The plan does not order this kind of supervision, so it is not done."""

    code = "not-ordered-by-the-plan"


class ScorecardRefused(Invalid):
    """The weights do not fit the programme or do not add up to 100."""

    code = "scorecard-refused"


class ScorecardMissing(Conflict):
    """The programme has no weights yet."""

    code = "scorecard-missing"


class BulletinNotFound(NotFound):
    """No such bulletin."""

    code = "bulletin-not-found"


class BulletinStateWrong(Conflict):
    """The bulletin is not where this may be done."""

    code = "bulletin-state-wrong"


class TaskReportRefused(Invalid):
    """The report or the decision lacks what it needs."""

    code = "programme-task-report-refused"


class ReportYearRefused(Invalid):
    """There is no yearly report for this year."""

    code = "report-year-refused"
