"""A broker as companies run them: TLS, logins, rights; on the real Apache Kafka.

Listeners: ``open`` (no login, a super user, for the test), ``sasl`` (SASL_SSL by SCRAM, PLAIN and
OAUTHBEARER), ``mtls`` (SSL with our certificate), and two whose certificates are wrong.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local import kafka, ports, processes, starting
from deploy.local.places import Places
from deploy.local.progress import Progress
from tests.integration.clusters.authority import HOST, Authority, Pair

USER, PASSWORD = "watchfloor", "s3cret-of-the-floor"
#: A user who may log in, and nothing else.
STRANGER, STRANGERS_PASSWORD = "stranger", "s3cret-of-nobody"
LISTENERS = ("sasl", "mtls", "expired", "elsewhere")
_PORTS = ("kafka", "controller", *LISTENERS)
_START_S_MAX = 240.0
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the listeners are: addresses by name."""

    open: str
    sasl: str
    mtls: str
    expired: str
    elsewhere: str


@contextmanager
def company_broker(folder: Path, authority: Authority) -> Iterator[Broker]:
    """Run the broker."""
    places = Places(folder)
    places.make()
    program = kafka.prepare(places, Progress(quiet=True))
    with ports.reserved():
        chosen = _free_ports()
        locks = kafka.Locks(
            _settings(chosen, authority),
            [
                f"SCRAM-SHA-{bits}=[name={user},password={password}]"
                for bits in (256, 512)
                for user, password in ((USER, PASSWORD), (STRANGER, STRANGERS_PASSWORD))
            ],
        )
        service = kafka.service(places, chosen, program, locks)
        # Six listeners take their time on a busy machine.
        service = replace(service, start_s_max=_START_S_MAX)
        process = starting.spawn(service, places)
    try:
        starting.await_answer(service, process, places)
        yield Broker(
            f"127.0.0.1:{chosen['kafka']}", *(f"{HOST}:{chosen[name]}" for name in LISTENERS)
        )
    finally:
        processes.stop(process, starting.GRACE_S)


def _free_ports() -> dict[str, int]:
    """Ports of nobody, all held at once while they are chosen."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in _PORTS]
        return {name: probe.getsockname()[1] for name, probe in zip(_PORTS, probes, strict=True)}


def _settings(chosen: dict[str, int], authority: Authority) -> dict[str, object]:
    opened = [f"PLAINTEXT://127.0.0.1:{chosen['kafka']}"]
    opened += [f"CONTROLLER://127.0.0.1:{chosen['controller']}"]
    # A name that says no kind needs one in the map, so each listener has its own certificate.
    opened += [f"{name.upper()}://{HOST}:{chosen[name]}" for name in LISTENERS]
    kinds = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL,EXPIRED:SASL_SSL"
    found: dict[str, object] = {
        "listeners": ",".join(opened),
        "listener.security.protocol.map": f"{kinds},ELSEWHERE:SASL_SSL",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER",
        "listener.name.mtls.ssl.client.auth": "required",
    }
    good = authority.pair("broker")
    for name, pair in {
        "sasl": good,
        "mtls": good,
        "expired": authority.pair("expired-broker", days=-1),
        "elsewhere": authority.pair("other-broker", "kafka.elsewhere.example"),
    }.items():
        found |= _certificates(f"listener.name.{name}.", pair, authority)
    for name in ("sasl", "expired", "elsewhere"):
        found |= _logins(f"listener.name.{name}.")
    return found


def _certificates(prefix: str, pair: Pair, authority: Authority) -> dict[str, object]:
    return {
        f"{prefix}ssl.keystore.type": "PEM",
        f"{prefix}ssl.keystore.location": pair.both,
        f"{prefix}ssl.truststore.type": "PEM",
        f"{prefix}ssl.truststore.location": authority.file,
    }


def _logins(prefix: str) -> dict[str, object]:
    scram = f"{_MODULES}.scram.ScramLoginModule required;"
    users = f'user_{USER}="{PASSWORD}" user_{STRANGER}="{STRANGERS_PASSWORD}"'
    return {
        f"{prefix}scram-sha-512.sasl.jaas.config": scram,
        f"{prefix}scram-sha-256.sasl.jaas.config": scram,
        f"{prefix}plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required {users};",
        # Takes tokens that nobody signed, as only a test may.
        f"{prefix}oauthbearer.sasl.jaas.config": (
            f"{_MODULES}.oauthbearer.OAuthBearerLoginModule required "
            'unsecuredLoginStringClaim_sub="broker";'
        ),
    }
