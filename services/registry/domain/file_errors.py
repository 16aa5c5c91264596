"""Every refusal around the file of one enterprise: its past, change requests, people, relations, risk flags."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class MomentAhead(Invalid):
    """The state is asked for as of a moment that has not come."""

    code = "moment-ahead"


class MomentInvalid(Invalid):
    """The moment is neither a day nor an instant."""

    code = "moment-invalid"


class NotRegisteredThen(NotFound):
    """At that moment the enterprise was not in the register yet."""

    code = "not-registered-then"


class FormerNameInvalid(Invalid):
    """A former name is the present one, or its days are not possible."""

    code = "former-name-invalid"


class FormerNameKnown(Conflict):
    """The file tells this former name already, with the same days."""

    code = "former-name-known"


class ChangeRequestInvalid(Invalid):
    """A change request lacks something, changes nothing, or asks for what the asker may not ask for."""

    code = "change-request-invalid"


class ChangeRequestNotFound(NotFound):
    """No such change request, or it lies outside the caller's areas."""

    code = "change-request-not-found"


class ChangeRequestOpen(Conflict):
    """Another request on the same field waits for its decision; `request_id` names it."""

    code = "change-request-open"


class ChangeRequestDecided(Conflict):
    """The request was approved, rejected or withdrawn before."""

    code = "change-request-decided"


class ChangeRequestConflict(Conflict):
    """What is on file changed since it was asked for, and the decision does not say that it knows."""

    code = "change-request-conflict"


class ChangeRequestRequired(Conflict):
    """The field is changed by a request that somebody else approves, not directly."""

    code = "change-request-required"


class SecondPersonNeeded(Forbidden):
    """Who asked for the change may not decide it."""

    code = "second-person-needed"


class OtherSideDecides(Forbidden):
    """What is still missing is the agreement of a side that the caller does not answer for."""

    code = "other-side-decides"


class NotTheAsker(Forbidden):
    """Only who asked for a change may take the request back."""

    code = "not-the-asker"


class ContactInvalid(Invalid):
    """A contact has neither a phone nor an e-mail address."""

    code = "contact-invalid"


class ContactNotFound(NotFound):
    """This enterprise has no such contact, or it has ended."""

    code = "contact-not-found"


class RelationInvalid(Invalid):
    """A relation of control or holding is not possible."""

    code = "relation-invalid"


class RelationNotFound(NotFound):
    """This enterprise has no such relation, or it has ended."""

    code = "relation-not-found"


class RiskRecordInvalid(Invalid):
    """The days of a risk flag are not possible."""

    code = "risk-record-invalid"


class RiskRecordOpen(Conflict):
    """The flag is on record with its source already; it can be lifted."""

    code = "risk-record-open"


class RiskRecordNotFound(NotFound):
    """This enterprise has no such open record of a risk flag."""

    code = "risk-record-not-found"
