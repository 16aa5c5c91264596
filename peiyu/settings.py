"""The variables of the local run, read once by the command line."""

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from peiyu.refusals import CannotRun


class LocalSettings(BaseSettings):
    """Where the all-in-one run keeps its data and where it answers."""

    model_config = SettingsConfigDict(env_prefix="PEIYU_", env_ignore_empty=True, extra="ignore")

    home: Path | None = None
    """Data, keys and logs. Default: /var/lib/peiyu for root, else $XDG_DATA_HOME/peiyu."""

    port: int = Field(default=8080, ge=1, le=65535)
    """The suite answers on 127.0.0.1:port."""

    database_url: SecretStr | None = None
    """A PostgreSQL server (15 to 18) to use instead of the embedded one; a role that may create databases."""

    bus_url: SecretStr | None = None
    """A Kafka to use instead of the embedded bus: kafka://host:port[,host:port]."""

    secrets_dir: Path | None = None
    """In containers: where one file for each secret is mounted."""

    sample_enterprises: int = Field(default=2000, ge=10, le=100_000)
    """How many synthetic enterprises the first start loads."""

    xdg_data_home: Path | None = Field(default=None, validation_alias="XDG_DATA_HOME")

    def folder(self) -> Path:
        """The home folder, absolute and free of symbolic links."""
        if self.home is not None:
            chosen = self.home.expanduser()
        elif os.geteuid() == 0:
            chosen = Path("/var/lib/peiyu")
        else:
            chosen = (self.xdg_data_home or Path("~/.local/share").expanduser()) / "peiyu"
        return Path(os.path.realpath(chosen))


def read() -> LocalSettings:
    """The settings of this process, or a refusal that names the variable."""
    try:
        return LocalSettings()
    except ValidationError as error:
        names = "、".join(f"PEIYU_{'.'.join(map(str, each['loc'])).upper()}" for each in error.errors())
        raise CannotRun(
            f"环境变量 {names} 的值不正确：{error.errors()[0]['msg']}。请改正后重试。",
            f"The value of {names} is not valid. Correct it and try again.",
        ) from None
