"""How the token endpoint is described: its form and its refusals are OAuth's, not those of the other interfaces."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class TokenOut(BaseModel):
    """An access token (RFC 6749, 5.1)."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="有效秒数")
    scope: str = Field(description="令牌包含的权限，以空格分隔")


class TokenRefusedOut(BaseModel):
    """A refusal (RFC 6749, 5.2)."""

    error: Literal[
        "invalid_request",
        "invalid_client",
        "invalid_scope",
        "unsupported_grant_type",
        "slow_down",
        "temporarily_unavailable",
    ]
    error_description: str = Field(description="ASCII, as the RFC demands")
    detail: str = Field(description="中文说明：下一步怎么做")


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": TokenOut, "description": "令牌"},
    400: {"model": TokenRefusedOut, "description": "`invalid_request`、`invalid_scope`、`unsupported_grant_type`"},
    401: {"model": TokenRefusedOut, "description": "`invalid_client`：标识或密钥不正确，或客户端已停用"},
    429: {"model": TokenRefusedOut, "description": "`slow_down`：失败次数过多或请求过于频繁，见 Retry-After"},
    503: {"model": TokenRefusedOut, "description": "`temporarily_unavailable`"},
}

TOKEN_REQUEST: dict[str, Any] = {
    "security": [{"client": []}, {}],
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                        "scope": {"type": "string", "description": "申请的权限，以空格分隔；不填为全部"},
                    },
                }
            }
        },
    },
}
