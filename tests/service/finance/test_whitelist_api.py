"""What a bank downloads: bytes, encodings, hashes, signatures, ranges, refusals."""

import base64
import gzip
import hashlib
import json

import pytest
import zstandard
from joserfc import jws
from joserfc.jwk import KeySet
from starlette.testclient import TestClient

from chassis.db import Database
from services.finance.domain.feed import Retention
from services.finance.store.tables import ChunkRow
from services.finance.use_cases.prune_content import prune_content
from services.finance.worker import Publisher
from tests.service.finance.conftest import problem
from tests.service.finance.world import (
    PREFIX,
    Bank,
    cancelled,
    card,
    deliver,
    get,
    number,
    publisher,
    raw,
    recorded,
    uscc,
)

SNAPSHOT = f"{PREFIX}/whitelist/snapshot"
MANIFEST = f"{PREFIX}/whitelist/manifest"
CHANGES = f"{PREFIX}/whitelist/changes"


def test_before_the_first_epoch_the_feed_says_to_come_back(client: TestClient, bank_headers: dict[str, str]) -> None:
    for path in (SNAPSHOT, MANIFEST):
        answer = get(client, bank_headers, path)
        assert problem(answer) == (503, "whitelist-not-published")
        assert answer.headers["Retry-After"]


def test_an_empty_list_is_published_too(db: Database, client: TestClient, bank_headers: dict[str, str]) -> None:
    publisher(db).publish()
    answer = get(client, bank_headers, SNAPSHOT)
    assert (answer.status_code, answer.content, answer.headers["Peiyu-Seq"]) == (200, b"", "0")
    assert get(client, bank_headers, f"{SNAPSHOT}?format=csv").text.startswith("uscc,name,title,")
    assert raw(client, bank_headers, SNAPSHOT, "gzip")[1][:2] == b"\x1f\x8b"
    assert client.get(CHANGES, headers=bank_headers).json() == {"items": [], "next_after": 0, "latest_seq": 0}


def test_nothing_pending_means_no_new_epoch(db: Database, press: Publisher, bank: Bank, client: TestClient) -> None:
    for _ in range(3):
        press.publish()
    assert get(client, bank._headers, MANIFEST).json()["epoch"] == 1


