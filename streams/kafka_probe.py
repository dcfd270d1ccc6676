"""Why a broker does not let us in: one connection, taken step by step, and the step that failed.

Clients retry for long and then say that nobody answers; what a person can mend is said here.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from sinks import keyring
from sinks.clients import aiokafka_login
from sinks.keyring import KafkaLogin
from sinks.tokens import TokenUnavailable
from streams.refusals import Refusal

#: An ApiVersions request, version 0, of a client without a name; every broker answers it.
_HELLO = bytes.fromhex("0000000a0012000000000001ffff")
_HELLO_HTTP = b"HEAD / HTTP/1.0\r\n\r\n"
_LOOK_S_MAX = 3.0
_TLS_ALERT = 0x15
#: OpenSSL's numbers of what is wrong with a certificate.
_EXPIRED, _NOT_YET_VALID, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a way in, and what to do about it."""

    says: str
    remedy: str


def refuse_unreachable(servers: str, timeout_s: float) -> None:
    """Return when one of the servers lets us in; else a Refusal that says why not."""
    faults = []
    for server in servers.split(","):
        fault = look(servers, server, timeout_s)
        if fault is None:
            return
        faults.append(fault)
    raise Refusal(faults[0].says, faults[0].remedy)


def look(servers: str, server: str, timeout_s: float) -> Fault | None:
    """Why this one of the servers does not let us in; None when it does."""
    host, _, port = server.rpartition(":")
    # In a thread of its own, since some who ask have an event loop.
    with ThreadPoolExecutor(1) as pool, _quiet():
        work = _try(servers, host, int(port), timeout_s)
        return pool.submit(asyncio.run, work).result()


async def _try(servers: str, host: str, port: int, timeout_s: float) -> Fault | None:
    login = keyring.kafka(servers)
    where = f"{host}:{port}"
    # What aiokafka leaves unread of a failed connection is told as a fault already.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    try:
        async with asyncio.timeout(timeout_s):
            connection = await create_conn(host, port, **aiokafka_login(servers))
            try:
                # A listener that wants a login answers hello to anybody, and this to nobody.
                await connection.send(MetadataRequest([]))
            finally:
                closed = connection.close()
                if closed is not None:
                    await closed
    except SaslAuthenticationFailed:
        return _not_let_in(where, login)
    except (UnsupportedSaslMechanismError, IllegalSaslStateError):
        return _no_such_login(where, login)
    except TokenUnavailable as error:
        return Fault(
            f"there is no token for {where}: {error}",
            "renew it, or correct WATCHFLOOR_KAFKA_TOKEN_FILE or _TOKEN_URL",
        )
    except ssl.SSLCertVerificationError as error:
        return wrong_certificate(where, error)
    except (KafkaError, OSError, EOFError, TimeoutError):
        return await asyncio.to_thread(_seen, host, port, login)
    return None


def _not_let_in(where: str, login: KafkaLogin) -> Fault:
    if login.mechanism == "OAUTHBEARER":
        return Fault(f"{where} does not take our token", "renew the token; see what it is for")
    return Fault(
        f"{where} refuses user {login.user} ({login.mechanism}): wrong user or password",
        "correct WATCHFLOOR_KAFKA_USER and WATCHFLOOR_KAFKA_PASSWORD(_FILE)",
    )


def _no_such_login(where: str, login: KafkaLogin) -> Fault:
    return Fault(
        f"{where} knows no login by {login.mechanism}",
        "set WATCHFLOOR_KAFKA_MECHANISM to one that its listener has (sasl.enabled.mechanisms)",
    )


def wrong_certificate(where: str, error: ssl.SSLCertVerificationError) -> Fault:
    """What is wrong with the certificate that was shown at an address."""
    match error.verify_code:
        case c if c in (_EXPIRED, _NOT_YET_VALID):
            what = "has expired" if c == _EXPIRED else "is not valid yet"
            return Fault(
                f"the certificate of {where} {what}", "renew it there; compare the clocks too"
            )
        case c if c in (_OTHER_HOST, _OTHER_ADDRESS):
            return Fault(
                f"the certificate of {where} is for another host",
                "use a name that the certificate has, or have one made for this name",
            )
        case _:
            return Fault(
                f"the certificate of {where} is not from an authority that we know",
                "name the authority's PEM file in WATCHFLOOR_TLS_CA_FILE",
            )


def _seen(host: str, port: int, login: KafkaLogin) -> Fault:
    """Who is there, since it is no listener of the kind we were told of."""
    where = f"{host}:{port}"
    try:
        answer = _answer(host, port, _HELLO)
        is_kafka = answer[4:8] == _HELLO[8:12]
        speaks_http = not is_kafka and _answer(host, port, _HELLO_HTTP).startswith(b"HTTP")
    except OSError:
        return Fault(
            f"no Kafka broker answers at {where}",
            "`watchfloor local up` starts one here; else set WATCHFLOOR_KAFKA",
        )
    if speaks_http:
        return Fault(
            f"{where} speaks HTTP, it is no Kafka broker",
            "set WATCHFLOOR_KAFKA to the brokers' own port, often 9092 or 9093",
        )
    if _speaks_tls(host, port, answer):
        if not login.is_encrypted:
            return Fault(
                f"{where} speaks TLS, WATCHFLOOR_KAFKA_SECURITY is {login.protocol}",
                "set it to SSL, or to SASL_SSL with a user and password",
            )
        return Fault(
            f"{where} ends the connection after TLS: it wants a certificate of ours, or SASL",
            "set WATCHFLOOR_TLS_CERTIFICATE_FILE and _KEY_FILE, or WATCHFLOOR_KAFKA_SECURITY",
        )
    if not is_kafka:
        return Fault(f"no Kafka broker answers at {where}", "set WATCHFLOOR_KAFKA to its address")
    if login.is_encrypted:
        return Fault(
            f"{where} speaks no TLS, WATCHFLOOR_KAFKA_SECURITY is {login.protocol}",
            "use the brokers' TLS port; only where there is none, set it to PLAINTEXT",
        )
    return Fault(
        f"{where} does not talk to a client with WATCHFLOOR_KAFKA_SECURITY={login.protocol}",
        "set it to SASL_PLAINTEXT or SASL_SSL with a user and password, as its listener wants",
    )


def _answer(host: str, port: int, greeting: bytes) -> bytes:
    """What comes back for a greeting without TLS; raises OSError when nobody listens."""
    with socket.create_connection((host, port), _LOOK_S_MAX) as connection:
        try:
            connection.sendall(greeting)
            return connection.recv(16)
        except OSError:
            return b""


def _speaks_tls(host: str, port: int, answer: bytes) -> bool:
    if answer[:1] == bytes([_TLS_ALERT]):
        return True
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _LOOK_S_MAX) as connection,
            anybody.wrap_socket(connection, server_hostname=host),
        ):
            return True
    except (OSError, ssl.SSLError):
        return False


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka from logging what is told as a fault."""
    log = logging.getLogger("aiokafka")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
