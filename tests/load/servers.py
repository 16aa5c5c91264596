"""The servers that gateway_ratio compares: the bare service, our gateway both ways, and the usual FastAPI proxy."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import logging
from chassis.db import Database
from gateway.app import create_app
from gateway.embedded import mount
from gateway.proxy.over_http import connect
from gateway.settings import Settings

KINDS = ("bare", "in-process", "over-http", "fastapi-httpx")
BODY = b'{"status":"ok","service":"registry","items":[1,2,3]}'
PART = b"x" * 65536


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers a few bytes, or as many as asked for."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"application/json")]
    if not scope["path"].endswith("/stream"):
        headers.append((b"content-length", str(len(BODY)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})
        return
    left = int(parse_qs(scope["query_string"])[b"bytes"][0])
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while left > 0:
        await send({"type": "http.response.body", "body": PART[:left], "more_body": True})
        left -= len(PART)
    await send({"type": "http.response.body", "body": b""})


def usual_proxy(base: str) -> FastAPI:
    """What one finds in most tutorials; it checks nothing."""
    app = FastAPI()
    client = httpx.AsyncClient(base_url=base, limits=httpx.Limits(max_connections=200))

    @app.api_route("/{path:path}", methods=["GET"])
    async def forward(path: str, request: Request) -> Any:
        outgoing = client.build_request(request.method, f"/{path}", content=request.stream())
        answer = await client.send(outgoing, stream=True)
        return StreamingResponse(answer.aiter_raw(), answer.status_code, dict(answer.headers))

    return app


def gateway(kind: str, database: str, private: str, public: str, base: str) -> ASGIApp:
    settings = Settings(
        environment="local",
        database_url=SecretStr(database),
        signing_key_file=Path(private),
        identity_key_file=Path(public),
    )
    upstreams: dict[str, Any] = (
        mount({"registry": service}) if kind == "in-process" else connect({"registry": base}, connect_seconds=2)
    )
    return create_app(settings, Database(database, pool_size=2), upstreams)


def main() -> None:
    kind, port, *given = sys.argv[1:]
    logging.configure("INFO", "json")
    app: ASGIApp = service
    if kind == "fastapi-httpx":
        app = usual_proxy(given[3])
    elif kind != "bare":
        app = gateway(kind, *given)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        log_config=None,
        lifespan="off" if kind == "bare" else "on",
    )


if __name__ == "__main__":
    main()
