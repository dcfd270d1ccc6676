"""Who we are at which address: filled once from the settings, asked wherever a client is made.

Logins hang on addresses, so that a password for the floor's brokers is never shown to others, such
as those a receiver of alerts names. An address that is not here is spoken to without a login.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


@dataclass(frozen=True, slots=True)
class Tls:
    """How to know the other side, and what to show it; paths are of PEM files."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """Certificates are always checked; raises OSError and ssl.SSLError for unusable files."""
        found = ssl.create_default_context(cafile=self.ca_file)
        found.check_hostname = self.check_hostname
        if self.certificate_file is not None:
            found.load_cert_chain(self.certificate_file, self.key_file)
        return found


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """What brokers are told. Secrets stay out of its repr.

    OAUTHBEARER takes its token from ``token_file``, read again for each connection, or asks
    ``token_url`` for one with user and password (OAuth's client credentials).
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    token_file: Path | None = None
    token_url: str | None = None
    token_scope: str = ""
    tls: Tls = Tls()

    @property
    def is_encrypted(self) -> bool:
        """Whether the brokers speak TLS."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def logs_in(self) -> bool:
        """Whether the brokers ask who we are."""
        return self.protocol in ("SASL_PLAINTEXT", "SASL_SSL")


@dataclass(frozen=True, slots=True)
class StoreLogin:
    """What Redis is told (``user`` of its ACL), and how a store over TLS is known."""

    user: str | None = None
    tls: Tls = Tls()


_kafka: dict[str, KafkaLogin] = {}
_stores: dict[str, StoreLogin] = {}


def hold_kafka(servers: str, login: KafkaLogin) -> None:
    """From now on, be this one at these brokers (``host:port`` with commas)."""
    _kafka[servers] = login


def hold_store(url: str, login: StoreLogin) -> None:
    """From now on, be this one at this address of ClickHouse or Redis."""
    _stores[url] = login


def kafka(servers: str) -> KafkaLogin:
    """Who we are at these brokers."""
    return _kafka.get(servers, KafkaLogin())


def store(url: str) -> StoreLogin:
    """Who we are at this address."""
    return _stores.get(url, StoreLogin())
