"""Every refusal eligibility can give."""

from __future__ import annotations

from chassis.errors import Conflict, Invalid, NotFound


class EnterpriseNotKnown(NotFound):
    """Eligibility has not heard of the enterprise (yet)."""

    code = "enterprise-not-known"


class AssessmentNotFound(NotFound):
    """There is no such assessment, or it lies outside the caller's areas."""

    code = "assessment-not-found"


class PackNotFound(NotFound):
    """There is no such policy pack."""

    code = "pack-not-found"


class NoPackInForce(Invalid):
    """No edition of the title's rules serves the kind on the application date."""

    code = "no-pack-in-force"


class FindingsRequestNotFound(NotFound):
    """There is no such request for a finding, or it lies outside the caller's areas."""

    code = "findings-request-not-found"


class FilterInvalid(Invalid):
    """A filter's value is not one of those that exist."""

    code = "filter-invalid"


class StatedFactsInvalid(Invalid):
    """A fact in the body is not in the dictionary or has a value of the wrong shape."""

    code = "stated-facts-invalid"


class BatchRunNotFound(NotFound):
    """There is no such batch run."""

    code = "batch-run-not-found"


class PackRefused(Invalid):
    """The rules or their cases cannot be used; `problems` say line, finding, expectation and remedy."""

    code = "pack-refused"


class PackKnownAlready(Conflict):
    """A version with the same content is stored."""

    code = "pack-known-already"


class PackStateWrong(Conflict):
    """The pack is not where this may be done."""

    code = "pack-state-wrong"


class PackContradicts(Conflict):
    """Beside the packs in use it leads to a contradiction or a circle."""

    code = "pack-contradicts"


class PackInUse(Conflict):
    """The version is in use, or answers rest on it."""

    code = "pack-in-use"


class ActivationDayPast(Invalid):
    """The day of activation has passed."""

    code = "activation-day-past"


class CasesDropped(Conflict):
    """The version in use is held by cases that its successor does not bring."""

    code = "cases-dropped"


class ActivationTooEarly(Invalid):
    """The version in use would end before the one that takes its place applies to anything."""

    code = "activation-too-early"


class SimulationRequired(Conflict):
    """There is no finished simulation of this version over all enterprises against what is in use."""

    code = "simulation-required"


class SimulationNotFound(NotFound):
    """There is no such simulation, or it lies outside the caller's areas."""

    code = "simulation-not-found"


class SimulationNotFinished(Conflict):
    """The simulation has no result yet, or none for ever."""

    code = "simulation-not-finished"


class StoredFactUnreadable(Conflict):
    """A stored value is not in the form that the dictionary asks for, so nothing can be judged by it."""

    code = "stored-fact-unreadable"


class IndustryUnknown(Invalid):
    """The industry is none of GB/T 4754-2017."""

    code = "industry-unknown"


class SimulationPointless(Invalid):
    """The rules to simulate serve nobody on that date, or say what those in use say."""

    code = "simulation-pointless"
