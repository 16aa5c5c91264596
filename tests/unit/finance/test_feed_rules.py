"""When an epoch is due, which content is kept, what is signed, how content is packed, which consents are refused."""

import datetime as dt
import gzip
import hashlib
import json

import pytest
import zstandard

from chassis.signing import canonical_bytes
from services.finance.domain.consents import Terms, check_terms
from services.finance.domain.errors import ConsentTermsInvalid
from services.finance.domain.feed import Cadence, NumberedChange, Retention, change_csv, change_item, change_line
from services.finance.domain.manifest import signed_bytes
from services.finance.store.packing import Packing

NOW = dt.datetime(2026, 3, 4, 4, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("build_seconds", "age", "due"),
    [(0.01, 0.9, False), (0.01, 1.0, True), (0.5, 9.9, False), (0.5, 10.0, True), (10.0, 199.0, False)],
)
def test_a_dear_list_is_cut_less_often(build_seconds: float, age: float, due: bool) -> None:
    assert Cadence().due(NOW, NOW - dt.timedelta(seconds=age), build_seconds) is due


def test_the_last_the_young_and_one_of_each_day_keep_their_content() -> None:
    instants = {epoch: NOW - dt.timedelta(hours=6 * (20 - epoch)) for epoch in range(1, 21)}
    epochs = [(epoch, instant.date(), instant) for epoch, instant in instants.items()]
    expired = Retention(last=3, minutes=60 * 7, days=2).expired(epochs, NOW)
    kept = set(instants) - set(expired)
    assert {18, 19, 20} <= kept  # the last three
    days = {instants[epoch].date() for epoch in kept}
    assert days == {dt.date(2026, 3, 2), dt.date(2026, 3, 3), dt.date(2026, 3, 4)}
    assert {epoch for epoch in kept if epoch < 18} == {
        max(e for e in instants if instants[e].date() == dt.date(2026, 3, 2)),
        max(e for e in instants if instants[e].date() == dt.date(2026, 3, 3)),
    } - {18, 19, 20}


def test_content_just_published_is_never_dropped() -> None:
    epochs = [(epoch, NOW.date(), NOW - dt.timedelta(seconds=100 - epoch)) for epoch in range(1, 101)]
    assert Retention(last=1, minutes=10, days=0).expired(epochs, NOW) == []


def a_change(line: str | None) -> NumberedChange:
    return NumberedChange(
        7, "left", NOW, "91341300MA2N0000X1", "high_tech", "t-1", "title_expired", dt.date(2026, 3, 4), (), line
    )


def test_a_departure_is_a_tombstone() -> None:
    item = change_item(a_change(None))
    assert item["tombstone"] is True
    assert item["data"] is None
    assert item["occurred_at"] == "2026-03-04T04:00:00.000000Z"
    assert json.loads(change_line(a_change(None))) == item
    assert change_csv(a_change(None)).startswith("7,left,退出名单,2026-03-04T04:00:00.000000Z,91341300MA2N0000X1,")


def test_the_row_inside_a_change_keeps_its_own_bytes() -> None:
    line = '{"uscc":"甲","name":"乙","title":"丙"}'
    assert f'"data":{line},' in change_line(a_change(line))


def test_a_manifest_is_signed_in_the_form_of_rfc_8785() -> None:
    manifest = {"seq": 3, "files": [{"b": 1, "a": "甲"}], "count": 0, "signature": "x"}
    assert signed_bytes(manifest) == '{"count":0,"files":[{"a":"甲","b":1}],"seq":3}'.encode()
    assert canonical_bytes(manifest).endswith(b',"signature":"x"}')


def test_packing_gives_the_same_content_in_every_form() -> None:
    with Packing("csv") as packing:
        for part in (b"name\n", "宿州示例\n".encode() * 1000):
            packing.write(part)
        plain, gzipped, zstd, marked = packing.close()
        assert gzipped.file is not None
        assert zstd.file is not None
        gzipped.file.seek(0)
        zstd.file.seek(0)
        stored = gzipped.file.read(), zstd.file.read()
    content = b"name\n" + "宿州示例\n".encode() * 1000
    assert (plain.sha256, plain.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert gzip.decompress(stored[0]) == content
    assert zstandard.ZstdDecompressor().decompressobj().decompress(stored[1]) == content
    assert [hashlib.sha256(each).hexdigest() for each in stored] == [gzipped.sha256, zstd.sha256]
    assert [len(each) for each in stored] == [gzipped.size, zstd.size]
    assert marked.sha256 == hashlib.sha256(b"\xef\xbb\xbf" + content).hexdigest()


def test_the_same_content_packs_to_the_same_bytes() -> None:
    digests = []
    for pieces in ([b"a" * 5000], [b"a" * 2500, b"a" * 2500]):
        with Packing("ndjson") as packing:
            for piece in pieces:
                packing.write(piece)
            digests.append([form.sha256 for form in packing.close()])
    assert digests[0] == digests[1]


def terms(expires_on: dt.date, document: str | None) -> Terms:
    return Terms("91341300MA2N0000X1", "demo-bank-a", "credit_assessment", expires_on, document)


def test_a_consent_may_run_out_today_but_not_yesterday() -> None:
    today = dt.date(2026, 3, 4)
    check_terms(terms(today, None), today, on_behalf=False)
    with pytest.raises(ConsentTermsInvalid) as refused:
        check_terms(terms(dt.date(2026, 3, 3), None), today, on_behalf=True)
    assert [problem.field for problem in refused.value.problems] == ["expires_on", "document_reference"]
