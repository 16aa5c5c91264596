"""Records that an enterprise lets an institution see its details."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from contracts.events.finance import ConsentChanged
from services.finance.domain.consents import Terms, check_terms
from services.finance.store.repositories import Consents
from services.finance.store.tables import ConsentRow


def give_consent(tx: Transaction, terms: Terms, *, on_behalf: bool) -> ConsentRow:
    """Record a consent, given by the enterprise itself or entered by an official from a stamped 授权书.

    Emits ConsentChanged.
    """
    check_terms(terms, clock.today(), on_behalf=on_behalf)
    consent = Consents(tx).add(terms, on_behalf=on_behalf, given_by=tx.context.actor)
    tx.audit(
        "consent.given",
        terms.uscc,
        {
            "consent_id": str(consent.id),
            "institution": terms.institution,
            "purpose": terms.purpose,
            "expires_on": terms.expires_on.isoformat(),
            "document_reference": terms.document_reference,
            "on_behalf": on_behalf,
        },
    )
    tx.emit(consent_changed(consent))
    return consent


def consent_changed(consent: ConsentRow) -> ConsentChanged:
    """What is told of a consent whose state has just become another one."""
    return ConsentChanged(
        uscc=consent.uscc,
        consent_id=str(consent.id),
        institution=consent.institution,
        purpose=consent.purpose,
        state=consent.state,
        expires_on=consent.expires_on,
    )
