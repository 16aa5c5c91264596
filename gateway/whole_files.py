"""Files that are written whole or not at all; those that hold secrets are readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by a file of mode 0600 with this content."""
    _written(path, content, 0o600).replace(path)


def write_public(path: Path, content: bytes) -> None:
    """The same for a file that every account may read (0644)."""
    _written(path, content, 0o644).replace(path)


def create_private(path: Path, content: bytes) -> None:
    """Create `path` with this content unless it exists; of two that try at once the first one's stays."""
    partial = _written(path, content, 0o600)
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def _written(path: Path, content: bytes, mode: int) -> Path:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return partial
