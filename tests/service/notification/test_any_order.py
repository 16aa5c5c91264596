"""Whatever the order and the repetitions of events, the inboxes end the same, and nothing is lost or doubled."""

import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events.base import Event
from tests.service.notification.conftest import Suite, assessed, registered, titled, updated, uscc, whitelisted

COMMISSIONERS = {"yongqiao": "341302", "dangshan": "341321"}

Told = tuple[uuid.UUID, Event]


def story(number: int, home: str, moves_to: str | None) -> list[Event]:
    """What happens to one enterprise, in the order in which it happens."""
    code = uscc(number)
    ends = moves_to or home
    return [
        registered(code, home, version=1),
        assessed(code, "unknown"),
        titled(code, home, version=2),
        whitelisted(code, seq=number + 1),
        assessed(code, "eligible", "unknown"),
        updated(code, ends, version=3, name=f"更名后的企业{number}"),
        assessed(code, "not_eligible", "eligible"),
        assessed(code, "eligible", "not_eligible"),
        whitelisted(code, "left", seq=number + 100),
    ]


def outcome(suite: Suite) -> dict[str, Any]:
    """What people see at the end, without instants and ids made here."""
    suite.loads()
    seen: dict[str, Any] = {"holders": suite.holders()}
    for code in COMMISSIONERS:
        items = suite.inbox(code, limit=200)["items"]
        seen[code] = sorted((item["kind"]["code"], item["title"], item["body"], item["why"]) for item in items)
    seen["sources"] = sorted((str(row.source_event_id), row.kind, row.uscc, row.state) for row in suite.messages())
    return seen


def play(suite: Suite, events: list[Told], arrivals: dict[str, int]) -> dict[str, Any]:
    """Tell the events; commissioner c comes before the event of number `arrivals[c]`."""
    suite.wipe()
    for place in range(len(events) + 1):
        for code, area in COMMISSIONERS.items():
            if min(arrivals[code], len(events)) == place:
                suite.commissioner(code, area)
        if place < len(events):
            event_id, event = events[place]
            suite.tell(event, event_id)
    return outcome(suite)


districts = st.sampled_from(["341302", "341321", "321102"])
ENTERPRISES = st.lists(st.tuples(districts, st.none() | districts), min_size=1, max_size=3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(enterprises=ENTERPRISES, data=st.data())
def test_any_order_and_any_repetition_end_in_the_same_inboxes(
    suite: Suite, enterprises: list[tuple[str, str | None]], data: st.DataObject
) -> None:
    stories = [story(number, home, moves_to) for number, (home, moves_to) in enumerate(enterprises)]
    events: list[Told] = [(uuid.uuid4(), event) for each in stories for event in each]
    expected = play(suite, events, {"yongqiao": 0, "dangshan": 0})
    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations(repeated))
    arrivals = {code: data.draw(st.integers(0, len(shuffled))) for code in COMMISSIONERS}
    assert play(suite, shuffled, arrivals) == expected
    finally_at = [moves_to or home for home, moves_to in enterprises]
    assert len(expected["sources"]) == 4 * len(enterprises)
    delivered = [place in COMMISSIONERS.values() for place in finally_at]
    assert sum(state == "delivered" for *_, state in expected["sources"]) == 4 * sum(delivered)
