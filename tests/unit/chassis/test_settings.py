"""Settings in production: secrets from files, and never two of them at once."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from chassis.settings import ServiceSettings

URL = "postgresql+psycopg://peiyu_registry@postgres/peiyu_registry"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("")
    monkeypatch.setenv("PEIYU_IDENTITY_KEY_FILE", str(key))
    monkeypatch.setenv("PEIYU_DATABASE_URL", URL)
    monkeypatch.setenv("PEIYU_SECRETS_DIR", str(tmp_path))


def test_the_password_comes_from_a_file_into_the_url(tmp_path: Path) -> None:
    (tmp_path / "peiyu_database_password").write_text("p@ss/word:%\n")
    settings = ServiceSettings()
    assert settings.database_url.get_secret_value() == (
        "postgresql+psycopg://peiyu_registry:p%40ss%2Fword%3A%25@postgres/peiyu_registry"
    )
    assert "p@ss" not in repr(settings)


def test_a_variable_wins_over_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "peiyu_database_password").write_text("from-file")
    monkeypatch.setenv("PEIYU_DATABASE_PASSWORD", "from-variable")
    assert "from-variable" in ServiceSettings().database_url.get_secret_value()


def test_two_passwords_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "peiyu_database_password").write_text("another")
    monkeypatch.setenv("PEIYU_DATABASE_URL", URL.replace("@", ":one@"))
    with pytest.raises(ValidationError, match="只保留一处"):
        ServiceSettings()


def test_without_a_folder_the_url_stands_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PEIYU_SECRETS_DIR")
    assert ServiceSettings().database_url.get_secret_value() == URL
