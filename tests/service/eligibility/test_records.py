"""The signed record: replayed without a database, and no leaf of it can be changed unseen. The notice beside it."""

import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from sqlalchemy import text
from starlette.testclient import TestClient
from typer.testing import CliRunner

from chassis.db import Database
from chassis.signing import Signer
from chassis.signing_sm2 import Sm2Signer
from peiyu.cli import app as cli
from services.eligibility.app import PREFIX, create_app
from services.eligibility.domain.record import (
    HASHED,
    REPLAYED,
    SIGNATURES,
    SIGNED,
    RecordUnreadable,
    examine,
    read_record,
    signed_bytes,
)
from services.eligibility.prepare import engine_digest, record_signers
from services.eligibility.settings import Settings
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, facts, registered

Path_ = tuple[str | int, ...]
ENGINE = engine_digest()


def assessment(client: TestClient, title: str = "innovative_sme") -> str:
    [item] = client.get(f"{PREFIX}/assessments", params={"title": title}).json()["items"]
    return str(item["id"])


def download(client: TestClient, title: str = "innovative_sme") -> Any:
    return client.get(f"{PREFIX}/assessments/{assessment(client, title)}/record")


def leaves(node: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(node, dict | list) and node:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, (*path, key))
    else:
        yield path


def at(node: Any, path: Path_) -> Any:
    for key in path:
        node = node[key]
    return node


def flipped(value: Any) -> list[Any]:
    """Other values for a leaf, the near ones too."""
    if isinstance(value, bool):
        return [not value, None, int(value)]
    if isinstance(value, int):
        return [value + 1, str(value), None]
    if isinstance(value, str):
        return [value + " ", value[:-1] + ("A" if value[-1:] != "A" else "B"), None, [value]]
    return ["", 0, False]  # null, [] and {}


@pytest.fixture
def record(eligibility: Eligibility, client: TestClient) -> dict[str, Any]:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    return read_record(download(client).text)


def test_the_record_holds_what_it_was_made_of_and_replays_without_the_database(
    record: dict[str, Any], client: TestClient, db: Database
) -> None:
    assert "不作为认定依据" in record["notice"]
    assert record["assessment"]["uscc"] == USCC
    assert record["assessment"]["reproduced"] is True
    stored = record["inputs"]["facts"]["revenue_yuan"][str(YEAR)]
    assert set(stored) == {"value", "source", "as_of", "recorded_at"}
    assert "pack: miit-63-2022-innovative" in record["pack"]["text"]
    assert record["result"]["verdict"] == "eligible"
    keys = client.get(f"{PREFIX}/records/jwks.json").json()["keys"]
    assert [key["kid"] for key in keys] == [record["signatures"][0]["key_id"]]
    assert "d" not in keys[0], "the private half stays"
    found = examine(record, ENGINE, keys)
    assert [(point.what, point.holds) for point in found.points] == [
        (SIGNED, True), (HASHED, True), (REPLAYED, True), ("引擎", True)
    ]  # fmt: skip
    assert found.trusted
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM record_keys")) == 1


