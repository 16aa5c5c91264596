"""Every event is emitted by somebody and reacted to, or declared external; the maps say so and are current."""

import ast
from pathlib import Path

import pytest
import yaml

from chassis.errors import DomainError
from contracts.events import ALL
from peiyu import parts, suite
from peiyu.documents import maps

ROOT = Path(__file__).parents[2]
EXTERNAL = {
    "eligibility.flip-list-ready.v1",
    "eligibility.pack-activated.v1",
    "eligibility.pack-retired.v1",
    "eligibility.pack-schedule-withdrawn.v1",
    "eligibility.pack-scheduled.v1",
    "finance.consent-changed.v1",
    "notification.assignment-changed.v1",
    "registry.enterprise-moved.v1",
    "registry.target-at-risk.v1",
    "registry.task-overdue.v1",
    "registry.pool-entered.v1",
    "registry.pool-left.v1",
}
"""Nobody of ours reacts to these yet: they are for other platforms."""


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_event_is_emitted(name: str) -> None:
    assert maps.emitters().get(ALL[name].__name__), f"nobody builds {ALL[name].__name__}"


def test_every_event_is_consumed_or_declared_external() -> None:
    consumed = {event.type for event in maps.reactions()}
    assert set(ALL) - consumed == EXTERNAL


def test_every_reaction_says_in_one_sentence_what_it_does() -> None:
    silent = [(service, handler) for found in maps.reactions().values() for service, handler, says in found if not says]
    assert silent == []


def test_no_service_reacts_to_its_own_events() -> None:
    own = [
        (service, event.type)
        for event, found in maps.reactions().items()
        for service, _, _ in found
        if event.type.startswith(f"{service}.")
    ]
    assert own == []


def test_every_topic_of_an_event_is_declared() -> None:
    declared = yaml.safe_load((ROOT / "deploy" / "topics.yaml").read_text("utf-8"))
    names = set(declared["topics"])
    assert {event.topic for event in ALL.values()} <= names
    assert {f"dlq.{service}" for service in parts.SERVICES if suite.subscriptions(service)} <= names


def test_the_maps_are_current() -> None:
    for path, text in maps.pages():
        assert path.read_text("utf-8") == text, f"run `make maps`: {path.name} differs"


def test_only_the_chassis_commits() -> None:
    """`commit` is called in chassis/db.py (and on connections of its own in chassis/ and peiyu/), nowhere else."""
    found = []
    for name in ("services", "gateway", "rulebook", "contracts"):
        for path in (ROOT / name).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("commit", "rollback"):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def _all_refusals(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(_all_refusals(each) for each in kind.__subclasses__()))


def test_every_refusal_has_a_code_of_its_own() -> None:
    for service in parts.SERVICES:
        suite.migrations(service)
        suite.subscriptions(service)
    codes: dict[str, list[str]] = {}
    for kind in _all_refusals(DomainError):
        if kind.__module__.split(".")[0] in ("services", "gateway", "chassis", "peiyu"):
            codes.setdefault(kind.code, []).append(f"{kind.__module__}.{kind.__name__}")
    families = {kind.code for kind in DomainError.__subclasses__()}
    twice = {code: sorted(names) for code, names in codes.items() if len(names) > 1 and code not in families}
    assert twice == {}
