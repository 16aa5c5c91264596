"""Searching enterprises: by what, in which order, who sees what, and how the index keeps up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare
from services.registry.store import search as searching
from services.registry.store.reference import reference
from services.registry.store.search import Narrowing, search
from services.registry.store.search_index import follow, waiting
from tests.fixtures.database import Templates
from tests.load.search_names import COLUMNS, rows
from tests.load.search_recall import KINDS, labelled, recall_at
from tests.service.registry.conftest import Registry, uscc, xlsx

YEAR_HEADERS = ("统一社会信用代码", "年度", "营业收入（元）")


def found(registry: Registry, q: str, **params: Any) -> list[tuple[str, str]]:
    """(name, kind of match), in order."""
    answer = registry.get("/enterprises/search", params={"q": q, **params})
    assert answer.status_code == 200, answer.text
    return [(each["enterprise"]["name"], each["match"]["code"]) for each in answer.json()["items"]]


@pytest.fixture
def town(registry: Registry) -> Registry:
    names = (
        "安徽省宿州市恒通机械有限公司",
        "重庆市江北区恒通科技股份有限公司",
        "宿州恒瑞轨道交通装备有限公司",
        "苏州长兴电子有限公司",
        "宿州ABC软件有限公司",
    )
    for number, name in enumerate(names, start=1):
        registry.register(number, name=name)
    return registry


@pytest.mark.parametrize(
    ("q", "name", "match", "part"),
    [
        ("安徽省宿州市恒通机械有限公司", "安徽省宿州市恒通机械有限公司", "exact", "安徽省宿州市恒通机械有限公司"),
        ("恒通机械", "安徽省宿州市恒通机械有限公司", "exact", "恒通机械"),
        ("恒通机", "安徽省宿州市恒通机械有限公司", "prefix", "恒通机"),
        ("轨道", "宿州恒瑞轨道交通装备有限公司", "fragment", "轨道"),
        ("道", "宿州恒瑞轨道交通装备有限公司", "fragment", "道"),
        ("装备有限公司", "宿州恒瑞轨道交通装备有限公司", "fragment", "装备有限公司"),
        ("hengtongjixie", "安徽省宿州市恒通机械有限公司", "pinyin", "恒通机械"),
        ("heng tong ke", "重庆市江北区恒通科技股份有限公司", "pinyin", "恒通科"),
        ("chongqing", "重庆市江北区恒通科技股份有限公司", "pinyin", "重庆"),
        ("hengruiguid", "宿州恒瑞轨道交通装备有限公司", "pinyin", "恒瑞轨道"),
        ("hrgd", "宿州恒瑞轨道交通装备有限公司", "initials", "恒瑞轨道"),
        ("szhrgdjtzbyxgs", "宿州恒瑞轨道交通装备有限公司", "initials", "宿州恒瑞轨道交通装备"),
        ("ａｂｃ软件", "宿州ABC软件有限公司", "exact", "abc软件"),
        ("宿州恒瑞轨到交通装备", "宿州恒瑞轨道交通装备有限公司", "fuzzy", None),
        ("宿州恒轨道交通装备", "宿州恒瑞轨道交通装备有限公司", "fuzzy", None),
        ("苏州常兴店子", "苏州长兴电子有限公司", "fuzzy", None),
        ("重庆恒通", "重庆市江北区恒通科技股份有限公司", "fuzzy", None),
    ],
)
def test_an_enterprise_is_found_first_by(town: Registry, q: str, name: str, match: str, part: str | None) -> None:
    answer = town.get("/enterprises/search", params={"q": q}).json()["items"]
    first = answer[0]
    assert (first["enterprise"]["name"], first["match"]["code"], first["part"]) == (name, match, part)


def test_a_code_is_found_by_its_beginning_in_either_case(town: Registry) -> None:
    code = uscc(3)
    assert found(town, code.lower()) == [("宿州恒瑞轨道交通装备有限公司", "uscc")]
    assert len(found(town, code[:8])) == 5


def test_what_is_nowhere_is_not_found(town: Registry) -> None:
    assert found(town, "氢燃料电池") == []
    assert found(town, "zz") == []
    assert found(town, "%") == []
    assert found(town, "　") == []


def test_titles_and_size_order_equal_matches(registry: Registry) -> None:
    codes = [registry.register(number, name=f"宿州恒通{word}有限公司") for number, word in enumerate("甲乙丙", start=1)]
    act = {
        "document_number": "皖经信〔2025〕1号",
        "state": "valid",
        "valid_from": "2025-01-01",
        "valid_to": "2099-12-31",
    }
    for code, title in ((codes[1], "innovative_sme"), (codes[2], "little_giant")):
        answer = registry.post(f"/enterprises/{code}/titles", {"title": title, **act})
        assert answer.status_code == 201, answer.text
    registry.index_names()
    names = [name for name, _ in found(registry, "宿州恒通")]
    assert names == ["宿州恒通丙有限公司", "宿州恒通乙有限公司", "宿州恒通甲有限公司"]
    assert [name for name, _ in found(registry, "恒通", tier="little_giant")] == ["宿州恒通丙有限公司"]
    assert [name for name, _ in found(registry, "恒通", tier="none")] == ["宿州恒通甲有限公司"]


def test_a_rename_is_found_at_once_and_the_old_name_no_longer(town: Registry) -> None:
    town.change(uscc(1), name="宿州鼎盛轴承有限公司")
    assert found(town, "鼎盛轴承") == [("宿州鼎盛轴承有限公司", "exact")]
    assert "安徽省宿州市恒通机械有限公司" not in [name for name, _ in found(town, "恒通机械")]


def test_an_officer_finds_what_lies_in_their_areas(town: Registry) -> None:
    far = town.register(9, name="上海恒通贸易有限公司", district_code="310101")
    city = {"areas": ["3413"]}
    answer = town.get("/enterprises/search", params={"q": "恒通"}, as_=city).json()["items"]
    assert {each["enterprise"]["district"]["code"] for each in answer} == {"341302"}
    several = town.get("/enterprises/search", params={"q": "恒通贸易"}, as_={"areas": ["3413", "31"]}).json()["items"]
    assert several[0]["enterprise"]["uscc"] == far
    nobody = town.get("/enterprises/search", params={"q": "恒通"}, as_={"areas": []}).json()["items"]
    assert nobody == []
    own = {"roles": ["enterprise"], "areas": [], "uscc": uscc(1)}
    alone = town.get("/enterprises/search", params={"q": "恒通"}, as_=own).json()["items"]
    assert [each["enterprise"]["uscc"] for each in alone] == [uscc(1)]


def test_who_moved_away_is_no_longer_shown_even_before_the_index_knows(town: Registry) -> None:
    with town.db.transaction() as tx:
        tx.session.execute(
            text("UPDATE enterprises SET district_code = '310101' WHERE uscc = :code"), {"code": uscc(1)}
        )
    answer = town.get("/enterprises/search", params={"q": "恒通机械"}, as_={"areas": ["3413"]}).json()["items"]
    assert uscc(1) not in [each["enterprise"]["uscc"] for each in answer]


def test_common_fragments_come_by_weight_when_they_are_too_many_to_sort(
    town: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20, 40):
        town.register(number, name=f"宿州第{number}恒通科技有限公司")
    act = {
        "document_number": "皖经信〔2025〕1号",
        "state": "valid",
        "valid_from": "2025-01-01",
        "valid_to": "2099-12-31",
    }
    town.post(f"/enterprises/{uscc(33)}/titles", {"title": "little_giant", **act})
    town.index_names()
    monkeypatch.setattr(searching, "FEW", 5)
    for q, match in (("恒通", "fragment"), ("hengtong", "pinyin"), ("htkj", "initials"), ("有限公司", "fragment")):
        answer = found(town, q, limit=50)
        kept = [name for name, kind in answer if kind == match]
        assert kept[0] == "宿州第33恒通科技有限公司", q
        assert len(answer) == len(set(answer)) >= 20
    assert found(town, "恒通", tier="little_giant") == [("宿州第33恒通科技有限公司", "fragment")]


LIST = (("甲", "active", "unlisted", []), ("乙", None, "bse", ["stopped"]), ("丙", None, None, ["stopped"]))


def test_the_list_has_the_new_filters(registry: Registry) -> None:
    for number, (word, status, listing, flags) in enumerate(LIST, start=1):
        fields = {"status": status, "listing_status": listing, "risk_flags": flags}
        registry.register(number, name=f"宿州{word}有限公司", **{name: each for name, each in fields.items() if each})
    for number, revenue in ((1, "9999999.99"), (2, "10000000")):
        year = registry.scalar("SELECT extract(year FROM now() AT TIME ZONE 'Asia/Shanghai')::int - 1")
        fact = {"fact": "revenue_yuan", "value": revenue, "source": "audit_report", "fiscal_year": year}
        body = {"facts": [fact]}
        answer = registry.call("PUT", f"/enterprises/{uscc(number)}/facts", json=body)
        assert answer.status_code == 200, answer.text

    def listed(**params: str) -> str:
        answer = registry.get("/enterprises", params=params)
        assert answer.status_code == 200, answer.text
        return "".join(each["name"][2] for each in answer.json()["items"])

    for _ in range(2):  # before and after the index knows all of it
        assert listed(listing="bse") == "乙"
        assert listed(listing="unknown") == "丙"
        assert listed(flag="stopped") == "乙丙"
        assert listed(flag="none") == "甲"
        assert listed(tier="none") == "甲乙丙"
        assert listed(tier="little_giant") == ""
        assert listed(q="乙") == "乙"
        assert listed(q=uscc(3)[:17].lower()) == "丙"
        assert listed(q="宿州", status="active", flag="none") == "甲"
        registry.index_names()
    assert listed(revenue="under_10m") == "甲"
    assert listed(revenue="10m_20m") == "乙"
    assert listed(revenue="400m_up") == ""


@pytest.mark.parametrize("path", ["/enterprises", "/enterprises/search"])
@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"street": "汴河街道"}, ("park", "tier", "listing", "flag", "revenue", "title")),
        ({"tier": "gold"}, ("little_giant", "innovative_sme")),
        ({"listing": "nyse"}, ("bse", "neeq")),
        ({"flag": "bad"}, ("stopped", "none")),
        ({"revenue": "1000"}, ("under_10m", "400m_up")),
    ],
)
def test_an_unknown_filter_is_refused_with_what_there_is(
    registry: Registry, path: str, params: dict[str, str], names: Sequence[str]
) -> None:
    answer = registry.get(path, params={"q": "恒", **params})
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert problem["field"] == next(iter(params))
    assert all(name in f"{problem['expected']}{problem['message']}" for name in names), problem


def test_an_import_is_found_after_the_worker_has_indexed_it_and_listed_before(registry: Registry) -> None:
    head = ("企业名称", "统一社会信用代码", "所属区县")
    done = registry.run(
        "enterprises", xlsx([head, *((f"宿州第{each}恒通科技有限公司", uscc(each), "341302") for each in range(1, 6))])
    )
    assert done["counts"]["created"] == 5
    registry.number_changes()
    answer = registry.get("/enterprises/search", params={"q": "第3恒通"}).json()
    assert (answer["items"], answer["waiting"]) == ([], 10)  # each enterprise, and the change that entered it
    assert len(registry.get("/enterprises", params={"q": "第3恒通"}).json()["items"]) == 1
    registry.index_names()
    answer = registry.get("/enterprises/search", params={"q": "第3恒通"}).json()
    assert (len(answer["items"]), answer["waiting"]) == (1, 0)


def test_the_list_holds_what_changed_while_the_index_was_busy(town: Registry) -> None:
    town.index_names()
    with town.db.transaction() as tx:
        tx.session.execute(
            text("UPDATE enterprises SET name_key = '宿州氢能有限公司', version = 2 WHERE uscc = :code"),
            {"code": uscc(1)},
        )
        tx.session.execute(
            text(
                "INSERT INTO changes (type, occurred_at, subject, changed, data)"
                " VALUES ('registry.enterprise-updated.v1', now(), :code, '{name}', '{}')"
            ),
            {"code": uscc(1)},
        )
    assert [each["uscc"] for each in town.get("/enterprises", params={"q": "氢能"}).json()["items"]] == [uscc(1)]
    assert found(town, "氢能") == []
    town.index_names()
    assert len(found(town, "氢能")) == 1


def test_what_was_registered_before_there_was_an_index_is_filled_in(town: Registry) -> None:
    with town.db.transaction() as tx:
        tx.session.execute(text("TRUNCATE search_names, search_progress"))
        tx.session.execute(text("UPDATE changes SET seq = id"))
    ready = town.client.get("/health/ready").json()["checks"]["search"]
    assert ready["waiting"] >= 5, ready
    with town.db.transaction() as tx:
        assert waiting(tx) >= 5
        assert [follow(tx, limit=2) for _ in range(4)] == [2, 2, 1, 0]
        assert waiting(tx) == 0
    assert len(found(town, "恒通")) == 2


def test_an_older_version_never_replaces_a_newer_one_in_the_index(town: Registry) -> None:
    town.index_names()
    with town.db.transaction() as tx:
        tx.session.execute(text("UPDATE search_names SET version = 9 WHERE uscc = :code"), {"code": uscc(1)})
        tx.session.execute(text("UPDATE enterprises SET name_key = '旧' WHERE uscc = :code"), {"code": uscc(1)})
        tx.session.execute(text("UPDATE search_progress SET seq = 0"))
    town.index_names()
    assert town.scalar("SELECT name_key FROM search_names WHERE uscc = :code", code=uscc(1)).startswith("安徽省")


def test_98_of_100_are_among_the_first_ten_however_they_are_written(templates: Templates) -> None:
    """The labelled set is made by seven stated corruptions of names; each kind is found as often."""
    with templates.copy("registry-recall", MIGRATIONS) as db:
        prepare(db)
        with db.transaction(timeout_seconds=0) as tx:
            tx.copy("search_names", COLUMNS, rows(reference(tx), 3000, 2025))
        with db.reading() as tx:
            recall = recall_at(tx, labelled(tx, 210))
    assert recall.asked.keys() == set(KINDS)
    assert recall.share >= 0.98, str(recall)
    for kind, asked in recall.asked.items():
        assert recall.found[kind] >= 0.95 * asked, str(recall)


def test_any_text_can_be_searched_for(town: Registry) -> None:
    chance = random.Random(3)
    with town.db.reading() as tx:
        for _ in range(200):
            q = "".join(chance.choice("恒通abz'%_\\ ()@=有限公司 1é🀄") for _ in range(chance.randint(1, 12)))
            search(tx, q, Narrowing(), 5)
