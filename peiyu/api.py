"""A small client of our own public API for the installer: a token, JSON, uploads; patient while a process restarts."""

import base64
import hashlib
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

from peiyu.ports import ADDRESS
from peiyu.refusals import CannotRun

PATIENCE_SECONDS = 120.0
"""How long an answer may stay away: a killed process is back within seconds, a database in recovery takes longer."""

PASSING = (429, 502, 503, 504)


@dataclass
class Answer:
    """What came back; `body` is the JSON, an empty dict when there was none."""

    status: int
    body: dict[str, Any]

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        return str(self.body.get("code", ""))


@dataclass
class Client:
    """One API client, signed in when it first needs to be."""

    port: int
    client_id: str
    client_secret: str
    _token: str = field(default="", init=False)

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at `path`; a refusal ends the run."""
        return self._required("GET", path, self.send("GET", path))

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._required("PUT", path, self.send("PUT", path, body))

    def post(
        self, path: str, body: dict[str, Any], *, key: str, there: str | None = None, later: str | None = None
    ) -> dict[str, Any]:
        """Create something once, however often it is asked for with this `key`.

        `there` is the problem code that says it exists already, `later` the one that says to ask again in a moment.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.send("POST", path, body, key=key)
            if there is not None and answer.code == there:
                return {}
            if later is None or answer.code != later or time.monotonic() > until:
                return self._required("POST", path, answer)
            time.sleep(0.25)

    def upload(self, path: str, fields: dict[str, str], name: str, content: bytes, *, key: str) -> dict[str, Any]:
        """Send a file with form fields."""
        # Made from the content: the same upload is the same request, which the server recognises by its bytes.
        mark = hashlib.sha256(content).hexdigest()[:32]
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'.encode()
            for each, value in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
        body = b"".join(parts) + f"\r\n--{mark}--\r\n".encode()
        answer = self._patiently("POST", path, body, f"multipart/form-data; boundary={mark}", key)
        return self._required("POST", path, answer)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Answer:
        """One request, sent again while the answer stays away or says to come later."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self._patiently(method, path, content, "application/json", key)

    def _patiently(self, method: str, path: str, body: bytes | None, media_type: str, key: str) -> Answer:
        until = time.monotonic() + PATIENCE_SECONDS
        pause = 0.1
        while True:
            answer = self._once(method, path, body, media_type, key)
            if answer is not None and answer.status == 401:
                self._token = ""
            elif answer is not None and answer.status not in PASSING:
                return answer
            if time.monotonic() > until:
                said = f"{answer.status} {answer.body}" if answer else "没有应答"
                raise CannotRun(
                    f"接口 {method} {path} 一直没有成功：{said}。请查看日志后重新执行 make up，会接着做完。",
                    f"{method} {path} did not succeed. See the logs, then run make up again: it goes on from there.",
                )
            time.sleep(pause)
            pause = min(pause * 1.6, 2.0)

    def _once(self, method: str, path: str, body: bytes | None, media_type: str, key: str) -> Answer | None:
        if not self._token and not self._sign_in():
            return None
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = media_type
        if key:
            headers["Idempotency-Key"] = key
        return _exchange(self.port, method, path, body, headers)

    def _sign_in(self) -> bool:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        answer = _exchange(self.port, "POST", "/oauth/token", b"grant_type=client_credentials", headers)
        if answer is None or not answer.fine:
            return False
        self._token = str(answer.body["access_token"])
        return True

    @staticmethod
    def _required(method: str, path: str, answer: Answer) -> dict[str, Any]:
        if not answer.fine:
            raise CannotRun(
                f"接口 {method} {path} 拒绝了请求（{answer.status} {answer.code}）：{answer.body.get('detail', '')}",
                f"{method} {path} was refused ({answer.status} {answer.code}).",
            )
        return answer.body


def _exchange(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer | None:
    """None when nobody answers, or the answer breaks off."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        read = json.loads(content) if content else {}
        return Answer(response.status, read if isinstance(read, dict) else {"items": read})
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