def test_rows_come_in_canonical_order(press: Publisher, client: TestClient, bank_headers: dict[str, str]) -> None:
    answer = get(client, bank_headers, SNAPSHOT)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Peiyu-Epoch"] == "1"
    assert answer.headers["Peiyu-Seq"] == "3"
    assert [json.loads(line)["uscc"] for line in answer.content.splitlines()] == [uscc(1), uscc(2), uscc(3)]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_every_encoding_is_what_the_manifest_says(
    press: Publisher, client: TestClient, bank_headers: dict[str, str], form: str
) -> None:
    manifest = get(client, bank_headers, MANIFEST).json()
    figures = {file["encoding"]: file for file in manifest["files"] if file["format"] == form and not file["bom"]}
    plain = get(client, bank_headers, f"{SNAPSHOT}?format={form}").content
    unpack = {
        "identity": lambda body: body,
        "gzip": gzip.decompress,
        "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    }
    for encoding, decode in unpack.items():
        answer, body = raw(client, bank_headers, figures[encoding]["path"], encoding)
        assert answer.headers.get("Content-Encoding", "identity") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert int(answer.headers["Content-Length"]) == len(body) == figures[encoding]["bytes"]
        digest = hashlib.sha256(body)
        assert answer.headers["ETag"] == f'"{digest.hexdigest()}"' == f'"{figures[encoding]["sha256"]}"'
        assert answer.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert decode(body) == plain
        assert answer.headers["Peiyu-Content-SHA256"] == hashlib.sha256(plain).hexdigest()
    if form == "ndjson":
        assert manifest["sha256"] == hashlib.sha256(plain).hexdigest()
        assert manifest["count"] == len(plain.splitlines()) == 3


def test_the_caller_chooses_the_encoding(press: Publisher, client: TestClient, bank_headers: dict[str, str]) -> None:
    for accepted, chosen in (
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("gzip;q=0", None),
        ("*", "zstd"),
        ("identity;q=1, gzip;q=0.5", None),
        ("br", None),
        ("gzip;q=nonsense", None),
    ):
        answer, _ = raw(client, bank_headers, SNAPSHOT, accepted)
        assert answer.headers.get("Content-Encoding") == chosen, accepted


def test_a_client_that_decodes_by_itself_gets_the_rows(
    press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    plain = get(client, bank_headers, SNAPSHOT).content
    assert get(client, bank_headers, SNAPSHOT, "gzip").content == plain


@pytest.mark.parametrize("path", [SNAPSHOT, f"{SNAPSHOT}?format=csv", f"{SNAPSHOT}?format=csv&bom=true", MANIFEST])
def test_what_the_caller_has_is_not_sent_again(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str], path: str
) -> None:
    etags = [get(client, bank_headers, path, encoding).headers["ETag"] for encoding in ("identity", "gzip", "zstd")]
    for etag in etags:
        again = get(client, bank_headers, path, "identity", **{"If-None-Match": f'"other", {etag}'})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    deliver(db, recorded(uscc(4), "t-4", 1))
    number(db)
    press.publish()
    for etag in etags:
        changed = get(client, bank_headers, path, **{"If-None-Match": etag})
        assert (changed.status_code, changed.headers["Peiyu-Epoch"]) == (200, "2")
        assert changed.headers["Cache-Control"] == "private, no-cache"


def test_head_says_the_same_without_a_body(press: Publisher, client: TestClient, bank_headers: dict[str, str]) -> None:
    told = client.head(SNAPSHOT, headers={**bank_headers, "Accept-Encoding": "gzip"})
    sent, body = raw(client, bank_headers, SNAPSHOT, "gzip")
    assert told.content == b""
    for name in ("ETag", "Content-Length", "Content-Encoding", "Peiyu-Epoch", "Peiyu-Seq", "Repr-Digest"):
        assert told.headers[name] == sent.headers[name]
    assert int(told.headers["Content-Length"]) == len(body)


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_a_broken_download_is_continued(
    press: Publisher, client: TestClient, bank_headers: dict[str, str], encoding: str
) -> None:
    whole, body = raw(client, bank_headers, SNAPSHOT, encoding)
    etag, size = whole.headers["ETag"], len(body)
    rest, tail = raw(client, bank_headers, SNAPSHOT, encoding, Range="bytes=100-", **{"If-Range": etag})
    assert (rest.status_code, rest.headers["Content-Range"]) == (206, f"bytes 100-{size - 1}/{size}")
    assert body[:100] + tail == body
    assert raw(client, bank_headers, SNAPSHOT, encoding, Range="bytes=5-9")[1] == body[5:10]
    assert raw(client, bank_headers, SNAPSHOT, encoding, Range="bytes=-7")[1] == body[-7:]
    assert raw(client, bank_headers, SNAPSHOT, encoding, Range="bytes=0-")[0].status_code == 200
    replaced, again = raw(client, bank_headers, SNAPSHOT, encoding, Range="bytes=100-", **{"If-Range": '"old"'})
    assert (replaced.status_code, again) == (200, body)
    outside, _ = raw(client, bank_headers, SNAPSHOT, encoding, Range=f"bytes={size}-")
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, f"bytes */{size}")


