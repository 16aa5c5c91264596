"""Serves published bytes: compressed once, chosen by Accept-Encoding, 304 by hash, ranges for broken downloads."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from chassis import etags
from services.finance.domain.manifest import MEDIA_TYPES
from services.finance.store.files import Contents, Form, Offer
from services.finance.store.packing import GZIP, IDENTITY, ZSTD

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATE = "private, no-cache"
_PREFERENCE = (ZSTD, GZIP, IDENTITY)
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def content_response(
    request: Request, offer: Offer, contents: Contents, *, cache: str, headers: Mapping[str, str]
) -> Response:
    """The content in the encoding that the caller likes best; its ETag is the sha256 of the bytes that travel."""
    form = _chosen(request.headers.get("accept-encoding"), offer.forms)
    known = request.headers.get("if-none-match")
    held = next((each for each in (form, *offer.forms) if etags.matches(known, etags.quoted(each.sha256))), None)
    common = {**headers, "Cache-Control": cache, "Vary": "Accept-Encoding", "Accept-Ranges": "bytes"}
    if held is not None:
        return Response(status_code=304, headers={**common, "ETag": etags.quoted(held.sha256)})
    common |= {
        "ETag": etags.quoted(form.sha256),
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(form.sha256)).decode()}:",
        "Peiyu-Content-SHA256": next(each.sha256 for each in offer.forms if each.encoding == IDENTITY),
        "Content-Type": MEDIA_TYPES[form.format],
    }
    if form.encoding != IDENTITY:
        common["Content-Encoding"] = form.encoding
    start, end = _range(request, form)
    if start is None or end is None:
        return Response(status_code=416, headers={**common, "Content-Range": f"bytes */{form.size}"})
    common["Content-Length"] = str(end - start)
    partial = (start, end) != (0, form.size)
    if partial:
        common["Content-Range"] = f"bytes {start}-{end - 1}/{form.size}"
    if request.method == "HEAD":
        return Response(status_code=206 if partial else 200, headers=common)
    body = contents.read(form, offer, start, end - start)
    return StreamingResponse(body, status_code=206 if partial else 200, headers=common)


def _chosen(accepted: str | None, forms: Sequence[Form]) -> Form:
    offered = {form.encoding: form for form in forms}
    weights = _weights(accepted)
    ranked = sorted(
        (encoding for encoding in _PREFERENCE if encoding in offered),
        key=lambda encoding: -weights.get(encoding, weights.get("*", 0.001 if encoding == IDENTITY else 0.0)),
    )
    best = ranked[0]
    return offered[best] if best == IDENTITY or weights.get(best, weights.get("*", 0.0)) > 0 else offered[IDENTITY]


def _weights(accepted: str | None) -> dict[str, float]:
    """Accept-Encoding as coding → weight; what cannot be read is not asked for."""
    weights: dict[str, float] = {}
    for part in (accepted or "").lower().split(","):
        coding, _, weight = part.partition(";")
        match = re.match(r"^\s*q\s*=\s*(\d(?:\.\d{0,3})?)\s*$", weight)
        weights[coding.strip()] = float(match.group(1)) if match else (0.0 if weight.strip() else 1.0)
    return weights


def _range(request: Request, form: Form) -> tuple[int, int] | tuple[None, None]:
    """The bytes asked for as (start, end); the whole when no single range is; nulls when it lies outside."""
    match = _RANGE.match(request.headers.get("range", ""))
    condition = request.headers.get("if-range")
    if match is None or (condition is not None and condition != etags.quoted(form.sha256)):
        return 0, form.size
    first, last = match.groups()
    if not first and not last:
        return 0, form.size
    start = int(first) if first else max(0, form.size - int(last))
    end = min(int(last) + 1, form.size) if first and last else form.size
    return (start, end) if start < end else (None, None)
