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


def answers(port: int) -> bool:
    """Whether the HTTP process is alive."""
    answer = ask(port, "/health/live")
    return answer is not None and answer[0] == 200


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
    return "" if status == 200 else json.dumps(body.get("checks", body), ensure_ascii=False)