def test_the_same_assessment_gives_the_same_bytes_and_a_304(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    first, second = download(client), download(client)
    assert first.content == second.content
    assert "attachment" in first.headers["content-disposition"]
    url = first.request.url.path
    assert client.get(url, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_no_leaf_can_be_changed_unseen(record: dict[str, Any]) -> None:
    """Every leaf, every other value: whoever has no key is found out by the signature, also without trusted keys."""
    paths = list(leaves(record))
    assert len(paths) > 500
    keys = record["keys"]
    for path in paths:
        for value in flipped(at(record, path))[:1]:
            changed = copy.deepcopy(record)
            at(changed, path[:-1])[path[-1]] = value
            assert examine_signature(changed, keys) is False, path
            assert examine_signature(changed, []) is False, path


def examine_signature(record: dict[str, Any], keys: list[dict[str, Any]]) -> bool | None:
    """Only the signature: replaying a thousand records says nothing more."""
    from services.eligibility.domain.record import _guarded, _signatures

    return _guarded(lambda: _signatures(record, keys), SIGNED)[0].holds


@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_change_anywhere_in_any_manner_is_found(record: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(leaves(record))))
    changed = copy.deepcopy(record)
    at(changed, path[:-1])[path[-1]] = data.draw(st.sampled_from(flipped(at(record, path))))
    assert not examine(changed, ENGINE, record["keys"]).intact, path


def resigned(record: dict[str, Any], signer: Signer) -> dict[str, Any]:
    """What a forger does who has a key of his own."""
    forged = copy.deepcopy(record)
    forged["keys"] = [signer.public]
    forged[SIGNATURES] = [
        {"algorithm": signer.algorithm, "key_id": signer.kid, "value": signer.sign(signed_bytes(forged))}
    ]
    return forged


def test_another_signature_over_changed_content_is_not_that_of_the_platform(record: dict[str, Any]) -> None:
    stranger = Signer(OKPKey.generate_key("Ed25519"))
    changed = copy.deepcopy(record)
    changed["result"]["verdict"] = "not_eligible"
    found = examine(resigned(changed, stranger), ENGINE, record["keys"])
    assert [found.point(what).holds for what in (SIGNED, HASHED, REPLAYED)] == [False, False, False]
    alone = examine(resigned(changed, stranger), ENGINE)
    assert alone.point(SIGNED).holds is None, "without the platform's key nobody can say who signed"
    assert not alone.intact, "the hash and the replay tell all the same"


@pytest.mark.parametrize(
    ("path", "value", "untrue"),
    [
        (("result", "score", "points", "low"), "99", REPLAYED),
        (("inputs", "facts", "revenue_yuan", str(YEAR), "value"), "99999999.00", REPLAYED),
        (("assessment", "title"), "little_giant", REPLAYED),
        (("assessment", "reproduced"), False, REPLAYED),
        (("pack", "sha256"), "0" * 64, REPLAYED),
        (("hashes", "inputs", "sm3"), "0" * 64, HASHED),
    ],
)
def test_who_signs_an_untrue_record_himself_is_found_out_by_the_replay(
    record: dict[str, Any], path: Path_, value: Any, untrue: str
) -> None:
    from services.eligibility.domain.record import digests

    signer = Signer(OKPKey.generate_key("Ed25519"))
    changed = copy.deepcopy(record)
    at(changed, path[:-1])[path[-1]] = value
    if untrue == REPLAYED:
        changed["hashes"] = {name: digests(changed[name]) for name in changed["hashes"]}
    found = examine(resigned(changed, signer), ENGINE, [signer.public])
    assert [point.what for point in found.points if point.holds is False] == [untrue]


@pytest.mark.parametrize(
    "broken",
    ["", "[]", "{}", '{"format": "peiyu-assessment-record", "format_version": 2}',
     '{"format": "peiyu-assessment-record", "format": "peiyu-assessment-record", "format_version": 1}',
     '{"format": "peiyu-assessment-record", "format_version": 1, "x": 1.5}',
     '{"format": "peiyu-assessment-record", "format_version": 1, "x": NaN}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_record_is_refused_as_such(broken: str) -> None:
    with pytest.raises(RecordUnreadable):
        read_record(broken)


def test_the_command_says_what_holds_and_ends_with_a_status_of_its_own(
    record: dict[str, Any], client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path / "nothing-here"))
    keys = tmp_path / "jwks.json"
    keys.write_bytes(client.get(f"{PREFIX}/records/jwks.json").content)
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps({"keys": [Signer(OKPKey.generate_key("Ed25519")).public]}))

    def verify(content: Any, *options: str) -> tuple[int, str]:
        file = tmp_path / "record.json"
        file.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
        ran = CliRunner().invoke(cli, ["assessment", "verify", str(file), *options])
        return ran.exit_code, ran.output

    status, says = verify(record, "--keys", str(keys))
    assert status == 0, says
    assert "✓ 签名" in says
    assert "✓ 重算" in says
    assert "留痕单完整" in says
    status, says = verify(record)
    assert (status, "未经核实" in says) == (3, True)
    status, says = verify(record, "--keys", str(strange))
    assert (status, "不是该平台签发的" in says) == (1, True)
    changed = copy.deepcopy(record)
    changed["inputs"]["facts"]["revenue_yuan"][str(YEAR)]["value"] = "1.00"
    status, says = verify(changed, "--keys", str(keys))
    assert (status, "不可采信" in says) == (1, True)
    assert "✗ 签名" in says
    assert "✗ 校验值：不符：inputs" in says
    assert verify({"a": 1})[0] == 2
    assert verify(record, "--keys", str(tmp_path / "record.json"))[0] == 2, "a record does not vouch for itself"
    older = copy.deepcopy(record)
    older["engine"]["sha256"] = "0" * 64
    older["result"]["reasons"] = ["旧版本的说法"]
    from services.eligibility.domain.record import digests

    older["hashes"]["result"] = digests(older["result"])
    signer = Signer(OKPKey.generate_key("Ed25519"))
    keys.write_text(json.dumps({"keys": [signer.public]}))
    status, says = verify(resigned(older, signer), "--keys", str(keys))
    assert (status, "请用出具时的版本核对" in says) == (4, True)


def test_the_local_run_makes_a_key_and_production_refuses_to_go_without(settings: Settings) -> None:
    assert record_signers(settings)[0].kid == record_signers(settings)[0].kid
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(ValueError, match="PEIYU_RECORD_KEY_FILE"):
        record_signers(production)


# -- notices ------------------------------------------------------------------------------------------------------


def notice(client: TestClient, title: str = "innovative_sme") -> dict[str, Any]:
    answer = client.get(f"{PREFIX}/assessments/{assessment(client, title)}/notice")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def section(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in found["sections"] if each["id"] == name)


def test_a_positive_notice_names_the_route_the_score_and_every_condition(
    record: dict[str, Any], client: TestClient
) -> None:
    found = notice(client)
    assert found["verdict"]["code"] == "eligible"
    assert "符合的路径" in found["text"]
    assert "工信部企业〔2022〕63号" in found["text"]
    assert found["text"].endswith(found["disclaimer"])
    assert "不作为认定依据" in found["disclaimer"]
    rows = section(found, "score")["rows"]
    assert ["上年度资产负债率", "40.00%", "10 分，满分 10 分", ""] in rows
    own = next(row for row in rows if row[0].startswith("与企业主导产品相关的有效知识产权"))
    assert own[3] == "Ⅰ类高价值知识产权数不少于 1 项，得 20 分"
    assert {each["id"] for each in found["sections"]} <= {"met", "total", "score", "other_material"}
    assert section(found, "total")["rows"][0][-2:] == ["不低于 60 分", "已达到"]
    assert section(found, "met")["rows"]


def test_a_negative_notice_gives_each_failed_condition_with_value_clause_and_quotation(
    eligibility: Eligibility, client: TestClient
) -> None:
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(registered(), facts(worse))
    eligibility.assess()
    found = notice(client)
    assert "暂不符合" in found["subject"]
    [row] = [row for row in section(found, "unmet")["rows"] if "经营异常" in row[1]]
    part, condition, wanted, value, basis = row
    assert part == "基本条件"
    assert wanted == "被列入经营异常名录：否"
    assert "是" in value
    assert "工信部企业〔2022〕63号" in basis
    assert "第三条（条号待核）：“未被列入经营异常名录或严重失信主体名单”" in basis
    assert condition


def test_missing_material_is_listed_with_its_evidence_and_what_it_is_for(
    eligibility: Eligibility, client: TestClient
) -> None:
    little = {YEAR: {"headcount": 85}}
    eligibility.tell(registered(), facts(little))
    eligibility.assess()
    found = notice(client)
    assert found["verdict"]["code"] == "unknown"
    assert "不等于不符合" in found["text"]
    rows = section(found, "material")["rows"]
    [revenue] = [row for row in rows if row[0] == "审计报告" and f"{YEAR}年营业收入" in row[1]]
    assert any("研发费用" in cell for cell in revenue[2:])
    assert "被列入经营异常名录（是或否）" in [row[1] for row in rows if row[0] == "国家企业信用信息公示系统查询结果"]
    assert found["sections"][0]["id"] == "material"


def test_the_word_file_holds_the_same_text_and_tables(record: dict[str, Any], client: TestClient) -> None:
    told = notice(client)
    answer = client.get(
        f"{PREFIX}/assessments/{assessment(client)}/notice.docx", params={"sender": "宿州市经济和信息化局"}
    )
    assert answer.headers["content-type"].endswith("wordprocessingml.document")
    document = Document(io.BytesIO(answer.content))
    paragraphs = [each.text for each in document.paragraphs]
    for wanted in (told["caption"], told["subject"], *told["opening"], *told["closing"], told["disclaimer"]):
        assert wanted in paragraphs
    assert "宿州市经济和信息化局" in paragraphs
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    assert [table[0] for table in tables] == [each["columns"] for each in told["sections"]]
    for table, each in zip(tables, told["sections"], strict=True):
        assert table[1:] == [[cell or "—" for cell in row] for row in each["rows"]]
    header = document.sections[0].header.paragraphs[0].text
    assert header == "不作为认定依据"


def test_records_and_notices_of_other_areas_are_not_shown(
    record: dict[str, Any], client: TestClient, db: Database, settings: Settings, identities: Identities
) -> None:
    given_headers = identities.headers(scopes=["assessments:read"], areas=["5001"])
    elsewhere = TestClient(create_app(settings, db), headers=given_headers)
    for part in ("notice", "notice.docx", "record"):
        answer = elsewhere.get(f"{PREFIX}/assessments/{assessment(client)}/{part}")
        assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM record_keys")) == 1, "made by the fixture's download alone"


def test_with_an_sm2_key_the_record_bears_both_signatures_and_each_must_hold(
    eligibility: Eligibility, db: Database, settings: Settings, identities: Identities, tmp_path: Path
) -> None:
    Sm2Signer.generate(tmp_path / "sm2.json")
    both = settings.model_copy(update={"record_sm2_key_file": tmp_path / "sm2.json"})
    client = TestClient(create_app(both, db), headers=identities.headers(scopes=["assessments:read"]))
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    record = read_record(download(client).text)
    assert [each["algorithm"] for each in record[SIGNATURES]] == ["Ed25519", "SM2-SM3"]
    keys = client.get(f"{PREFIX}/records/jwks.json").json()["keys"]
    assert examine(record, ENGINE, keys).point(SIGNED).holds is True
    for index in (0, 1):
        broken = copy.deepcopy(record)
        value = broken[SIGNATURES][index]["value"]
        broken[SIGNATURES][index]["value"] = value[:-4] + ("AAAA" if value[-4:] != "AAAA" else "BBBB")
        assert examine(broken, ENGINE, keys).point(SIGNED).holds is False
    alone = copy.deepcopy(record)
    del alone[SIGNATURES][1]
    assert examine(alone, ENGINE, keys).point(SIGNED).holds is False, "a signature that was named cannot be left out"
