"""Packs content once: hashes it, compresses it with gzip and zstd, and keeps the results on disk until stored."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Protocol, Self

import zstandard

from services.finance.domain.rows import BOM

IDENTITY, GZIP, ZSTD = "identity", "gzip", "zstd"
GZIP_LEVEL = 6
ZSTD_LEVEL = 3
_IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """One form of some content. `file` holds its bytes; null for a form that is derived when it is asked for."""

    format: str
    bom: bool
    encoding: str
    sha256: str
    size: int
    file: IO[bytes] | None


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Form:
    """Receives content, measures and maybe compresses it."""

    def __init__(self, encoding: str, compressor: _Compressor | None, file: IO[bytes] | None, head: bytes) -> None:
        self.encoding = encoding
        self._compressor = compressor
        self._file = file
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._take(head)

    def write(self, data: bytes) -> None:
        self._take(data if self._compressor is None else self._compressor.compress(data))

    def close(self, format: str, *, bom: bool) -> Packed:  # noqa: A002 - the word of the API
        if self._compressor is not None:
            self._take(self._compressor.flush())
        return Packed(format, bom, self.encoding, self._digest.hexdigest(), self._bytes, self._file)

    def _take(self, data: bytes) -> None:
        if data:
            self._digest.update(data)
            self._bytes += len(data)
            if self._file is not None:
                self._file.write(data)


class Packing:
    """Content in one format (ndjson or csv), in every form it is served in; the same content packs alike."""

    def __init__(self, format: str) -> None:  # noqa: A002 - the word of the API
        self.format = format
        self._held = ExitStack()
        self._plain = _Form(IDENTITY, None, None, b"")
        # wbits 31 writes a gzip header without time or name, so that nothing but the content decides the bytes
        self._gzip = _Form(GZIP, zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31), self._spool(), b"")
        self._zstd = _Form(ZSTD, zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj(), self._spool(), b"")
        self._marked = _Form(IDENTITY, None, None, BOM) if format == "csv" else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def write(self, data: bytes) -> None:
        for form in (self._plain, self._gzip, self._zstd, self._marked):
            if form is not None:
                form.write(data)

    def close(self) -> list[Packed]:
        """Every form, identity first; the files live until the packing is left."""
        packed = [form.close(self.format, bom=False) for form in (self._plain, self._gzip, self._zstd)]
        if self._marked is not None:
            packed.append(self._marked.close(self.format, bom=True))
        return packed

    def _spool(self) -> IO[bytes]:
        return self._held.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
