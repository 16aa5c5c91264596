"""Every refusal notification can give."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class CommissionerNotFound(NotFound):
    """No such commissioner, or none that the caller may see."""

    code = "commissioner-not-found"


class CommissionerExists(Conflict):
    """The code is another commissioner's."""

    code = "commissioner-exists"


class CommissionerInactive(Conflict):
    """The commissioner does not serve at present."""

    code = "commissioner-inactive"


class CommissionerNotServing(Conflict):
    """The commissioner does not serve the enterprise's district."""

    code = "commissioner-not-serving"


class AreaInvalid(Invalid):
    """An area is not a GB/T 2260 prefix."""

    code = "area-invalid"


class EnterpriseUnknown(NotFound):
    """The registry has not told of this enterprise yet."""

    code = "enterprise-unknown"


class AlreadyAssigned(Conflict):
    """The enterprise has this commissioner already."""

    code = "already-assigned"


class NoInbox(Forbidden):
    """The caller's identity names no commissioner, so there is no inbox."""

    code = "no-inbox"


class MessageNotFound(NotFound):
    """No such message in the caller's inbox."""

    code = "message-not-found"


class AssignmentsBusy(Unavailable):
    """Assignments are being decided by somebody else for longer than a request may wait."""

    code = "assignments-busy"


class EnterpriseEnded(Conflict):
    """The enterprise was merged or divided: nobody is to look after it."""

    code = "enterprise-ended"
