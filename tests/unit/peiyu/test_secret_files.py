"""The secrets of an installation in containers: made once, private by their folder."""

import ssl
import stat
from pathlib import Path

from cryptography import x509

from peiyu import secret_files
from peiyu.parts import PARTS


def test_every_part_gets_a_password_of_its_own(tmp_path: Path) -> None:
    secret_files.make(tmp_path / "secrets", ["localhost"])
    passwords = [(tmp_path / "secrets" / f"{part}-database-password").read_text() for part in PARTS]
    assert len(set(passwords)) == len(PARTS)
    assert all(len(each) == 64 for each in passwords)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secret_files.make(folder, ["localhost"])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "feed-key.pem").unlink()
    assert [path.name for path in secret_files.make(folder, ["localhost"])] == ["feed-key.pem"]
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"feed-key.pem"}


def test_the_folder_keeps_the_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    secret_files.make(folder, ["localhost"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}


def test_the_trial_certificate_fits_its_hosts_and_its_key(tmp_path: Path) -> None:
    secret_files.make(tmp_path, ["peiyu.example", "127.0.0.1"])
    ssl.create_default_context().load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    names = x509.load_pem_x509_certificate((tmp_path / "tls.crt").read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == ["peiyu.example"]
    assert [str(each) for each in names.value.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
