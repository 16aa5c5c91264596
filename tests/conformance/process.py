"""A relay, a subscriber or a bare group member as a process of its own, to be killed or frozen from outside.

python -m tests.conformance.process relay|subscriber|member BUS_URL TOPIC [DATABASE_URL]
"""

import sys
import threading

from chassis.bus import BusUnavailable, PartitionsLost, open_bus
from chassis.bus_postgres import PostgresBus
from chassis.consumer import Subscriber
from chassis.db import Database
from chassis.relay import Relay
from tests.conformance.rig import MEMBER_TIMEOUT, noted_on, write_effect


def main(role: str, bus_url: str, topic: str, database_url: str = "") -> None:
    bus = PostgresBus(bus_url, member_timeout=MEMBER_TIMEOUT) if bus_url.startswith("postgres") else open_bus(bus_url)
    if role == "relay":
        print("ready", flush=True)
        Relay(Database(database_url, name="relay", pool_size=2), bus, "/peiyu/test").run(threading.Event())
    elif role == "subscriber":
        print("ready", flush=True)
        db = Database(database_url, name="subscriber", pool_size=2)
        Subscriber(db, bus, "reader", {noted_on(topic): (write_effect,)}).run(threading.Event())
    elif role == "member":
        poll_and_commit_when_told(bus.consumer("reader", [topic]))


def poll_and_commit_when_told(consumer) -> None:
    """Polls until something comes, says so, waits for a line on standard input, commits, says how that went."""
    while not (polled := consumer.poll(0.2, 500)):
        pass
    print(f"polled {len(polled)}", flush=True)
    sys.stdin.readline()
    try:
        consumer.commit()
        print("committed", flush=True)
    except (PartitionsLost, BusUnavailable) as error:
        print(f"refused {type(error).__name__}", flush=True)
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
