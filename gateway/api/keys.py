"""The public key with which the gateway's tokens can be verified."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from chassis.auth import PUBLIC
from gateway.tokens.keys import SigningKey

router = APIRouter(tags=["oauth"])


class KeySetOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.get(
    "/.well-known/jwks.json",
    dependencies=[Depends(PUBLIC)],
    response_model=KeySetOut,
    openapi_extra={"security": []},
)
async def read_keys(request: Request, response: Response) -> dict[str, Any]:
    """Read the gateway's public keys. 网关签发令牌所用的公钥。"""
    key: SigningKey = request.app.state.key
    response.headers["Cache-Control"] = "public, max-age=300"
    return key.jwks
