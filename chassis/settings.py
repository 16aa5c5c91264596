"""The variables that all services share; refuses insecure defaults outside the embedded local run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url

from chassis.working_days import FILE


class ServiceSettings(BaseSettings):
    """Read once, in the composition root. Every variable is `PEIYU_…`.

    A variable may be a file instead: `peiyu_database_password` in the folder that `PEIYU_SECRETS_DIR` names.
    """

    model_config = SettingsConfigDict(env_prefix="PEIYU_", extra="ignore")

    environment: Literal["local", "production"] = "production"
    """`local`: the embedded run on 127.0.0.1 with generated demo clients. Anything else is production."""

    database_url: SecretStr
    """SQLAlchemy URL of this service's own database, `postgresql+psycopg://…`."""

    database_password: SecretStr = SecretStr("")
    """Put into `database_url`, so that the address can be written openly and only this need be a secret."""

    bus_url: SecretStr = SecretStr("")
    """`kafka://host:port[,host:port]` or `postgresql://…` (the embedded bus)."""

    identity_key_file: Path
    """PEM or JWK file with the gateway's public identity key: who may call is proved by it."""

    pool_size: int = Field(default=10, ge=1, le=200)
    """Connections of one process; the thread limit of the HTTP server is set to the same number."""

    statement_timeout_seconds: int = Field(default=30, ge=1)
    lock_timeout_seconds: int = Field(default=10, ge=1)
    working_days_file: Path = FILE
    """The notices of holidays and make-up days, year by year; an edition with a later year may take its place."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    retention_days: int = Field(default=7, ge=7)
    """How long sent outbox rows, inbox rows and idempotency keys are kept; never below the topics' retention."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Where a worker gives its metrics and its health, and the gateway its metrics (its door does not answer /metrics
    in production). 0: nowhere. A service's HTTP process has them on its own port."""

    metrics_host: str = "127.0.0.1"
    """The address of that port; 0.0.0.0 in a container, for a scraper in another one."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given wins over variables, variables win over the files of the secrets' folder."""
        folder = os.environ.get("PEIYU_SECRETS_DIR")  # noqa: TID251 - this is the one place that reads it
        files = (SecretsSettingsSource(settings_cls, secrets_dir=folder),) if folder else ()
        return (init_settings, env_settings, *files)

    @model_validator(mode="after")
    def _password_in_the_url(self) -> Self:
        password = self.database_password.get_secret_value()
        if password:
            url = make_url(self.database_url.get_secret_value())
            if url.password is not None:
                raise ValueError("PEIYU_DATABASE_URL 中已有密码：不要再给 PEIYU_DATABASE_PASSWORD，只保留一处")
            whole = url.set(password=password).render_as_string(hide_password=False)
            self.database_url, self.database_password = SecretStr(whole), SecretStr("")
        return self

    @model_validator(mode="after")
    def _no_local_shortcuts_in_production(self) -> Self:
        if self.environment == "production" and not self.identity_key_file.exists():
            raise ValueError(
                f"PEIYU_IDENTITY_KEY_FILE={self.identity_key_file} 不存在：生产环境必须提供网关身份公钥文件"
            )
        return self


class TracingSettings(BaseSettings):
    """What of OpenTelemetry's standard variables we must know ourselves; the SDK reads the others (`OTEL_…`)."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", env_ignore_empty=True, extra="ignore")

    exporter_otlp_endpoint: str = ""
    exporter_otlp_traces_endpoint: str = ""
    exporter_otlp_protocol: Literal["http/protobuf"] = "http/protobuf"
    exporter_otlp_traces_protocol: Literal["http/protobuf"] = "http/protobuf"
    traces_exporter: Literal["otlp", "none"] = "otlp"
    sdk_disabled: bool = False
    service_name: str = ""

    @property
    def wanted(self) -> bool:
        """Whether a collector is named and nothing switches it off."""
        named = self.exporter_otlp_traces_endpoint or self.exporter_otlp_endpoint
        return bool(named) and self.traces_exporter == "otlp" and not self.sdk_disabled
