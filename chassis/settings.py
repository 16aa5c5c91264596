"""The variables that all services share; refuses insecure defaults outside the embedded local run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read once, in the composition root. Every variable is `PEIYU_…`; secrets may be files (`PEIYU_SECRETS_DIR`)."""

    model_config = SettingsConfigDict(env_prefix="PEIYU_", extra="ignore")

    environment: Literal["local", "production"] = "production"
    """`local`: the embedded run on 127.0.0.1 with generated demo clients. Anything else is production."""

    database_url: SecretStr
    """SQLAlchemy URL of this service's own database, `postgresql+psycopg://…`."""

    bus_url: SecretStr = SecretStr("")
    """`kafka://host:port[,host:port]` or `postgresql://…` (the embedded bus)."""

    identity_key_file: Path
    """PEM or JWK file with the gateway's public identity key: who may call is proved by it."""

    pool_size: int = Field(default=10, ge=1, le=200)
    """Connections of one process; the thread limit of the HTTP server is set to the same number."""

    statement_timeout_seconds: int = Field(default=30, ge=1)
    lock_timeout_seconds: int = Field(default=10, ge=1)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    retention_days: int = Field(default=7, ge=7)
    """How long sent outbox rows, inbox rows and idempotency keys are kept; never below the topics' retention."""

    @model_validator(mode="after")
    def _no_local_shortcuts_in_production(self) -> Self:
        if self.environment == "production" and not self.identity_key_file.exists():
            raise ValueError(
                f"PEIYU_IDENTITY_KEY_FILE={self.identity_key_file} 不存在：生产环境必须提供网关身份公钥文件"
            )
        return self
