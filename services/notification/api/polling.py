"""`ETag` of what machines poll: taken from the answer itself, so that any difference a caller could see counts."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

from chassis import etags


def unchanged(request: Request, response: Response, body: BaseModel) -> Response | None:
    """304 when the caller has this answer already; otherwise its `ETag` is set on `response`."""
    etag = etags.quoted(hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:32])
    found = etags.not_modified(request, etag)
    if found is None:
        response.headers["ETag"] = etag
    return found
