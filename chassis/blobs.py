"""Bytes by their sha256, kept in the service's own database: they commit and are backed up with what names them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction, driver_of
from chassis.errors import NotFound
from chassis.plumbing import BlobRow


class BlobNotFound(NotFound):
    """No such content is kept."""

    code = "blob-not-found"


def store(tx: Transaction, content: bytes, media_type: str) -> str:
    """Keep `content`; its sha256 in hexadecimal. The same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    row = {
        "sha256": digest,
        "media_type": media_type,
        "size": len(content),
        "content": content,
        "created_at": clock.now(),
    }
    tx.session.execute(insert(BlobRow).values(row).on_conflict_do_nothing())
    return digest


def forget(tx: Transaction, sha256s: Collection[str]) -> None:
    """Throw away content that nothing names any more; whoever kept it knows that."""
    tx.session.execute(delete(BlobRow).where(BlobRow.sha256.in_(sha256s)))


def load(tx: Transaction, sha256: str) -> bytes:
    """The content whose sha256 is given."""
    # In the driver's binary form: as text, the content would be in memory three times its size while it is read.
    with driver_of(tx.session.connection()).cursor(binary=True) as cursor:
        row = cursor.execute("SELECT content FROM blobs WHERE sha256 = %s", (sha256,)).fetchone()
    if row is None:
        raise BlobNotFound("文件内容不存在或已被清理")
    return bytes(row[0])
