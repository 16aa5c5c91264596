"""The life of a title in the ledger: acts by documents, history, bans, and ends that are told ahead."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chassis import clock
from services.registry.settings import Settings
from services.registry.store.life_cycles import load_life_cycles
from services.registry.use_cases.announce_expiring_titles import announce_expiring_titles
from services.registry.use_cases.expire_titles import expire_titles
from tests.service.registry.conftest import Registry, xlsx
from tests.service.registry.test_import_titles import HEADER, row

NOTICE = {"document_number": "工信厅企业函〔2026〕88号"}


def recorded(registry: Registry, number: int, **changed: Any) -> tuple[str, str]:
    """An enterprise with a title; its code and the record's id."""
    code = registry.register(number)
    body = {
        "title": "little_giant",
        "batch": "第五批",
        "document_number": "工信部企业函〔2023〕198号",
        "announced_on": "2023-07-14",
        "valid_from": "2023-07-01",
        "valid_to": (clock.today() + dt.timedelta(days=400)).isoformat(),
        **changed,
    }
    answer = registry.post(f"/enterprises/{code}/titles", {key: value for key, value in body.items() if value})
    assert answer.status_code == 201, answer.text
    return code, answer.json()["title_id"]


def act(registry: Registry, code: str, title_id: str, act: str, expect: int = 200, **body: Any) -> dict[str, Any]:
    given = {"act": act, "on": clock.today().isoformat(), **NOTICE, **body}
    path = f"/enterprises/{code}/titles/{title_id}/acts"
    answer = registry.post(path, {key: value for key, value in given.items() if value is not None})
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


