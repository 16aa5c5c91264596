"""The feed's public keys, old ones too: what was signed can be verified for as long as it is kept."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from chassis.signing import Signer
from services.finance.store.tables import FeedKeyRow


def publish_key(tx: Transaction, signer: Signer) -> None:
    """Keep the public key of `signer` before anything it signed leaves."""
    row = {"kid": signer.kid, "jwk": signer.public, "first_used_at": clock.now()}
    tx.session.execute(insert(FeedKeyRow).values(row).on_conflict_do_nothing())
