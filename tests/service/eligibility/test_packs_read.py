"""Who may change packs and who sees what of them: lists in pages, differences, outlines."""

from chassis import clock
from services.eligibility.app import PREFIX
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import USCC
from tests.service.eligibility.rules import CASES, SHIPPED, TOTAL, Office, shipped_hash, stricter


def test_rules_are_changed_by_those_who_answer_for_everybody(office: Office, identities: Identities) -> None:
    sha256 = office.post(stricter())
    scopes = ["assessments:read", "policies:write"]
    for headers, code in (
        (identities.headers(scopes=scopes, areas=["3413"]), "outside-jurisdiction"),
        (identities.headers(scopes=scopes, roles=["leader"]), "role-refused"),
        (identities.headers(scopes=["assessments:read", "assessments:run"]), "scope-missing"),
    ):
        for method, path, body in (
            ("POST", "", {"source": SHIPPED.replace(TOTAL, 'total: ">= 61 分"')}),
            ("PUT", f"/{sha256}/cases", {"cases": CASES}),
            ("POST", f"/{sha256}/tests", None),
            ("POST", f"/{sha256}/schedule", {"activates_on": clock.today().isoformat()}),
            ("DELETE", f"/{sha256}/schedule", None),
            ("POST", f"/{sha256}/retire", None),
            ("DELETE", f"/{sha256}", None),
        ):
            answer = office.client.request(method, f"{PREFIX}/packs{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, code), (method, path)


def test_an_enterprise_sees_the_rules_in_use_and_no_draft(office: Office, identities: Identities) -> None:
    sha256 = office.post(stricter())
    own = identities.headers(scopes=["assessments:read"], roles=["enterprise"], uscc=USCC, areas=[])
    listed = office.client.get(f"{PREFIX}/packs", headers=own).json()
    assert {each["state"] for each in listed} == {"active"}
    assert office.client.get(f"{PREFIX}/packs", params={"state": "draft"}, headers=own).json() == []
    for path in ("", "/source", "/outline"):
        assert office.client.get(f"{PREFIX}/packs/{sha256}{path}", headers=own).status_code == 404


def test_an_enterprise_goes_on_seeing_rules_that_may_come_back(office: Office, identities: Identities) -> None:
    before = shipped_hash(office)
    office.use(stricter())
    assert office.test(before)["green"]
    own = identities.headers(scopes=["assessments:read"], roles=["enterprise"], uscc=USCC, areas=[])
    assert office.client.get(f"{PREFIX}/packs/{before}/source", headers=own).status_code == 200
    listed = office.client.get(f"{PREFIX}/packs", headers=own).json()
    assert "tested" in {each["state"] for each in listed}


def test_packs_are_listed_in_pages(office: Office) -> None:
    first = office.client.get(f"{PREFIX}/packs", params={"limit": 5})
    assert len(first.json()) == 5
    seen = [each["id"] for each in first.json()]
    link = first.headers.get("link")
    while link:
        page = office.client.get(link.split(">")[0].removeprefix("<"))
        seen += [each["id"] for each in page.json()]
        link = page.headers.get("link")
    assert seen == [each["id"] for each in office.client.get(f"{PREFIX}/packs").json()]
    assert seen == sorted(seen)


def test_two_versions_are_compared_and_one_is_outlined(office: Office) -> None:
    sha256, before = office.post(stricter()), shipped_hash(office)
    found = office.client.get(f"{PREFIX}/packs/{sha256}/differences", params={"base": before}).json()
    assert [(each["id"], each["before"], each["after"]) for each in found] == [("score", "≥60 分", "≥99 分")]
    said = office.client.get(f"{PREFIX}/packs/{sha256}/outline").json()
    assert {"depth": 2, "text": "总分 ≥99 分", "clause": ""} in said