def file_of(registry: Registry, code: str, title_id: str) -> dict[str, Any]:
    answer = registry.get(f"/enterprises/{code}/titles/{title_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_title_goes_from_publication_over_review_to_its_new_end(registry: Registry) -> None:
    code, title_id = recorded(registry, 1, state="publicized", valid_from=None, valid_to=None)
    until = clock.today() + dt.timedelta(days=30)
    begins = until - dt.timedelta(days=1095)
    said = {"valid_from": begins.isoformat(), "valid_to": until.isoformat()}
    assert act(registry, code, title_id, "recognise", **said)["stage"]["label"] == "认定"
    opened = act(registry, code, title_id, "open_review")
    assert (opened["stage"]["code"], opened["state"]["code"]) == ("under_review", "under_review")
    held = registry.get("/enterprises", params={"title": "little_giant"}).json()["items"]
    assert [each["uscc"] for each in held] == [code], "复核中 is still held"
    proposed = file_of(registry, code, title_id)["proposed_valid_to"]
    later = dt.date.fromisoformat(proposed)
    assert later > until
    passed = act(registry, code, title_id, "pass_review", valid_to=later.isoformat(), reason="实地抽查合格")
    assert (passed["stage"]["code"], passed["state"]["code"], passed["valid_to"]) == (
        "review_passed",
        "valid",
        later.isoformat(),
    )
    assert passed["valid_from"] == begins.isoformat(), "a review extends the term and does not begin another"
    assert passed["document_number"] == NOTICE["document_number"]
    history = file_of(registry, code, title_id)["history"]
    assert [each["act"]["code"] for each in history] == ["record", "recognise", "open_review", "pass_review"]
    assert history[-1]["changed"]["valid_to"] == [until.isoformat(), later.isoformat()]
    assert (history[-1]["document_number"], history[-1]["reason"]) == (NOTICE["document_number"], "实地抽查合格")
    states = [(each["record"]["state"], each["version"]) for each in registry.events("title-recorded")]
    assert states == [("publicized", 2), ("valid", 3), ("under_review", 4)]
    (renewed,) = registry.events("title-renewed")
    assert (renewed["version"], renewed["previous_valid_to"]) == (5, until.isoformat())
    assert (renewed["record"]["valid_to"], renewed["record"]["review_outcome"]) == (later.isoformat(), "passed")


def test_a_failed_review_ends_the_title_on_the_day_of_the_decision(registry: Registry) -> None:
    code, title_id = recorded(registry, 1)
    act(registry, code, title_id, "open_review")
    refused = act(registry, code, title_id, "fail_review", 422, valid_to="2099-01-01")
    assert [each["code"] for each in refused["errors"]] == ["date-in-future"]
    failed = act(registry, code, title_id, "fail_review")
    assert (failed["stage"]["code"], failed["state"]["code"]) == ("review_failed", "expired")
    assert failed["valid_to"] == clock.today().isoformat()
    assert registry.get("/enterprises", params={"title": "little_giant"}).json()["items"] == []
    assert act(registry, code, title_id, "open_review", 409)["code"] == "title-act-refused"


@pytest.mark.parametrize(
    ("first", "body", "status", "code"),
    [
        (None, {"act": "pass_review", "valid_to": "2099-01-01"}, 409, "title-act-refused"),
        (None, {"act": "recognise"}, 409, "title-act-refused"),
        (None, {"act": "open_review", "document_number": None}, 422, "document-missing"),
        (None, {"act": "open_review", "on": "2099-01-01"}, 422, "date-in-future"),
        (None, {"act": "open_review", "valid_to": "2099-01-01"}, 422, "validity-not-asked"),
        ("open_review", {"act": "pass_review"}, 422, "validity-missing"),
        ("open_review", {"act": "pass_review", "valid_to": "2023-08-01"}, 422, "validity-reversed"),
        (
            "open_review",
            {"act": "pass_review", "valid_from": "2023-07-01", "valid_to": "2023-08-01"},
            422,
            "validity-not-extended",
        ),
    ],
)
def test_an_act_that_the_process_or_its_document_does_not_carry_is_refused(
    registry: Registry, first: str | None, body: dict[str, Any], status: int, code: str
) -> None:
    uscc, title_id = recorded(registry, 1)
    if first:
        act(registry, uscc, title_id, first)
    before = file_of(registry, uscc, title_id)
    answer = act(registry, uscc, title_id, body["act"], status, **{k: v for k, v in body.items() if k != "act"})
    assert code in (answer["code"], *(each["code"] for each in answer.get("errors", ())))
    assert file_of(registry, uscc, title_id) == before


def test_a_title_that_is_renewed_anew_knows_no_review(registry: Registry) -> None:
    code, title_id = recorded(registry, 1, title="high_tech", batch=None)
    refused = act(registry, code, title_id, "open_review", 409)
    assert "没有“开始复核”这一步" in refused["detail"]
    assert file_of(registry, code, title_id)["possible_acts"] == [{"code": "cancel", "label": "取消"}]


def test_a_recognition_may_not_repeat_what_the_list_has_recorded(registry: Registry) -> None:
    code, title_id = recorded(registry, 1, state="publicized", batch=None, valid_from=None, valid_to=None)
    other = {"title": "little_giant", **NOTICE, "valid_from": "2026-07-01", "valid_to": "2099-06-30"}
    assert registry.post(f"/enterprises/{code}/titles", other).status_code == 201
    refused = act(registry, code, title_id, "recognise", 409, valid_from="2026-07-01", valid_to="2099-06-30")
    assert refused["code"] == "title-already-recorded"


def test_a_ban_is_seen_until_when(registry: Registry) -> None:
    one, title_id = recorded(registry, 1)
    two, other = recorded(registry, 2, title="innovative_sme")
    decision = {"kind": "cancelled", "reason": "数据造假", "reapply_ban": True, "cancelled_on": "2026-01-05",
                "document_number": "工信部企业函〔2026〕1号"}  # fmt: skip
    answer = registry.post(f"/enterprises/{one}/titles/{title_id}/cancel", decision).json()
    assert (answer["stage"]["label"], answer["banned_until"]) == ("取消认定", "2029-01-04")
    silent = registry.post(f"/enterprises/{two}/titles/{other}/cancel", {**decision, "reapply_ban": None}).json()
    assert (silent["stage"]["label"], silent["banned_until"]) == ("取消公告", None)
    banned = registry.get("/titles", params={"banned": "true"}).json()["items"]
    assert [(each["uscc"], each["enterprise"]) for each in banned] == [(one, "测试企业1有限公司")]
    assert registry.events("title-cancelled")[0]["record"]["banned_until"] == "2029-01-04"
    last = file_of(registry, one, title_id)["history"][-1]
    assert (last["act"]["code"], last["document_number"]) == ("cancel", decision["document_number"])
    with clock.frozen(dt.datetime(2029, 1, 5, 4, tzinfo=dt.UTC)):
        assert registry.get("/titles", params={"banned": "true"}).json()["items"] == []


def test_the_ledger_is_listed_by_stage_end_and_area(registry: Registry) -> None:
    passed, title_id = recorded(registry, 1)
    act(registry, passed, title_id, "open_review")
    act(registry, passed, title_id, "pass_review", valid_to=(clock.today() + dt.timedelta(days=900)).isoformat())
    plain, _ = recorded(registry, 2)
    far, far_id = recorded(registry, 3, title="innovative_sme")
    registry.post(f"/enterprises/{far}/titles/{far_id}/cancel", {"kind": "recorded_in_error", "reason": "录错"})

    def listed(**params: Any) -> list[str]:
        return [each["uscc"] for each in registry.get("/titles", params=params).json()["items"]]

    assert listed() == [passed, plain, far]
    assert listed(stage="review_passed") == [passed]
    assert listed(stage="recognised") == [plain]
    assert listed(stage="taken_back") == [far]
    assert listed(stage="announcement_cancelled") == []
    assert listed(title="innovative_sme") == [far]
    assert listed(valid_to_until=(clock.today() + dt.timedelta(days=500)).isoformat(), title="little_giant") == [plain]
    assert listed(district="3401") == []
    first = registry.get("/titles", params={"limit": 2}).json()
    assert [each["uscc"] for each in first["items"]] == [passed, plain]
    assert listed(limit=2, cursor=first["next_cursor"]) == [far]
    assert registry.get("/titles", as_={"areas": ["3401"]}).json()["items"] == []
    assert registry.get(f"/enterprises/{plain}/titles/{far_id}").status_code == 404
    assert registry.get("/titles", params={"colour": "red"}).status_code == 422


def test_the_file_tells_what_falls_due(registry: Registry) -> None:
    code, title_id = recorded(registry, 1, valid_from="2023-07-01")
    with clock.frozen(dt.datetime(2026, 5, 1, tzinfo=dt.UTC)):
        found = file_of(registry, code, title_id)
    assert (found["next_update_due"], found["change_report_months"]) == ("2026-05-31", 3)
    assert found["proposed_valid_to"] == "2026-06-30"
    assert [each["code"] for each in found["possible_acts"]] == ["open_review", "cancel"]


def test_the_end_is_told_ahead_once_for_each_step(registry: Registry, settings: Settings) -> None:
    cycles = load_life_cycles(settings.title_life_cycles_file)
    ends = clock.today() + dt.timedelta(days=400)
    code, title_id = recorded(registry, 1, valid_to=ends.isoformat())
    reviewed, other = recorded(registry, 2, valid_to=ends.isoformat())
    act(registry, reviewed, other, "open_review")

    def told(days_before: int) -> int:
        noon = dt.datetime.combine(ends - dt.timedelta(days=days_before), dt.time(4), dt.UTC)
        with clock.frozen(noon), registry.db.transaction() as tx:
            return announce_expiring_titles(tx, cycles)

    assert [told(days) for days in (181, 180, 180, 91, 90, 29, 29, 0)] == [0, 1, 0, 0, 1, 1, 0, 0]
    events = registry.events("title-expiring")
    assert [(each["uscc"], each["step"], each["days_left"]) for each in events] == [
        (code, 180, 180),
        (code, 90, 90),
        (code, 30, 29),
    ]
    assert events[0]["renewal"] == "review"
    assert [each["version"] for each in events] == [3, 4, 5]
    act(registry, code, title_id, "open_review")
    moved = (ends + dt.timedelta(days=60)).isoformat()
    act(registry, code, title_id, "pass_review", valid_to=moved)
    assert told(0) == 1, "another end is told anew, by the nearest of its steps"
    assert registry.events("title-expiring")[-1]["step"] == 90
    late, _ = recorded(registry, 3, valid_to=(clock.today() + dt.timedelta(days=20)).isoformat())
    with registry.db.transaction() as tx:
        assert announce_expiring_titles(tx, cycles) == 1
    assert (registry.events("title-expiring")[-1]["uscc"], registry.events("title-expiring")[-1]["step"]) == (late, 30)


def test_what_the_calendar_does_is_in_the_history_too(registry: Registry) -> None:
    code, title_id = recorded(registry, 1)
    with clock.frozen(clock.now() + dt.timedelta(days=402)), registry.db.transaction() as tx:
        assert expire_titles(tx) == 1
    last = file_of(registry, code, title_id)["history"][-1]
    assert (last["act"]["code"], last["changed"]) == ("expire", {"state": ["valid", "expired"]})
    with clock.frozen(clock.now() + dt.timedelta(days=402)):
        assert act(registry, code, title_id, "open_review")["state"]["code"] == "under_review"


def test_a_list_of_reviewed_titles_extends_the_records_of_its_batch(registry: Registry) -> None:
    one, two, three = (registry.register(number) for number in (1, 2, 3))
    first = xlsx([HEADER, row(one), row(two)])
    registry.run("titles", first)
    review = {"document": "皖经信〔2026〕9号", "announced": dt.date(2026, 9, 1), "from": dt.date(2028, 7, 1)}
    sheet = xlsx(
        [
            HEADER,
            row(one, state="复核通过", **{**review, "to": dt.date(2031, 6, 30)}),
            row(two, state="复核未通过", **{**review, "to": None}),
            row(three, state="复核通过", **{**review, "to": dt.date(2031, 6, 30)}),
        ]
    )
    done = registry.run("titles", sheet)
    assert (done["counts"]["created"], done["counts"]["updated"]) == (1, 2), registry.problems(done)
    (title,) = registry.get(f"/enterprises/{one}").json()["titles"]
    assert (title["stage"]["code"], title["valid_from"], title["valid_to"]) == (
        "review_passed",
        "2025-07-01",
        "2031-06-30",
    )
    assert title["document_number"] == "皖经信〔2025〕12号", "that of the recognition; the review's is in the history"
    last = file_of(registry, one, title["title_id"])["history"][-1]
    assert (last["act"]["code"], last["document_number"], last["acted_on"]) == (
        "pass_review",
        "皖经信〔2026〕9号",
        "2026-09-01",
    )
    (failed,) = registry.get(f"/enterprises/{two}").json()["titles"]
    assert (failed["stage"]["code"], failed["valid_to"]) == ("review_failed", "2026-09-01")
    (renewed,) = registry.events("title-renewed")
    assert (renewed["uscc"], renewed["previous_valid_to"]) == (one, "2028-06-30")
    assert registry.run("titles", sheet)["counts"]["unchanged"] == 3
    again = registry.run("titles", first)
    assert again["counts"]["unchanged"] == 2, "the first list, imported again, undoes no review"
    assert {each["code"] for each in registry.problems(again, "warning")} == {"title-reviewed"}


def test_the_life_cycles_can_be_read(registry: Registry) -> None:
    found = registry.get("/title-life-cycles").json()
    giant = next(each for each in found["titles"] if each["title"]["code"] == "little_giant")
    assert {"复核中", "复核通过", "复核未通过", "到期", "取消认定"} <= {each["label"] for each in giant["stages"]}
    ban = next(each for each in giant["provisions"] if each["kind"]["code"] == "ban")
    assert (ban["document"]["number"], ban["evidence"], ban["years"]) == ("工信部企业〔2022〕63号", "V", 3)
    assert "三年内不得再次申报" in ban["quote"]
