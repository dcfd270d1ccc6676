"""Until when certificates are good: those of Kafka, ClickHouse and Redis, and our own."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sinks import keyring
from sinks.keyring import Tls
from streams.findings import Finding, ok, problem, warning
from streams.settings import Connections

CHECK = "certificates"
_DAY_S = 86_400.0
_WARN_DAYS = 21.0
_LOOK_S_MAX = 5.0


def check_certificates(connections: Connections) -> list[Finding]:
    """When each ends; nothing where nobody speaks TLS. Who does not answer is told elsewhere."""
    ends: dict[str, float] = {}
    own: set[Path] = set()
    for name, host, port, tls in _encrypted(connections):
        with suppress(OSError, ssl.SSLError):
            ends[f"{name} at {host}:{port}"] = _shown(host, port, tls)
        if tls.certificate_file is not None:
            own.add(tls.certificate_file)
    ends |= {str(path): _end_s(_decoded(path)) for path in own}
    return judge_ends({name: (end_s - time.time()) / _DAY_S for name, end_s in ends.items()})


def judge_ends(days: dict[str, float]) -> list[Finding]:
    """What to say of certificates that are good for so many days."""
    if not days:
        return []
    findings = [
        (problem if left <= 0 else warning)(
            CHECK,
            f"the certificate of {name} {'has ended' if left <= 0 else f'ends in {left:.0f} days'}",
            "have it renewed; who reads it from a file has to be started again",
        )
        for name, left in days.items()
        if left < _WARN_DAYS
    ]
    return findings or [ok(CHECK, f"{len(days)}, the first ends in {min(days.values()):.0f} days")]


def _encrypted(connections: Connections) -> Iterator[tuple[str, str, int, Tls]]:
    login = keyring.kafka(connections.kafka)
    if login.is_encrypted:
        for server in connections.kafka.split(","):
            host, _, port = server.rpartition(":")
            yield "Kafka", host, int(port), login.tls
    for name, url, usual in (
        ("ClickHouse", connections.clickhouse, 8443),
        ("Redis", connections.redis, 6379),
    ):
        parts = urlsplit(url)
        if parts.scheme in ("https", "rediss"):
            yield name, parts.hostname or "", parts.port or usual, keyring.store(url).tls


def _shown(host: str, port: int, tls: Tls) -> float:
    """When the certificate that is shown there ends, UTC s; OSError when it is not accepted."""
    with (
        socket.create_connection((host, port), _LOOK_S_MAX) as connection,
        tls.context().wrap_socket(connection, server_hostname=host) as wrapped,
    ):
        return _end_s(wrapped.getpeercert() or {})


def _end_s(certificate: Any) -> float:
    return float(ssl.cert_time_to_seconds(certificate["notAfter"]))


def _decoded(path: Path) -> Any:
    # The only reader of a certificate in Python itself; it is what the tests of ``ssl`` use.
    return ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]  # Private, hence untyped.
