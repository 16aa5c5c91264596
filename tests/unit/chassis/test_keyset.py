"""Cursors carry what they were given and refuse what no list of ours gave out."""

import base64
import json
import uuid

import pytest

from chassis import keyset

ID = uuid.UUID("01a204f2-ed5e-7d20-832c-2738b15fcf17")


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def test_values_come_back_as_they_were() -> None:
    assert keyset.decode(keyset.encode(("甲", 7, ID)), (str, int, uuid.UUID)) == ("甲", 7, ID)
    assert keyset.decode(None, (uuid.UUID,)) is None


@pytest.mark.parametrize(
    "bad",
    [cursor("no uuid"), cursor(7), cursor(None), cursor(["x"]), cursor("a\0"), cursor(), cursor(str(ID), 1), "!", ""],
)
def test_what_is_no_uuid_is_refused(bad: str) -> None:
    with pytest.raises(keyset.CursorInvalid):
        keyset.decode(bad, (uuid.UUID,))


@pytest.mark.parametrize("bad", [cursor("a\0", 1), cursor("\ud800", 1), cursor("a", 2**63), cursor("a", True)])
def test_what_no_database_compares_is_refused(bad: str) -> None:
    with pytest.raises(keyset.CursorInvalid):
        keyset.decode(bad, (str, int))
