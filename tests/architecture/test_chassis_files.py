"""The chassis is a closed list of files: another one needs a line in ADR-0001 and here."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = {
    "__init__", "audit", "auth", "blobs", "bus", "bus_kafka", "bus_kafka_client", "bus_kafka_consumer", "bus_postgres",
    "bus_postgres_group", "clock", "collector", "connections", "consumer", "context", "csv_cells", "db", "dead_letters",
    "dependencies", "errors", "etags", "feed", "health", "http", "idempotency", "ids", "inquiry", "jobs", "keyset",
    "logging", "longpoll", "migrate", "otlp", "outbox", "outbox_lead", "pagination", "plumbing", "problems", "relay",
    "schedule", "settings", "signing", "signing_sm2", "telemetry", "tracing", "wake", "worker",
    "working_days",
}  # fmt: skip


def test_the_chassis_has_the_files_it_is_said_to_have() -> None:
    assert {path.stem for path in (ROOT / "chassis").glob("*.py")} == FILES


def test_no_drawer_is_born() -> None:
    banned = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "shared", "lib", "base_service"}
    ours = ("chassis", "contracts", "gateway", "peiyu", "rulebook", "services", "tests")
    found = [str(path.relative_to(ROOT)) for name in ours for path in (ROOT / name).rglob("*") if path.stem in banned]
    assert found == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    ours = ("chassis", "contracts", "gateway", "peiyu", "rulebook", "services")
    long = {
        str(path.relative_to(ROOT)): count
        for name in ours
        for path in (ROOT / name).rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}
