"""Published content: immutable chunks addressed by the sha256 of the whole, and which forms a publication has."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import zstandard
from sqlalchemy import delete, exists, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.db import Database, Transaction
from services.finance.domain.errors import ContentLost
from services.finance.domain.rows import BOM
from services.finance.store.packing import IDENTITY, ZSTD, Packed
from services.finance.store.tables import ChunkRow, FileRow

SNAPSHOT, SEGMENT = "snapshot", "segment"
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """One form of published content; `size` and `sha256` are those of the bytes that travel."""

    format: str
    bom: bool
    encoding: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Offer:
    """The forms of a publication in one format; `packed` is the zstd form, from which plain bytes are unpacked."""

    forms: tuple[Form, ...]
    packed: Form


class Files:
    """The forms of snapshots and segments and their bytes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def store(self, kind: str, number: int, forms: Iterable[Packed]) -> None:
        """Keep every form of a publication; content that is there already is kept once."""
        self._alone()
        rows = []
        for form in forms:
            rows.append(
                {
                    "kind": kind,
                    "number": number,
                    "format": form.format,
                    "bom": form.bom,
                    "encoding": form.encoding,
                    "sha256": form.sha256,
                    "size": form.size,
                }
            )
            if form.file is not None and not self._kept(form.sha256):
                form.file.seek(0)
                chunks = iter(lambda file=form.file: file.read(CHUNK_BYTES), b"")  # type: ignore[misc]
                for place, content in enumerate(chunks):
                    values = {"sha256": form.sha256, "number": place, "content": content}
                    self._session.execute(upsert(ChunkRow).values(values).on_conflict_do_nothing())
        self._session.execute(insert(FileRow), rows)

    def find(self, kind: str, number: int, format: str, *, bom: bool) -> Offer | None:  # noqa: A002
        """What can be served of a publication; null when its content was pruned."""
        query = select(FileRow.format, FileRow.bom, FileRow.encoding, FileRow.sha256, FileRow.size).where(
            FileRow.kind == kind, FileRow.number == number, FileRow.format == format
        )
        found = [Form(*row) for row in self._session.execute(query)]
        packed = [form for form in found if form.encoding == ZSTD]
        return Offer(tuple(form for form in found if form.bom == bom), packed[0]) if packed else None

    def prune(self, kind: str, numbers: Sequence[int]) -> int:
        """Drop the content of publications, except bytes that another one shares; how many chunks went."""
        self._alone()
        dropped = delete(FileRow).where(FileRow.kind == kind, FileRow.number.in_(numbers)).returning(FileRow.sha256)
        digests = set(self._session.scalars(dropped))
        orphaned = delete(ChunkRow).where(
            ChunkRow.sha256.in_(digests), ~exists().where(FileRow.sha256 == ChunkRow.sha256)
        )
        pruned: int = self._session.execute(orphaned).rowcount  # type: ignore[attr-defined]
        return pruned

    def _kept(self, sha256: str) -> bool:
        return bool(self._session.scalar(select(exists().where(ChunkRow.sha256 == sha256))))

    def _alone(self) -> None:
        """Storing relies on chunks that pruning might just be deleting."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('whitelist-content', 7))"))


class Contents:
    """Reads published bytes; chunks are immutable, so those in demand stay in memory up to a limit."""

    def __init__(self, db: Database, limit_bytes: int) -> None:
        self._db = db
        self._limit = limit_bytes
        self._gate = threading.Lock()
        self._chunks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0

    def read(self, form: Form, offer: Offer, start: int, length: int) -> Iterator[bytes]:
        """`length` bytes of a form from `start` on. The identity form is unpacked from its zstd sibling."""
        if form.encoding == IDENTITY:
            source, skip = self._unpacked(offer.packed, bom=form.bom), start
        else:
            source, skip = self._stored(form, start // CHUNK_BYTES), start % CHUNK_BYTES
        left = length
        for piece in source:
            if skip >= len(piece):
                skip -= len(piece)
                continue
            taken = piece[skip : skip + left]
            skip, left = 0, left - len(taken)
            yield taken
            if not left:
                return

    def _stored(self, form: Form, first: int) -> Iterator[bytes]:
        for number in range(first, -(-form.size // CHUNK_BYTES)):
            yield self._chunk(form.sha256, number)

    def _unpacked(self, packed: Form, *, bom: bool) -> Iterator[bytes]:
        if bom:
            yield BOM
        unpacking = zstandard.ZstdDecompressor().decompressobj()
        for chunk in self._stored(packed, 0):
            yield unpacking.decompress(chunk)

    def _chunk(self, sha256: str, number: int) -> bytes:
        key = (sha256, number)
        with self._gate:
            if key in self._chunks:
                self._chunks.move_to_end(key)
                return self._chunks[key]
        with self._db.reading() as tx:
            query = select(ChunkRow.content).where(tuple_(ChunkRow.sha256, ChunkRow.number) == key)
            content = tx.session.scalar(query)
        if content is None:
            raise ContentLost("文件内容已被清理，请重新获取当前名单")
        with self._gate:
            if key not in self._chunks:
                self._chunks[key] = content
                self._size += len(content)
            while self._size > self._limit and len(self._chunks) > 1:
                _, dropped = self._chunks.popitem(last=False)
                self._size -= len(dropped)
        return content
