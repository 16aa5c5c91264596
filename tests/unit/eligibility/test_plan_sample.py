"""Every plan for a slice of the sample keeps what is promised of plans (planned_sample.violations)."""

import pytest

from rulebook.plan_model import Kind, Outcome
from services.eligibility.domain.subjects import inputs_of
from services.eligibility.use_cases.plan_on_request import Situation
from tests.unit.eligibility.planned_sample import TODAY, Region, violations

ENTERPRISES = 5


@pytest.fixture(scope="module")
def region() -> Region:
    return Region(ENTERPRISES)


@pytest.fixture(scope="module")
def whole() -> Region:
    return Region(2_000)


@pytest.mark.slow  # whole plans of real packs, searched and then tried a step shorter
@pytest.mark.parametrize(
    "title",
    ["innovative_sme", "tech_sme", "high_tech", "specialized_sme", "little_giant", "champion", "suzhou_growing_micro",
     "suzhou_industry_giant", "suzhou_specialized_sme", "qianjiang_tech_enterprise", "zhenjiang_small_to_above"],
)  # fmt: skip
def test_every_plan_of_the_sample_keeps_what_is_promised(region: Region, title: str) -> None:
    seen: set[Outcome] = set()
    for enterprise in region.sample.enterprises:
        situation = region.situation(enterprise.uscc, title)
        if situation is None:
            continue
        planned = region.planned(situation)
        assert list(violations(region, situation, planned)) == [], enterprise.uscc
        seen |= {route.outcome for route in planned.plan.routes}
    assert seen, "nothing was planned"


@pytest.mark.slow  # two whole plans with those of the titles needed first
@pytest.mark.parametrize("uscc", ["91500114XYLN78E618", "91630123XYK92Q4062"])
def test_no_step_that_is_a_title_is_dated_before_its_own_plan(whole: Region, uscc: str) -> None:
    """创新型 by way of an honour: where it is 高企, its own plan stands first and bounds the day."""
    situation = whole.situation(uscc, "innovative_sme")
    assert situation is not None
    planned = whole.planned(situation)
    assert list(violations(whole, situation, planned)) == []
    for route in planned.plan.routes:
        for change in route.changes:
            if "高新技术企业" in change.text:
                [own] = [each for each in planned.first if each.plan.title == "high_tech"]
                assert own.plan.best is not None
                assert own.plan.best.opportunity is not None
                assert route.opportunity is not None
                assert own.plan.best.opportunity.day <= change.ready <= route.opportunity.day


def test_a_title_to_obtain_has_its_own_plan_and_what_is_open_in_it_is_said(region: Region) -> None:
    """科技型 by way of 高企, of which nothing is known: the day is the earliest, and may move."""
    known = {
        "tsme_resident_enterprise": True, "prohibited_product": False, "accidents": [], "research_misconduct": [],
        "abnormal_list": False, "dishonest_list": False, "science_awards": [], "rd_institutions": [], "honors": [],
        "led_standards": [], "tsme_ip_class1_count": 0, "tsme_ip_class2_count": 0,
    }  # fmt: skip
    figures = {
        "tsme_total_staff": 100, "tsme_tech_staff": 2, "tsme_sales_revenue_yuan": "50000000.00",
        "tsme_rd_expense_yuan": "100000.00", "tsme_cost_expense_yuan": "40000000.00",
        "total_assets_yuan": "50000000.00",
    }  # fmt: skip
    stored = {
        year: {name: {"value": value, "source": "import"} for name, value in told.items()}
        for year, told in ((0, known), (TODAY.year - 1, figures))
    }
    inputs = inputs_of(
        industry_code="3484", periods=stored.items(), titles=[], titles_known=True, application_date=TODAY
    )
    pack = region.rules.editions.get("tech_sme", "new", TODAY, "320100")
    planned = region.planned(Situation(inputs, "tech_sme", "new", TODAY, pack, None, "320100"))
    best = planned.plan.best
    assert best is not None
    assert [(each.kind, each.title) for each in best.changes] == [(Kind.OBTAIN, "high_tech")]
    [own] = planned.first
    assert own.plan.title == "high_tech"
    assert own.plan.best is not None
    assert own.plan.best.outcome is Outcome.PENDING
    said = f"取得高新技术企业的时间按该称号自身的规划推算：最早 {TODAY} 申报（该规划尚待补齐资料，日期可能推后）"
    assert said in best.assumptions
