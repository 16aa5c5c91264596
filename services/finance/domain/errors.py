"""Every refusal finance can give."""

from __future__ import annotations

from chassis.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unavailable


class WhitelistNotPublished(Unavailable):
    """The first epoch of the whitelist has not been published yet."""

    code = "whitelist-not-published"


class EpochNotFound(NotFound):
    """There is no such epoch (yet)."""

    code = "whitelist-epoch-not-found"


class EpochContentPruned(Gone):
    """The epoch's manifest is kept, its content is not."""

    code = "whitelist-epoch-content-pruned"


class SegmentNotFound(NotFound):
    """There is no such closed segment (yet)."""

    code = "whitelist-segment-not-found"


class PositionAhead(Conflict):
    """The position lies beyond the end of the feed: it was never given out by it."""

    code = "whitelist-position-ahead"


class PositionForgotten(Gone):
    """The changes after the position are no longer kept."""

    code = "whitelist-position-forgotten"


class ContentLost(NotFound):
    """Bytes that a file consists of were pruned while they were being read."""

    code = "whitelist-content-lost"


class ConsentNotFound(NotFound):
    """There is no such consent, or the caller may not see it."""

    code = "consent-not-found"


class ConsentEnterpriseUnknown(NotFound):
    """Finance has not heard of the enterprise (yet)."""

    code = "consent-enterprise-unknown"


class ConsentForAnother(Forbidden):
    """An enterprise's client acts for its own enterprise only."""

    code = "consent-for-another-enterprise"


class ConsentTermsInvalid(Invalid):
    """The terms of a consent are incomplete or contradict themselves."""

    code = "consent-terms-invalid"


class ConsentAlreadyGiven(Conflict):
    """The same consent is in force already."""

    code = "consent-already-given"


class ConsentExpired(Conflict):
    """The consent has expired, there is nothing left to withdraw."""

    code = "consent-expired"
