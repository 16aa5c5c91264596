"""Titles that presuppose each other never come into use: refused as a draft, at scheduling and at the moment itself."""

import datetime as dt
from typing import Any

from sqlalchemy import text

from chassis import clock
from services.eligibility.app import PREFIX
from tests.service.eligibility.rules import CASES, PACK, POLICIES, Office

SPECIALIZED, GIANT = "miit-2-2026-specialized", "miit-2-2026-giant"
ASKED = "- {holds: [specialized_sme]}"
REVIEWS = "review: {from: 2027-01-01}"
GATE = (
    "gates:\n  - {id: X-1, label: 已是小巨人, clause: 一, quote: 已是小巨人, evidence: D, modality: must, "
    "kinds: [new], test: {holds: [little_giant]}}\n"
)
CIRCLE = "专精特新中小企业 → 专精特新“小巨人”企业 → 专精特新中小企业"


def shipped(pack: str) -> str:
    return (POLICIES / f"{pack}.yaml").read_text("utf-8")


def circular() -> str:
    """专精特新 of 2026, asking for the title that asks for it."""
    assert shipped(SPECIALIZED).count("gates:\n") == 1
    return shipped(SPECIALIZED).replace("gates:\n", GATE)


def opened() -> str:
    """小巨人 of 2026, also for who holds 创新型 only; for reviews from now on, so that it may begin at once."""
    text = shipped(GIANT)
    assert (text.count(ASKED), text.count(REVIEWS)) == (1, 1)
    return text.replace(ASKED, "- {holds: [specialized_sme, innovative_sme]}").replace(
        REVIEWS, "review: {from: 2026-04-01}"
    )


def submit(office: Office, source: str, pack: str) -> Any:
    return office.client.post(f"{PREFIX}/packs", json={"source": source, "cases": CASES.replace(PACK, pack)})


def ready(office: Office, source: str, pack: str) -> str:
    """A draft that may be scheduled but for what it contradicts."""
    answer = submit(office, source, pack)
    assert answer.status_code == 201, answer.text
    sha256 = str(answer.json()["sha256"])
    assert office.test(sha256)["green"]
    assert office.simulate(sha256)["state"]["code"] == "done"
    return sha256


def test_a_draft_that_closes_a_circle_with_what_is_in_use_is_refused_by_its_line(office: Office) -> None:
    answer = submit(office, circular(), SPECIALIZED)
    assert (answer.status_code, answer.json()["code"]) == (422, "pack-refused")
    (found,) = answer.json()["errors"]
    at = circular().splitlines().index(GATE.splitlines()[1]) + 1
    assert (found["field"], found["code"], found["found"]) == (f"source:{at}", "cycle", "X-1 已是小巨人")
    assert CIRCLE in found["message"]
    asked = shipped(GIANT).splitlines().index("  - id: XJ26-1") + 1
    assert f"（{GIANT}，{GIANT}.yaml 第 {asked} 行 XJ26-1 " in found["message"]
    assert "请改正其中一个规则包的 holds" in found["message"]
    review = circular().replace(
        "kinds: [new], test: {holds: [little_giant]}", "kinds: [review], test: {holds: [little_giant]}"
    )
    assert submit(office, review, SPECIALIZED).status_code == 201, "a review may presuppose what came after"


def test_a_draft_says_what_it_contradicts_in_other_drafts(office: Office) -> None:
    """Nobody has decided on either, so both are kept; of the two only one can be scheduled."""
    loose = opened()
    assert submit(office, loose, GIANT).json()["conflicts"] == []
    sha256 = ready(office, loose.replace("edition: ", "edition: x-"), GIANT)
    assert office.schedule(sha256).status_code == 200
    assert office.turn() == 1
    closed = submit(office, shipped(GIANT).replace("edition: ", "edition: y-"), GIANT).json()
    assert closed["conflicts"] == []
    draft = submit(office, circular(), SPECIALIZED)
    assert draft.status_code == 201
    (conflict,) = draft.json()["conflicts"]
    assert (conflict["code"], conflict["decided"]) == ("cycle", False)
    assert CIRCLE in conflict["message"]
    (other,) = office.read(closed["sha256"])["conflicts"]
    assert other["decided"] is False
    assert office.read(sha256)["conflicts"] == [], "what serves is told of nothing"


def test_what_opens_the_circle_has_to_be_scheduled_first_and_stay(office: Office) -> None:
    tomorrow = clock.today() + dt.timedelta(days=1)
    giant = ready(office, opened(), GIANT)
    assert office.schedule(giant, tomorrow).status_code == 200
    specialized = ready(office, circular(), SPECIALIZED)
    early = office.schedule(specialized)
    assert (early.status_code, early.json()["code"]) == (409, "pack-contradicts")
    assert CIRCLE in early.json()["detail"]
    assert office.schedule(specialized, tomorrow).status_code == 200
    assert office.client.delete(f"{PREFIX}/packs/{giant}/schedule").status_code == 200
    assert office.read(specialized)["conflicts"][0]["decided"]
    with clock.frozen(clock.now() + dt.timedelta(days=1)):
        assert office.turn() == 0
    kept_out = office.read(specialized)
    assert kept_out["state"] == "tested"
    assert CIRCLE in kept_out["remark"]
    assert office.schedule(giant).status_code == 200
    assert office.schedule(specialized).status_code == 200
    assert office.turn() == 2, "the one that opens the way goes first, whatever their hashes"
    assert {office.read(each)["state"] for each in (giant, specialized)} == {"active"}


def test_the_gate_is_asked_again_when_the_moment_has_come(office: Office) -> None:
    """As if a release that did not look for circles had scheduled it."""
    sha256 = ready(office, shipped(SPECIALIZED).replace("edition: ", "edition: x-"), SPECIALIZED)
    assert office.schedule(sha256).status_code == 200
    with office.db.transaction() as tx:
        query = "UPDATE policy_packs SET body = replace(body, E'gates:\\n', :gate) WHERE hash = :hash"
        tx.session.execute(text(query), {"gate": GATE, "hash": sha256})
    office.eligibility.catalog._compiled.cache_clear()
    assert office.turn() == 0
    assert CIRCLE in office.read(sha256)["remark"]
