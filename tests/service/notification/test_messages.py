"""What makes a message, what does not, and that none is lost or doubled."""

import datetime as dt
import uuid

import pytest
from sqlalchemy import select

from chassis import ids
from chassis.plumbing import AuditRow
from contracts.events.eligibility import FindingRequested
from contracts.events.registry import TitleExpiring, TitleRenewed
from services.notification.use_cases.assign_by_hand import assign_by_hand
from tests.service.notification.conftest import Suite, assessed, registered, titled, updated, uscc, whitelisted


@pytest.fixture
def covered(suite: Suite) -> Suite:
    """One commissioner `a`, one enterprise."""
    suite.commissioner("a", "341302")
    suite.tell(registered(uscc(1)))
    return suite


def test_becoming_eligible_makes_a_message_that_says_why_and_disclaims(covered: Suite) -> None:
    covered.tell(assessed(uscc(1)), correlation_id="import-7")
    [message] = covered.inbox("a")["items"]
    assert message["kind"] == {"code": "enterprise_eligible", "label": "测算达标"}
    assert "专精特新中小企业" in message["title"]
    assert "测算结果仅供参考，不作为认定依据" in message["body"]
    assert "路径：评分" in message["body"]
    assert "您是宿州示例0000001有限公司的服务专员" in message["why"]
    assert message["correlation_id"] == "import-7"
    assert message["enterprise"]["uscc"] == uscc(1)
    assert message["details"]["pack"] == "miit-2-2026-specialized@1f2e3d4c5b6a"


@pytest.mark.parametrize(
    ("verdict", "previous"),
    [
        ("unknown", None),
        ("unknown", "eligible"),
        ("not_eligible", None),
        ("manual_review", None),
        ("eligible", "eligible"),
    ],
)
def test_other_verdicts_make_no_message(covered: Suite, verdict: str, previous: str | None) -> None:
    covered.tell(assessed(uscc(1), verdict, previous))
    assert covered.messages() == []


def test_a_review_that_would_pass_is_no_news(covered: Suite) -> None:
    covered.tell(assessed(uscc(1)).model_copy(update={"kind": "review"}))
    assert covered.messages() == []


def test_eligible_again_after_not_makes_a_message_again(covered: Suite) -> None:
    covered.tell(assessed(uscc(1), "eligible"))
    covered.tell(assessed(uscc(1), "not_eligible", "eligible"))
    covered.tell(assessed(uscc(1), "eligible", "not_eligible"))
    assert len(covered.messages()) == 2


def test_a_recorded_title_makes_a_message_with_batch_and_document(covered: Suite) -> None:
    covered.tell(titled(uscc(1), version=2))
    [message] = covered.inbox("a")["items"]
    assert message["kind"]["code"] == "title_recorded"
    assert "批次：2025 年第二批" in message["body"]
    assert "文号：皖经信企业函〔2025〕88号" in message["body"]
    assert "有效期至 2028-11-30" in message["body"]


def test_a_passed_review_makes_a_message_with_the_new_end(covered: Suite) -> None:
    covered.tell(TitleRenewed(**dict(titled(uscc(1), version=2)), previous_valid_to=dt.date(2025, 11, 30)))
    [message] = covered.inbox("a")["items"]
    assert message["kind"]["code"] == "title_recorded"
    assert "有效期至 2028-11-30" in message["body"]


def test_a_title_that_ends_soon_makes_a_message_that_says_what_comes_then(covered: Suite) -> None:
    told = {"days_left": 90, "step": 90, "renewal": "review", "next_update_due": dt.date(2028, 9, 30)}
    covered.tell(TitleExpiring(**dict(titled(uscc(1), version=2)), **told))
    covered.tell(TitleExpiring(**dict(titled(uscc(1), version=3)), **told | {"renewal": None, "next_update_due": None}))
    second, first = covered.inbox("a")["items"]
    assert first["kind"] == {"code": "title_expiring", "label": "称号将到期"}
    assert "有效期至 2028-11-30，还有 90 天" in first["body"]
    assert "到期后：复核，以当年通知为准" in first["body"]
    assert "下一次年度信息更新截止：2028-09-30" in first["body"]
    assert "到期后" not in second["body"], "what no document says is not said"
    assert "None" not in second["body"]


def test_entering_the_whitelist_makes_a_message_and_leaving_makes_none(covered: Suite) -> None:
    covered.tell(whitelisted(uscc(1), "left"))
    covered.tell(whitelisted(uscc(1), "changed"))
    covered.tell(whitelisted(uscc(1), "entered", seq=9))
    [message] = covered.inbox("a")["items"]
    assert message["kind"]["code"] == "whitelist_entered"
    assert "变更序号 9" in message["body"]


def test_the_same_event_twice_makes_one_message(covered: Suite) -> None:
    event_id = ids.new_id()
    event = titled(uscc(1), version=2)
    covered.tell(event, event_id)
    covered.tell(event, event_id)
    assert len(covered.messages()) == 1


