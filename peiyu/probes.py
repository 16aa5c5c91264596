"""What the running suite says of itself over HTTP, asked with the standard library alone."""

import http.client
import json
from typing import Any

from peiyu.ports import ADDRESS

Answer = tuple[int, dict[str, Any]]


def ask(port: int, path: str, seconds: float = 10.0) -> Answer | None:
    """Status and JSON body of a GET; None when nobody answers."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = json.loads(response.read() or b"{}")
        return response.status, body if isinstance(body, dict) else {}
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def services_ready(port: int) -> bool:
    """Whether every service can do its work, whatever has been loaded so far."""
    answer = ask(port, "/health")
    services = answer[1].get("services", {}) if answer else {}
    return bool(services) and all(state == "ready" for state in services.values())


def sample_loaded(port: int) -> bool:
    """Whether the sample is in."""
    answer = ask(port, "/health")
    return answer is not None and answer[1].get("sample_loaded") is True


def healthy(port: int) -> bool:
    """Whether everything is ready: services, sample, first whitelist."""
    answer = ask(port, "/health")
    return answer is not None and answer[0] == 200


def why_not(port: int) -> str:
    """What is not ready, in the words of the suite; empty when all is well."""
    answer = ask(port, "/health")
    if answer is None:
        return "HTTP 进程还没有应答"
    status, body = answer
    return "" if status == 200 else "；".join(body.get("missing", ())) or f"状态 {status}"