def test_csv_opens_in_excel_and_starts_no_formula(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    hostile = '=cmd|"/C calc"!A0'
    deliver(db, recorded(uscc(9), "t-9", 1, card(uscc(9), name=hostile), batch="@SUM(1)"))
    number(db)
    press.publish()
    plain = get(client, bank_headers, f"{SNAPSHOT}?format=csv").content
    marked = get(client, bank_headers, f"{SNAPSHOT}?format=csv&bom=true")
    assert marked.content == b"\xef\xbb\xbf" + plain
    assert marked.headers["ETag"] == f'"{hashlib.sha256(marked.content).hexdigest()}"'
    assert int(marked.headers["Content-Length"]) == len(marked.content)
    last = plain.decode().splitlines()[-1]
    assert last.startswith(f'{uscc(9)},"\'=cmd|""/C calc""!A0",specialized_sme,')
    assert ",'@SUM(1)," in last
    assert json.loads(get(client, bank_headers, SNAPSHOT).content.splitlines()[-1])["name"] == hostile


def test_the_signature_verifies_with_the_published_keys_and_breaks_with_one_byte(
    press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    """As a bank would do it: nothing of ours but what is published."""
    keys = KeySet.import_key_set(client.get(f"{PREFIX}/whitelist/jwks.json").json())
    manifest = get(client, bank_headers, MANIFEST).json()
    signature = manifest.pop("signature")
    signed = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    checked = jws.deserialize_compact(signature, keys, algorithms=["Ed25519"], payload=signed)
    assert checked.headers()["kid"] == manifest["key_id"]
    for place in (1, len(signed) // 2, len(signed) - 2):
        forged = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
        with pytest.raises(jws.BadSignatureError):
            jws.deserialize_compact(signature, keys, algorithms=["Ed25519"], payload=forged)


def test_an_old_manifest_verifies_after_the_key_was_replaced(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    deliver(db, recorded(uscc(4), "t-4", 1))
    number(db)
    publisher(db).publish()  # with another key
    keys = KeySet.import_key_set(client.get(f"{PREFIX}/whitelist/jwks.json").json())
    for epoch in (1, 2):
        manifest = get(client, bank_headers, f"{MANIFEST}?epoch={epoch}").json()
        signature = manifest.pop("signature")
        signed = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        jws.deserialize_compact(signature, keys, algorithms=["Ed25519"], payload=signed)
    assert manifest["previous"]["epoch"] == 1
    first = get(client, bank_headers, f"{MANIFEST}?epoch=1")
    assert manifest["previous"]["sha256"] == hashlib.sha256(first.content).hexdigest()


def test_a_past_epoch_stays_as_it_was(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    before = get(client, bank_headers, SNAPSHOT).content
    deliver(db, cancelled(uscc(1), "t-1", 2))
    number(db)
    press.publish()
    assert get(client, bank_headers, f"{SNAPSHOT}?epoch=1").content == before
    assert get(client, bank_headers, f"{SNAPSHOT}?epoch=2").content == get(client, bank_headers, SNAPSHOT).content
    assert problem(get(client, bank_headers, f"{SNAPSHOT}?epoch=3")) == (404, "whitelist-epoch-not-found")


def test_pruned_content_is_gone_and_its_manifest_stays(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    """Epochs 1 and 3 have the same content: dropping the first leaves it to the third."""
    for event in (recorded(uscc(4), "t-4", 1), cancelled(uscc(4), "t-4", 2)):
        deliver(db, event)
        number(db)
        press.publish()
    assert get(client, bank_headers, f"{SNAPSHOT}?epoch=1").content == get(client, bank_headers, SNAPSHOT).content
    with db.transaction() as tx:
        assert prune_content(tx, Retention(last=1, minutes=0, days=0)) == 2
        kept = {chunk.sha256 for chunk in tx.session.query(ChunkRow)}
    assert len(kept) == 4  # gzip and zstd of ndjson and csv
    for epoch in (1, 2):
        assert problem(get(client, bank_headers, f"{SNAPSHOT}?epoch={epoch}")) == (
            410,
            "whitelist-epoch-content-pruned",
        )
        assert get(client, bank_headers, f"{MANIFEST}?epoch={epoch}").json()["epoch"] == epoch
    assert len(get(client, bank_headers, SNAPSHOT).content.splitlines()) == 3
