"""The runbooks of docs/operations.md for lost data, command by command."""

import datetime as dt
import subprocess
from collections.abc import Mapping, Sequence

from peiyu.parts import PARTS, SERVICES
from peiyu.sample.model import Sample
from tests.compose.books import Books
from tests.compose.installation import Installation
from tests.e2e.suite import until

NOBODY = Sample(seed=0, today=dt.date.min, year=0)


def backed_up(installation: Installation, part: str) -> bytes:
    return _in_postgres(installation, ["pg_dump", "-U", "postgres", "-Fc", f"peiyu_{part}"])


def restore(installation: Installation, part: str, dump: bytes) -> None:
    restoring = ["pg_restore", "-U", "postgres", "--clean", "--if-exists", "--exit-on-error", "-d", f"peiyu_{part}"]
    _in_postgres(installation, restoring, dump)


def restore_all(installation: Installation, dumps: Mapping[str, bytes]) -> None:
    """The five databases of one moment, and Kafka without a message of a time that has not been."""
    installation.compose("stop", *[each for each in installation.services() if each != "postgres"], seconds=300)
    for part in PARTS:
        restore(installation, part, dumps[part])
    installation.compose("rm", "-f", "kafka")
    subprocess.run(["docker", "volume", "rm", f"{installation.name}_kafka"], check=True, capture_output=True)
    installation.compose("up", "-d", seconds=1800)
    until("a healthy installation", installation.healthy)


def resend(installation: Installation, services: Sequence[str] = SERVICES) -> None:
    """Everything that was sent in the last hour: too much costs time, too little loses events."""
    for service in services:
        installation.compose(
            "exec", "-T", service, "python", "-m", "peiyu", "outbox", "resend", service, "--hours", "1"
        )


def not_acted_upon(installation: Installation) -> list[str]:
    """What was announced, and whom it has not reached. Who has heard of what a restored database forgot is well."""
    return [fault for fault in Books(installation, NOBODY).deliveries() if "has not acted upon" in fault]


def _in_postgres(installation: Installation, command: Sequence[str], given: bytes | None = None) -> bytes:
    (server,) = installation.containers("postgres")
    ran = subprocess.run(
        ["docker", "exec", "-i", server, *command], input=given, capture_output=True, timeout=600, check=False
    )
    assert ran.returncode == 0, f"{' '.join(command)}: {ran.stderr.decode(errors='replace')[-2000:]}"
    return ran.stdout
