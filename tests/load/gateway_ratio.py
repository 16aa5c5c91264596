"""What the gateway costs: requests per second and CPU per request beside the bare service, in one run.

    python -m tests.load.gateway_ratio [--rounds 5] [--seconds 2] [--connections 32]

Everything shares this machine, so only the ratios and the CPU time per request mean anything: the rounds are
interleaved, medians are printed, and a run whose bare service moved by more than 20 % says so.
nginx (`proxy_pass` to the same service) is measured too when it is installed.
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from chassis.db import Database
from gateway.bootstrap import Credentials, create_demo_clients
from gateway.migrations import MIGRATIONS
from gateway.store.repositories import Clients
from gateway.tokens.keys import ensure_keys
from gateway.use_cases.change_client import change_client
from tests.load.servers import KINDS
from tests.support.postgres import running_server

PATH = "/api/registry/v1/x"
STREAM_BYTES = 256 * 1024 * 1024
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Target:
    """A server under load and what was measured of it, one value per round."""

    name: str
    port: int
    pids: list[int]
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Sends the same request again as soon as its answer is complete."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self.request = request
        self.latencies = latencies
        self.running = True
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        assert self.transport is not None
        self.started = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.latencies.append(time.perf_counter() - self.started)
        self.buffer = b""
        if self.running:
            self.send()


async def load(port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    """Latencies of all requests answered within `seconds`."""
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Connection(request, latencies), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for transport, protocol in made:
        protocol.running = False
        transport.close()
    return latencies


def measure(target: Target, request: bytes, connections: int, seconds: float) -> None:
    before = cpu_seconds(target.pids)
    latencies = sorted(asyncio.run(load(target.port, request, connections, seconds)))
    used = cpu_seconds(target.pids) - before
    target.rates.append(len(latencies) / seconds)
    target.p50.append(latencies[len(latencies) // 2])
    target.p99.append(latencies[int(len(latencies) * 0.99)])
    target.cpu.append(used / len(latencies) * 1e6)


def cpu_seconds(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def rss_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """The process, once it answers on its port."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None, f"{command} ended"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def start(stack: ExitStack, kind: str, *arguments: str) -> Target:
    port = free_port()
    command = [sys.executable, "-m", "tests.load.servers", kind, str(port), *arguments]
    return Target(kind, port, [stack.enter_context(running(command, port))])


def nginx(stack: ExitStack, folder: Path, upstream: int) -> Target | None:
    """nginx with one worker before the same service, when it is installed."""
    binary = shutil.which("nginx")
    if binary is None:
        return None
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
        events {{}}
        http {{ access_log off; upstream s {{ server 127.0.0.1:{upstream}; keepalive 64; }}
        server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://s; proxy_http_version 1.1;
        proxy_set_header Connection ""; }} }} }}"""
    )
    command = [binary, "-c", str(folder / "nginx.conf"), "-e", "stderr", "-p", str(folder)]
    pid = stack.enter_context(running(command, port))
    workers = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return Target("nginx", port, workers)


def stream(target: Target, authorization: str) -> str:
    """The memory that a long answer takes while it passes."""
    pid = target.pids[0]
    before = highest = rss_kilobytes(pid)
    received = 0
    headers = {"Authorization": authorization}
    url = f"http://127.0.0.1:{target.port}{PATH}/stream?bytes={STREAM_BYTES}"
    started = time.monotonic()
    with httpx.stream("GET", url, headers=headers, timeout=120) as answer:
        for part in answer.iter_raw():
            received += len(part)
            highest = max(highest, rss_kilobytes(pid))
    assert received == STREAM_BYTES
    rate = received / 1024 / 1024 / (time.monotonic() - started)
    grown = (highest - before) / 1024
    return f"{target.name:13} {received >> 20} MiB passed at {rate:.0f} MiB/s; memory grew by {grown:.1f} MiB"


def report(targets: list[Target], base: Target) -> Iterator[str]:
    yield f"{'':13} {'req/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us/req':>11} {'ratio':>7}   min–max"
    for target in targets:
        ratios = [rate / bare for rate, bare in zip(target.rates, base.rates, strict=True)]
        yield (
            f"{target.name:13} {statistics.median(target.rates):9.0f} {statistics.median(target.p50) * 1000:8.2f} "
            f"{statistics.median(target.p99) * 1000:8.2f} {statistics.median(target.cpu):11.0f} "
            f"{statistics.median(ratios):7.3f}   {min(ratios):.3f}–{max(ratios):.3f}"
        )
    moved = max(base.rates) / min(base.rates)
    if moved > 1.2:
        yield f"the bare service itself moved by a factor of {moved:.2f}: repeat on a quieter machine"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_server())
        name = f"gateway_ratio_{os.getpid()}"
        server.create(name)
        stack.callback(server.drop, name)
        url = server.url_for(name)
        officer = prepared(url)
        keys = ensure_keys(folder)
        bare = start(stack, "bare")
        given = (url, str(keys.private), str(keys.public), f"http://127.0.0.1:{bare.port}")
        targets = [bare, *(start(stack, kind, *given) for kind in KINDS if kind != "bare")]
        if (found := nginx(stack, folder, bare.port)) is not None:
            targets.append(found)
        authorization = token(targets[1].port, officer)
        request = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
        for number in range(chosen.rounds + 1):
            for target in targets:
                measure(target, request, chosen.connections, chosen.seconds)
                if number == 0:  # the first round warms up
                    for values in (target.rates, target.p50, target.p99, target.cpu):
                        values.clear()
        print(*report(targets, bare), sep="\n")
        print(*(stream(target, authorization) for target in targets[1:3]), sep="\n")


def prepared(url: str) -> Credentials:
    """The gateway's database at head, with the demonstration's clients; the officer among them."""
    db = Database(url, pool_size=2)
    try:
        MIGRATIONS.upgrade(db)
        made = create_demo_clients(db, environment="local", commissioner="C001", uscc="91110000600037341L")
        officer = next(each.credentials for each in made if each.attributes.role == "officer")
        with db.transaction() as tx:
            row = Clients(tx).get_for_update(officer.client_id, by="")
            change_client(tx, row, {"requests_per_minute": 100_000_000})
    finally:
        db.close()
    return officer


def token(port: int, client: Credentials) -> str:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client.client_id, client.client_secret),
    )
    return f"Bearer {answer.json()['access_token']}"


if __name__ == "__main__":
    main()
