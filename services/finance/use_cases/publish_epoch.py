"""Publishes a packed snapshot as the next epoch."""

from __future__ import annotations

import time

from chassis.db import Transaction
from chassis.signing import Signer, canonical_bytes, digest
from services.finance.domain.manifest import (
    SIGNATURE,
    FileFigures,
    epoch_manifest,
    signed_bytes,
)
from services.finance.store.files import SNAPSHOT, Files
from services.finance.store.packing import Packed
from services.finance.store.signing import publish_key
from services.finance.store.tables import EpochRow
from services.finance.use_cases.build_snapshot import Snapshot


def publish_epoch(tx: Transaction, snapshot: Snapshot, signer: Signer) -> int:
    """Store, sign and publish a snapshot; its epoch.

    The number follows the epoch that the snapshot was built after: when somebody else has published meanwhile,
    the number is taken, this transaction fails, and the next turn builds anew.
    """
    started = time.perf_counter()
    epoch = snapshot.previous.number + 1 if snapshot.previous else 1
    manifest = epoch_manifest(
        epoch=epoch,
        seq=snapshot.seq,
        count=snapshot.count,
        built_at=snapshot.built_at,
        files=figures(snapshot.forms),
        previous=snapshot.previous,
        key_id=signer.kid,
    )
    publish_key(tx, signer)
    content = canonical_bytes(manifest | {SIGNATURE: signer.sign(signed_bytes(manifest))})
    Files(tx).store(SNAPSHOT, epoch, snapshot.forms)
    tx.session.add(
        EpochRow(
            epoch=epoch,
            seq=snapshot.seq,
            count=snapshot.count,
            built_at=snapshot.built_at,
            build_seconds=snapshot.build_seconds + time.perf_counter() - started,
            manifest=content.decode(),
            sha256=digest(content),
        )
    )
    details = {"seq": snapshot.seq, "count": snapshot.count, "sha256": manifest["sha256"]}
    tx.audit("whitelist.published", f"epoch-{epoch}", details)
    return epoch


def figures(forms: list[Packed]) -> list[FileFigures]:
    """The forms as a manifest lists them."""
    return [FileFigures(form.format, form.bom, form.encoding, form.size, form.sha256) for form in forms]
