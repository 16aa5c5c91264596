"""Every plan for a slice of the sample keeps what is promised of plans (planned_sample.violations)."""

import pytest

from rulebook.plan_model import Outcome
from tests.unit.eligibility.planned_sample import Region, violations

ENTERPRISES = 5


@pytest.fixture(scope="module")
def region() -> Region:
    return Region(ENTERPRISES)


@pytest.mark.parametrize(
    "title", ["innovative_sme", "tech_sme", "high_tech", "specialized_sme", "little_giant", "champion"]
)
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
