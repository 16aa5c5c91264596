"""Draws the whole sample from a seed."""

from __future__ import annotations

import datetime as dt

from peiyu.sample.accounts import draw_years
from peiyu.sample.application_form import draw_form_current, draw_form_figures, draw_lead_product, draw_update
from peiyu.sample.chance import stream
from peiyu.sample.decisions import commissioners, draw_consent, draw_finding
from peiyu.sample.identity import Identities
from peiyu.sample.model import Consent, Enterprise, Finding, PeriodFacts, Sample, Title
from peiyu.sample.other_titles import draw_other_current, draw_other_figures
from peiyu.sample.profiles import Profile, draw_profile
from peiyu.sample.standing import draw_current_facts, draw_scores, reported_only
from peiyu.sample.titles import draw_titles

DEFAULT_SEED = 20260401
DEFAULT_ENTERPRISES = 2000
CURRENT = 0
"""The fiscal year under which facts as of a date are stored."""


def generate(seed: int, today: dt.date, enterprises: int = DEFAULT_ENTERPRISES) -> Sample:
    """The sample of a seed as of a day; a larger one begins with the same enterprises."""
    year = last_complete_year(today)
    identities = Identities()
    registered: list[Enterprise] = []
    facts: list[PeriodFacts] = []
    findings: list[Finding] = []
    titles: list[Title] = []
    consents: list[Consent] = []
    for index in range(enterprises):
        chance = stream(seed, "enterprise", index)
        profile = draw_profile(chance, index, year)
        enterprise = identities.register(chance, profile)
        own_titles = draw_titles(stream(seed, "titles", index), profile, enterprise.uscc, today)
        registered.append(enterprise)
        titles += own_titles
        facts += _facts(seed, index, profile, enterprise.uscc, own_titles, today)
        officials = stream(seed, "decisions", index)
        if finding := draw_finding(officials, profile, enterprise.uscc, today):
            findings.append(finding)
        consents += draw_consent(officials, profile, enterprise.uscc, today, index + 1)
    return Sample(
        seed=seed,
        today=today,
        year=year,
        enterprises=tuple(registered),
        facts=tuple(facts),
        findings=tuple(findings),
        titles=tuple(titles),
        consents=tuple(consents),
        commissioners=commissioners(),
    )


def last_complete_year(today: dt.date) -> int:
    """t: the fiscal year (a calendar year in China) that has ended before this day."""
    return today.year - 1


def _facts(
    seed: int, index: int, profile: Profile, uscc: str, titles: list[Title], today: dt.date
) -> list[PeriodFacts]:
    """Yearly figures, current facts and scores of one enterprise, without what it did not report."""
    chance = stream(seed, "facts", index)
    gaps = stream(seed, "gaps", index)
    year = last_complete_year(today)
    # streams of their own: what was drawn for the other facts stays as it was
    others, other_gaps = stream(seed, "other-titles", index), stream(seed, "other-gaps", index)
    form, form_gaps = stream(seed, "form", index), stream(seed, "form-gaps", index)
    product, product_gaps = stream(seed, "lead-product", index), stream(seed, "lead-product-gaps", index)
    rows = []
    for each, values in draw_years(chance, profile, year).items():
        more = reported_only(other_gaps, draw_other_figures(others, profile, values), profile.gaps)
        more |= reported_only(form_gaps, draw_form_figures(form, profile, values), profile.gaps)
        more |= reported_only(product_gaps, draw_lead_product(product, profile, values), profile.gaps)
        known = reported_only(gaps, values, profile.gaps) | more
        rows.append(PeriodFacts(uscc, each, "import", dt.date(each, 12, 31), known))
    high_tech = next((title for title in titles if title.title == "high_tech"), None)
    current = draw_current_facts(chance, profile, high_tech, today)
    more = reported_only(other_gaps, draw_other_current(others, profile, current, today), profile.gaps)
    more |= reported_only(form_gaps, draw_form_current(form, profile, current), profile.gaps)
    more |= reported_only(product_gaps, draw_update(product), profile.gaps)
    rows.append(PeriodFacts(uscc, CURRENT, "import", today, reported_only(gaps, current, profile.gaps) | more))
    official, own = draw_scores(chance, profile, today.year)
    for scores, source in ((official, "official_platform"), (own, "import")):
        rows += [
            PeriodFacts(uscc, each, source, min(today, dt.date(each, 12, 31)), {"development_score": score})
            for each, score in scores.items()
        ]
    return rows
