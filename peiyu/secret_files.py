"""The secrets of an installation in containers: made once, one value a file, mounted one by one into who needs it.

Compose binds a secret's file as it is, owner and mode included, into containers that run under other accounts. So the
files can be read by every account and the folder by its owner alone: on the host the folder keeps them.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis import clock
from chassis.signing import Signer
from gateway.tokens.keys import ensure_keys
from gateway.whole_files import create_private
from peiyu.parts import PARTS

TRIAL_DAYS = 397
CERTIFICATE, CERTIFICATE_KEY = "tls.crt", "tls.key"


def make(folder: Path, hosts: Sequence[str]) -> list[Path]:
    """Make what is missing, and return it: passwords, signing keys, a self-signed certificate for `hosts`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    before = set(folder.iterdir())
    for name in ("postgres-password", *(f"{part}-database-password" for part in PARTS)):
        if not (folder / name).exists():
            create_private(folder / name, secrets.token_hex(32).encode())
    ensure_keys(folder)
    for name in ("feed-key.pem", "record-key.pem"):
        if not (folder / name).exists():
            Signer.generate(folder / name)
    if not (folder / CERTIFICATE).exists():
        certificate, key = self_signed(hosts)
        create_private(folder / CERTIFICATE_KEY, key)
        create_private(folder / CERTIFICATE, certificate)
    for path in folder.iterdir():
        path.chmod(0o444)
    return sorted(set(folder.iterdir()) - before)


def self_signed(hosts: Sequence[str]) -> tuple[bytes, bytes]:
    """A certificate and its key as PEM, for a trial: a client must be told to trust this very one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=TRIAL_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        # It stands for itself alone: whoever trusts it must not thereby trust what its key might sign.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
