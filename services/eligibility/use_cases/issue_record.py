"""Issue the signed record (测算留痕单) of a stored assessment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chassis.db import Transaction
from chassis.signing import SignerPort
from rulebook.assessment import Assessment
from services.eligibility.domain.catalog import StoredPack
from services.eligibility.domain.record import SIGNATURES, Head, Sources, record_of, signed_bytes
from services.eligibility.store.repositories import RecordKeys
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow


def issue_record(
    tx: Transaction,
    row: AssessmentRow,
    enterprise: EnterpriseRow,
    pack: StoredPack,
    found: Assessment,
    sources: Sources,
    signers: Sequence[SignerPort],
) -> dict[str, Any]:
    """The record with a signature of each signer, whose public keys are kept before it leaves."""
    head = Head(
        assessment_id=str(row.id),
        uscc=row.uscc,
        enterprise=enterprise.name,
        synthetic=enterprise.synthetic,
        assessed_at=row.assessed_at,
        outcome_hash=row.outcome_hash,
    )
    keys = [signer.public for signer in signers]
    for key in keys:
        RecordKeys(tx).add(key)
    record = record_of(head, found, row.inputs, pack.file, pack.body, sources, keys)
    content = signed_bytes(record)
    record[SIGNATURES] = [
        {"algorithm": signer.algorithm, "key_id": signer.kid, "value": signer.sign(content)} for signer in signers
    ]
    return record
