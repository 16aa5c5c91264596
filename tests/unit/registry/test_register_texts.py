"""Capital, status and names as registers write them; every row of the real file is accounted for."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from services.registry.domain import capital, names, status
from services.registry.domain.capital import Capital, CapitalProblem
from services.registry.domain.status import RegistrationStatus, StatusProblem


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("500万元人民币", "5000000", "CNY"),
        ("49 万美元", "490000", "USD"),
        ("人民币1,000万元", "10000000", "CNY"),
        ("１０００．５万元（人民币）", "10005000", "CNY"),
        ("500万", "5000000", "CNY"),
        ("1000000元整", "1000000", "CNY"),
        ("2.5亿元", "250000000", "CNY"),
        ("3千万人民币元", "30000000", "CNY"),
        ("30万瑞士法郎", "300000", "CHF"),
        ("200万新加坡元", "2000000", "SGD"),
        ("600万港币", "6000000", "HKD"),
        ("0万元人民币", "0", "CNY"),
        ("7109.5375万元人民币", "71095375", "CNY"),
    ],
)
def test_capital_is_read_with_its_unit_and_currency(text: str, amount: str, currency: str) -> None:
    assert capital.parse(text) == Capital(Decimal(amount), currency)


@pytest.mark.parametrize("text", ["", "  ", "-", "—", "/", "无"])
def test_a_blank_capital_is_missing_not_zero(text: str) -> None:
    assert capital.parse(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("500", "capital-unit-missing"),
        ("五百万元", "capital-unreadable"),
        ("-5万元", "capital-unreadable"),
        ("1,0万元", "capital-unreadable"),
        ("约500万元", "capital-unreadable"),
        ("500万美元港元", "capital-currencies"),
        ("99999999999999亿元", "capital-too-large"),
    ],
)
def test_an_unclear_capital_is_refused_with_the_reason(text: str, code: str) -> None:
    problem = capital.parse(text)
    assert isinstance(problem, CapitalProblem)
    assert problem.code == code
    assert text in problem.message


def test_a_bare_number_takes_the_unit_of_its_column() -> None:
    assert capital.parse("500", unit="万元") == Capital(Decimal(5_000_000), "CNY")
    assert capital.parse("500", unit="万美元") == Capital(Decimal(5_000_000), "USD")
    assert capital.parse("500万元", unit="元") == Capital(Decimal(5_000_000), "CNY")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("存续（在营、开业、在册）", RegistrationStatus.ACTIVE),
        ("存续(在营、开业、在册)", RegistrationStatus.ACTIVE),
        ("在业", RegistrationStatus.ACTIVE),
        (" 开业 ", RegistrationStatus.ACTIVE),
        ("停业", RegistrationStatus.SUSPENDED),
        ("吊销，未注销", RegistrationStatus.REVOKED),
        ("吊销，已注销", RegistrationStatus.DEREGISTERED),
        ("注销", RegistrationStatus.DEREGISTERED),
        ("迁出", RegistrationStatus.MOVED_OUT),
        ("撤销", RegistrationStatus.ANNULLED),
    ],
)
def test_both_vocabularies_lead_to_the_same_states(text: str, expected: RegistrationStatus) -> None:
    assert status.parse(text) is expected


def test_only_an_active_enterprise_is_in_operation_and_every_state_has_a_label() -> None:
    assert [state for state in RegistrationStatus if state.operating] == [RegistrationStatus.ACTIVE]
    for state in RegistrationStatus:
        assert status.parse(state.label) is state


def test_an_unknown_status_is_refused_and_a_blank_one_is_missing() -> None:
    problem = status.parse("营业中？")
    assert isinstance(problem, StatusProblem)
    assert "营业中？" in problem.message
    assert status.parse(" ") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("科晶达（深圳）电子有限公司", "科晶达(深圳)电子有限公司"),
        ("科晶达（深圳）电子有限公司", " 科晶达 （ 深圳 ） 电子有限公司\u200b"),
        ("ＡＢＣ科技有限公司", "abc科技有限公司"),
        ("甲〔乙〕丙有限公司", "甲（乙）丙有限公司"),
        ("艾克・拜尔有限公司", "艾克·拜尔有限公司"),
    ],
)
def test_two_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert names.comparison_key(one) == names.comparison_key(other)


def test_different_names_keep_different_keys_and_the_original_is_kept() -> None:
    assert names.comparison_key("安徽甲有限公司") != names.comparison_key("安徽甲股份有限公司")
    name = names.read(" 科晶达（深圳）电子有限公司 ")
    assert name.original == "科晶达（深圳）电子有限公司"
    assert name.key == "科晶达(深圳)电子有限公司"


def test_every_capital_and_status_of_the_real_file_is_read(real_companies: list[dict[str, str]]) -> None:
    capitals = Counter[str]()
    states = Counter[object]()
    for row in real_companies:
        value = capital.parse(row["reg_capital_raw"])
        assert not isinstance(value, CapitalProblem), row["reg_capital_raw"]
        capitals["missing" if value is None else value.currency] += 1
        states[status.parse(row["status_raw"])] += 1
    assert capitals == {"CNY": 1923, "missing": 70, "USD": 3, "HKD": 2, "CHF": 1, "SGD": 1}
    assert states == {RegistrationStatus.ACTIVE: 2000}


def test_the_real_names_are_distinct_by_key_as_well(real_companies: list[dict[str, str]]) -> None:
    keys = {names.comparison_key(row["name"]) for row in real_companies}
    assert len(keys) == len(real_companies)
    assert not any(bracket in key for key in keys for bracket in "（）")
