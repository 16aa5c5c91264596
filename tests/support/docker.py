"""Containers of a test session, by testcontainers; those of a session that was killed are removed by the next one."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

_OWNER = "peiyu.tests.session"
"""Label of a container: the process that made it."""


def container(image: str) -> "DockerContainer":
    """A container of this process, not yet started."""
    # Imported here: this module is loaded for every test run, and the client takes a while.
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # The container that would clean up after a killed session comes from a registry, which may not answer.
    testcontainers_config.ryuk_disabled = True
    _remove_those_of_killed_sessions()
    return DockerContainer(image).with_kwargs(labels={_OWNER: str(os.getpid())})


def docker_lacks(image: str, *, pull: bool) -> str | None:
    """Why Docker cannot give us this image, or None when it can."""
    # Asked by hand first: the client leaves a socket open when nobody answers.
    if "DOCKER_HOST" not in os.environ:
        with socket.socket(socket.AF_UNIX) as asked:
            if asked.connect_ex("/var/run/docker.sock") != 0:
                return "Docker does not answer"
    import docker

    try:
        client = docker.from_env(timeout=5)
    except docker.errors.DockerException as error:
        return f"Docker does not answer ({type(error).__name__})"
    try:
        client.ping()
        if not client.images.list(name=image):
            if not pull:
                return f"Docker has no image {image}"
            client.images.pull(image)
    except (docker.errors.DockerException, OSError) as error:
        return f"Docker has no image {image} ({type(error).__name__})"
    finally:
        client.close()
    return None


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _remove_those_of_killed_sessions() -> None:
    """Containers whose session has no process any more."""
    import docker

    client = docker.from_env()
    try:
        for container in client.containers.list(all=True, filters={"label": _OWNER}):
            if not Path(f"/proc/{container.labels[_OWNER]}").exists():
                container.remove(force=True)
    finally:
        client.close()
