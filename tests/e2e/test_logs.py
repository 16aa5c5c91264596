"""The logs of a whole journey: one correlation id followed from an officer's request to the last handler."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.journey import REGISTRY, Journey
from tests.e2e.suite import Suite, running, until
from tests.e2e.threads import sentences

pytestmark = pytest.mark.slow

FACTS, TITLE = "journey-0001", "journey-0002"
"""The correlation ids of the import of an enterprise's facts, and of that of its title."""

ASSESSED = [
    ("http.log", "gateway", "request answered"),
    ("worker.log", "registry", "job done"),
    ("worker.log", "registry", "events published", "registry.facts-recorded.v1"),
    ("worker.log", "eligibility", "events handled", "registry.facts-recorded.v1"),
    ("worker.log", "eligibility", "enterprises assessed"),
    ("worker.log", "eligibility", "events published", "eligibility.assessment-changed.v1"),
    ("worker.log", "notification", "events handled", "eligibility.assessment-changed.v1"),
]
WHITELISTED = [
    ("http.log", "gateway", "request answered"),
    ("worker.log", "registry", "job done"),
    ("worker.log", "registry", "events published", "registry.title-recorded.v1"),
    ("worker.log", "finance", "events handled", "registry.title-recorded.v1"),
    ("worker.log", "finance", "events published", "finance.whitelist-changed.v1"),
    ("worker.log", "notification", "events handled", "finance.whitelist-changed.v1"),
]
"""Who must say what of either: (file, service, sentence), and of events of which type.

The lines of a sender and of those it reaches may swap by a millisecond: a message arrives while its sender still notes
that it has gone. Whose work caused whose is what the spans say (test_traces).
"""

PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")
SECRET = re.compile(
    r"eyJ[\w-]{8,}\.|Bearer\s+\S|Basic\s+\S|BEGIN [A-Z ]*PRIVATE KEY|postgres(?:ql)?(?:\+\w+)?://\S*:\S*@"
)
"""A token, credentials in a header, a key, a database's password."""


class Followed(Journey):
    """The journey with one correlation id on everything that imports the facts, and another on the title."""

    def import_its_facts(self) -> None:
        with self.on_the_thread(FACTS):
            super().import_its_facts()

    def import_the_title(self) -> None:
        with self.on_the_thread(TITLE):
            super().import_the_title()

    @contextmanager
    def on_the_thread(self, correlation: str) -> Iterator[None]:
        officer = self.as_("officer")
        officer.headers["X-Correlation-Id"] = correlation
        yield
        del officer.headers["X-Correlation-Id"]


@pytest.fixture(scope="module")
def suite() -> Iterator[Suite]:
    with running() as found:
        Followed(found).run()
        yield found


@pytest.fixture(scope="module")
def lines(suite: Suite) -> list[dict[str, Any]]:
    """Every line of the two processes, each of them JSON. The other logs are what commands say to a person."""
    found = []
    for name in ("http.log", "worker.log"):
        for line in (suite.home / "logs" / name).read_text("utf-8").splitlines():
            found.append(json.loads(line) | {"file": name})
    return found


def test_every_line_says_when_what_and_who(lines: list[dict[str, Any]]) -> None:
    wanted = {"timestamp", "level", "event", "logger", "service"}
    assert [line for line in lines if not wanted <= set(line)] == []
    assert not any("\x1b" in str(value) for line in lines for value in line.values())


@pytest.mark.parametrize(("correlation", "chain"), [(FACTS, ASSESSED), (TITLE, WHITELISTED)], ids=["facts", "title"])
def test_one_correlation_id_is_followed_from_the_request_to_the_last_handler(
    lines: list[dict[str, Any]], correlation: str, chain: list[tuple[str, ...]]
) -> None:
    own = [line for line in lines if line.get("correlation_id") == correlation]
    request = next(line for line in own if line["event"] == "request answered" and line["method"] == "POST")
    assert (request["path"], request["upstream"], request["status"]) == (f"{REGISTRY}/imports", "registry", 202)
    said = {
        (line["file"], line["service"], *sentence): line["timestamp"]
        for line in reversed(own)
        for sentence in sentences(line)
    }
    assert set(chain) <= set(said), sorted(set(chain) - set(said))
    job, handled, last = (said[each] for each in (chain[1], chain[3], chain[-1]))
    assert job < handled < last


def test_no_line_holds_a_phone_number_or_a_secret(suite: Suite, lines: list[dict[str, Any]]) -> None:
    secrets = {each["client_secret"] for each in json.loads((suite.home / "demo-clients.json").read_text()).values()
               if isinstance(each, dict) and "client_secret" in each}  # fmt: skip
    assert secrets
    for path in sorted((suite.home / "logs").iterdir()):
        for line in path.read_text("utf-8").splitlines():
            assert not PHONE.search(line), line
            assert not SECRET.search(line), line
            assert not any(secret in line for secret in secrets), line


def test_a_refusal_is_found_by_the_id_its_answer_gives(suite: Suite) -> None:
    with suite.client("officer") as officer:
        refused = officer.get(f"{REGISTRY}/enterprises", params={"q": "13812345678", "unknown": "secret-word"})
    assert refused.status_code == 422
    wanted = refused.json()["correlation_id"]

    def found() -> list[str]:
        text = (suite.home / "logs" / "http.log").read_text("utf-8")
        return [line for line in text.splitlines() if wanted in line]

    until("its line", found)
    assert all("13812345678" not in line and "secret-word" not in line for line in found()), "a query is not logged"
