"""Every refusal eligibility can give."""

from __future__ import annotations

from chassis.errors import Invalid, NotFound


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


class StatedFactsInvalid(Invalid):
    """A fact in the body is not in the dictionary or has a value of the wrong shape."""

    code = "stated-facts-invalid"


class BatchRunNotFound(NotFound):
    """There is no such batch run."""

    code = "batch-run-not-found"
