"""The pages a person opens: the landing page, and the API page, which loads nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from chassis import etags
from chassis.auth import PUBLIC
from gateway.api.documents import Documents

_PAGES = Path(__file__).resolve().parent.parent / "pages"

router = APIRouter(tags=["pages"])


class Page:
    """An HTML file with its style and script put in; the policy allows these two by their hashes and nothing else."""

    def __init__(self, name: str, *, style: str, script: str | None = None) -> None:
        css = (_PAGES / style).read_text("utf-8")
        javascript = (_PAGES / script).read_text("utf-8") if script else ""
        html = (_PAGES / name).read_text("utf-8")
        html = html.replace("/*STYLE*/", css).replace("/*SCRIPT*/", javascript)
        scripts = f"'sha256-{_hash(javascript)}'" if script else "'none'"
        self.body = html.encode()
        self.headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_hash(css)}'; script-src {scripts}; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
            "ETag": etags.quoted(hashlib.sha256(self.body).hexdigest()[:32]),
        }

    def answer(self, request: Request) -> Response:
        if etags.matches(request.headers.get("if-none-match"), self.headers["ETag"]):
            return Response(status_code=304, headers={"ETag": self.headers["ETag"]})
        return Response(self.body, media_type="text/html; charset=utf-8", headers=self.headers)


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


LANDING = Page("landing.html", style="pages.css")
DOCS = Page("docs.html", style="pages.css", script="docs.js")


@router.get("/", dependencies=[Depends(PUBLIC)], include_in_schema=False)
async def read_landing(request: Request) -> Response:
    """The landing page."""
    return LANDING.answer(request)


@router.get("/docs", dependencies=[Depends(PUBLIC)], include_in_schema=False)
async def read_docs(request: Request) -> Response:
    """The API page."""
    return DOCS.answer(request)


@router.get("/openapi.json", dependencies=[Depends(PUBLIC)], include_in_schema=False)
async def read_document(request: Request) -> Response:
    """The API document of the whole suite."""
    documents: Documents = request.app.state.documents
    body, etag = await documents.merged()
    if unchanged := etags.not_modified(request, etag):
        return unchanged
    return Response(body, media_type="application/json", headers={"ETag": etag, "Cache-Control": "no-cache"})


def take_over_documents(app: FastAPI) -> None:
    """FastAPI would answer /openapi.json with the gateway's own part alone; `app.openapi()` still gives that."""
    routes: list[Any] = app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", None) != app.openapi_url]
