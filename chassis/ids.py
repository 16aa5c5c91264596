"""Identifiers: time-ordered UUIDs (RFC 9562 version 7), so that inserts stay local in the index."""

from __future__ import annotations

import random
import secrets
import time
import uuid


def new_id() -> uuid.UUID:
    """A new version 7 UUID: 48 bits of milliseconds, 74 random bits."""
    value = (milliseconds() & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


NEW_ID = """CAST(encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
  substring(int8send(CAST(:milliseconds AS bigint)) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex') AS uuid)"""
"""The same in SQL, for a statement that makes many rows: a random UUID of version 4 turned into one of version 7."""


def milliseconds() -> int:
    """Of the present moment, as identifiers begin with them."""
    return time.time_ns() // 1_000_000


def new_trace_id() -> str:
    """32 hexadecimal digits, as W3C Trace Context wants them."""
    return secrets.token_hex(16)


def new_span_id() -> str:
    """16 hexadecimal digits. One for each event that is handled: they tell spans apart and guard nothing."""
    return f"{random.getrandbits(64):016x}"