def test_a_message_waits_for_enterprise_and_commissioner_and_is_told_with_its_name(suite: Suite) -> None:
    suite.tell(assessed(uscc(1)), correlation_id="early")
    suite.tell(whitelisted(uscc(1)))
    assert {message.state for message in suite.messages()} == {"pending"}
    suite.tell(registered(uscc(1)))
    assert {message.state for message in suite.messages()} == {"pending"}
    suite.commissioner("a", "341302")
    inbox = suite.inbox("a")
    assert inbox["unread"] == 2
    assert {item["enterprise"]["name"] for item in inbox["items"]} == {"宿州示例0000001有限公司"}
    assert all(uscc(1) not in item["title"] for item in inbox["items"])
    assert {item["correlation_id"] for item in inbox["items"]} >= {"early"}


def test_assignment_and_hand_over_are_one_transaction(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.tell(assessed(uscc(1)))

    class Killed(Exception):
        pass

    from chassis.context import Context
    from services.notification.handlers import cover_enterprise

    with pytest.raises(Killed), suite.db.transaction(Context(event_id=ids.new_id())) as tx:
        cover_enterprise(tx, registered(uscc(1)))
        tx.flush()
        raise Killed
    assert suite.holders() == {}
    assert [message.state for message in suite.messages()] == ["pending"]
    suite.tell(registered(uscc(1)))
    assert suite.inbox("a")["unread"] == 1


def test_unread_messages_follow_a_move_and_read_ones_stay(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.commissioner("b", "341321")
    suite.tell(registered(uscc(1)))
    suite.tell(assessed(uscc(1)))
    seen = suite.inbox("a")["items"][0]["id"]
    suite.http.post(f"/api/notification/v1/inbox/{seen}/read", headers=suite.as_commissioner("a"))
    suite.tell(whitelisted(uscc(1)))
    suite.tell(updated(uscc(1), "341321", version=2))
    assert suite.inbox("a")["unread"] == 0
    assert [item["id"] for item in suite.inbox("a", state="read")["items"]] == [seen]
    [moved] = suite.inbox("b", state="all")["items"]
    assert moved["kind"]["code"] == "whitelist_entered"


def test_an_unread_message_takes_the_new_name_of_the_enterprise(covered: Suite) -> None:
    covered.tell(assessed(uscc(1)))
    covered.tell(updated(uscc(1), version=2, name="宿州新名字有限公司"))
    [message] = covered.inbox("a")["items"]
    assert "宿州新名字有限公司" in message["title"]
    assert len(covered.messages()) == 1


def test_a_handler_without_an_event_in_hand_is_a_programming_error(suite: Suite) -> None:
    from services.notification.handlers import tell_eligible

    with pytest.raises(RuntimeError, match="event's id"), suite.db.transaction() as tx:
        tell_eligible(tx, assessed(uscc(1)))
    assert suite.messages() == []


def test_an_assignment_by_hand_keeps_its_reason_and_takes_the_messages_along(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.commissioner("b", "3413")
    suite.tell(registered(uscc(1)))
    suite.tell(assessed(uscc(1)))
    with suite.db.transaction() as tx:
        assign_by_hand(tx, uscc(1), "b", "企业要求")
    assert suite.inbox("a")["unread"] == 0
    assert suite.inbox("b")["unread"] == 1
    suite.tell(updated(uscc(1), version=2, name="改名"))
    assert suite.holders() == {uscc(1): "b"}  # nothing but a move out of the area undoes it
    with suite.db.reading() as tx:
        audited = tx.session.scalars(select(AuditRow.details).where(AuditRow.subject == uscc(1))).all()
    assert audited[-1] == {"commissioner": "b", "previous": "a", "reason": "by_hand", "messages": 1}


def test_every_message_tells_its_source_once(covered: Suite) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    event = assessed(uscc(1))
    covered.tell(event, first)
    covered.tell(event, second)
    assert {message.source_event_id for message in covered.messages()} == {first, second}


def test_a_finding_that_is_the_last_thing_missing_makes_one_message_with_the_clause(covered: Suite) -> None:
    event = FindingRequested(
        uscc=uscc(1),
        request_id=str(ids.new_id()),
        finding="market_position_leading",
        finding_label="主导产品市场占有率较为靠前",
        titles=("specialized_sme",),
        title_labels=("专精特新中小企业",),
        document="工信部企业〔2026〕2号 附件1 第五项",
        quotation="主导产品在国内或国际细分市场占有率较为靠前",
        evidence=("企业说明", "行业协会或第三方材料"),
        district_code="341302",
        opening=1,
        requested_on=dt.date(2026, 11, 24),
    )
    covered.tell(event)
    [message] = covered.inbox("a")["items"]
    assert message["kind"] == {"code": "finding_requested", "label": "待认定事项"}
    assert "只差一项认定" in message["title"]
    assert "工信部企业〔2026〕2号 附件1 第五项" in message["body"]
    assert "企业说明、行业协会或第三方材料" in message["body"]
    assert "测算结果仅供参考，不作为认定依据" in message["body"]
    assert message["details"]["request_id"] == event.request_id
