"""Certificates of a company of our own, made anew for each session."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

HOST = "localhost"


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM files: ``both`` has the key before the certificate, as Kafka wants it."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates, and writes them where servers and clients read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA(organization_name="A company")
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def pair(self, name: str, *hosts: str, days: int = 30) -> Pair:
        """A certificate that ends ``days`` from now, which may lie in the past."""
        now = datetime.now(UTC)
        made = self._ca.issue_cert(
            *(hosts or (HOST, "127.0.0.1")),
            common_name=name,
            not_before=now - timedelta(days=60),
            not_after=now + timedelta(days=days),
        )
        chain = b"".join(blob.bytes() for blob in made.cert_chain_pems)
        key = _pkcs8(made.private_key_pem.bytes())
        found = Pair(*(self._folder / f"{name}.{kind}" for kind in ("crt", "key", "pem")))
        for path, content in (
            (found.certificate, chain), (found.key, key), (found.both, key + chain),
        ):  # fmt: skip
            path.write_bytes(content)
        return found


def _pkcs8(pem: bytes) -> bytes:
    """The same key in the only form that Java reads."""
    key = serialization.load_pem_private_key(pem, None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
