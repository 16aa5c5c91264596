"""When a title stands on the whitelist, and which change with which reason brings it there or away."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from services.finance.domain.changes import REASON_LABELS, TYPE_LABELS, Change, absence, decide
from services.finance.domain.rows import canonical, row_of
from services.finance.domain.titles import Enterprise, Title

TODAY = dt.date(2026, 3, 4)
ENTERPRISE = Enterprise(uscc="91341300MA2N0000X1", name="甲公司", status="active", district_code="341302")
TITLE = Title(
    title_id="t-1",
    title="specialized_sme",
    title_label="专精特新中小企业",
    state="valid",
    announced_on=dt.date(2023, 3, 1),
    valid_from=dt.date(2023, 3, 4),
    valid_to=dt.date(2026, 3, 4),
)


def enterprise(**changes: Any) -> Enterprise:
    return dataclasses.replace(ENTERPRISE, **changes)


def title(**changes: Any) -> Title:
    return dataclasses.replace(TITLE, **changes)


LISTED = canonical(row_of(ENTERPRISE, TITLE))


@pytest.mark.parametrize(
    ("state", "status", "valid_to", "expected"),
    [
        ("valid", "active", dt.date(2026, 3, 4), None),  # the last day counts
        ("valid", "active", dt.date(2026, 3, 3), "title_expired"),
        ("valid", "active", None, None),
        ("under_review", "active", dt.date(2025, 12, 31), None),  # 复核中 stays, flagged
        ("publicized", "active", dt.date(2029, 1, 1), "title_not_in_force"),
        ("expired", "active", dt.date(2029, 1, 1), "title_expired"),
        ("cancelled", "active", dt.date(2029, 1, 1), "title_cancelled"),
        ("a state of the future", "active", dt.date(2029, 1, 1), "title_not_in_force"),
        ("valid", "deregistered", dt.date(2029, 1, 1), "struck_off"),
        ("valid", "revoked", dt.date(2029, 1, 1), "struck_off"),
        ("valid", "annulled", dt.date(2029, 1, 1), "struck_off"),
        ("valid", "suspended", dt.date(2029, 1, 1), None),
        ("valid", "moved_out", dt.date(2029, 1, 1), None),
        ("under_review", "deregistered", dt.date(2029, 1, 1), "struck_off"),
    ],
)
def test_who_stands_on_the_list(state: str, status: str, valid_to: dt.date | None, expected: str | None) -> None:
    assert absence(enterprise(status=status), title(state=state, valid_to=valid_to), TODAY) == expected


def test_a_first_recording_enters_with_the_date_of_the_document() -> None:
    assert decide(None, None, ENTERPRISE, TITLE, TODAY) == Change(
        "entered", "title_recorded", dt.date(2023, 3, 4), line=LISTED
    )


def test_what_says_the_right_thing_already_gets_no_change() -> None:
    assert decide(LISTED, None, ENTERPRISE, TITLE, TODAY) is None
    assert decide(None, None, ENTERPRISE, title(state="cancelled"), TODAY) is None


@pytest.mark.parametrize(
    ("new_enterprise", "new_title", "reason", "changed"),
    [
        ({"name": "乙公司"}, {}, "renamed", ("name",)),
        ({"district_code": "321102", "district_name": "京口区"}, {}, "moved", ("district_code", "district_name")),
        ({"risk_flags": ("stopped",)}, {}, "risk_flags_changed", ("risk_flags",)),
        ({"listing_status": "北交所"}, {}, "listing_changed", ("listing_status",)),
        ({"size_class": "medium"}, {}, "size_changed", ("size_class",)),
        ({"industry_code": "3911"}, {}, "industry_changed", ("industry_code",)),
        ({"industry_name": "计算机整机制造"}, {}, "details_updated", ("industry_name",)),
        ({}, {"valid_to": dt.date(2029, 3, 3)}, "title_renewed", ("valid_to",)),
        ({}, {"valid_to": dt.date(2026, 3, 5)}, "title_renewed", ("valid_to",)),
        ({}, {"valid_to": None}, "title_renewed", ("valid_to",)),
        ({}, {"batch": "第三批"}, "title_corrected", ("batch",)),
        ({}, {"state": "under_review"}, "under_review", ("state", "state_label")),
        ({"name": "乙公司", "district_code": "321102"}, {}, "renamed", ("name", "district_code")),
    ],
)
def test_a_change_says_why_and_what(
    new_enterprise: dict[str, Any], new_title: dict[str, Any], reason: str, changed: tuple[str, ...]
) -> None:
    after = enterprise(**new_enterprise), title(**new_title)
    line = canonical(row_of(*after))
    assert decide(LISTED, None, *after, TODAY) == Change("changed", reason, TODAY, changed, line)


def test_a_passed_review_is_said_to_be_one() -> None:
    listed = canonical(row_of(ENTERPRISE, title(state="under_review")))
    change = decide(listed, None, ENTERPRISE, title(valid_to=dt.date(2029, 3, 3)), TODAY)
    assert change is not None
    assert change.reason == "review_passed"
    assert change.changed == ("valid_to", "state", "state_label")


@pytest.mark.parametrize(
    ("new_enterprise", "new_title", "reason", "effective_on"),
    [
        ({}, {"valid_to": dt.date(2026, 2, 28)}, "title_expired", dt.date(2026, 3, 1)),
        ({}, {"state": "expired"}, "title_expired", TODAY),
        ({}, {"state": "cancelled"}, "title_cancelled", TODAY),
        ({}, {"state": "publicized"}, "title_not_in_force", TODAY),
        ({"status": "deregistered"}, {}, "struck_off", TODAY),
    ],
)
def test_leaving_says_why_and_from_when(
    new_enterprise: dict[str, Any], new_title: dict[str, Any], reason: str, effective_on: dt.date
) -> None:
    after = enterprise(**new_enterprise), title(**new_title)
    assert decide(LISTED, None, *after, TODAY) == Change("left", reason, effective_on)


@pytest.mark.parametrize(
    ("left_because", "reason"),
    [
        ("title_expired", "title_renewed"),
        ("title_cancelled", "cancellation_revoked"),
        ("struck_off", "reinstated"),
        ("title_not_in_force", "title_recorded"),
    ],
)
def test_coming_back_says_after_what(left_because: str, reason: str) -> None:
    change = decide(None, left_because, ENTERPRISE, TITLE, TODAY)
    assert change is not None
    assert (change.type, change.reason) == ("entered", reason)


def test_every_type_and_reason_has_a_chinese_label() -> None:
    assert set(TYPE_LABELS) == {"entered", "changed", "left"}
    assert all(label and not label.isascii() for label in (*TYPE_LABELS.values(), *REASON_LABELS.values()))
