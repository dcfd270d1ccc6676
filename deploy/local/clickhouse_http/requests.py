"""Read what a request asks for from its address and headers."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.clickhouse_http.engine import Asked
from deploy.local.clickhouse_http.faults import Code, Fault
from deploy.local.clickhouse_http.sessions import TIMEOUT_S_DEFAULT

# Not settings: read here, or without a meaning for an embedded engine.
_OWN = frozenset(
    {"query", "database", "default_format", "query_id", "user", "password", "role", "quota_key"}
    | {"session_id", "session_timeout", "session_check", "client_protocol_version"}
    | {"compress", "decompress", "buffer_size", "wait_end_of_query", "stacktrace"}
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body."""

    query: str
    query_id: str
    encoding: str
    asked: Asked
    session_id: str = ""
    session_timeout_s: int = TIMEOUT_S_DEFAULT
    session_must_exist: bool = False


def read_request(method: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Sort the fields of the address into what they mean; raises Fault for what we lack."""
    _check_host(headers.get("Host", ""))
    _check_user(fields, headers)
    if fields.get("decompress", "0") != "0" or fields.get("compress", "0") != "0":
        message = (
            "compress/decompress (ClickHouse's own blocks) is unknown here, use HTTP's encodings"
        )
        raise Fault(Code.NOT_IMPLEMENTED, message)
    if headers.get("Content-Type", "").startswith("multipart/"):
        raise Fault(Code.NOT_IMPLEMENTED, "External data in a form is unknown here")
    asked = Asked(
        database=fields.get("database") or headers.get("X-ClickHouse-Database", ""),
        settings={k: v for k, v in fields.items() if k not in _OWN and not k.startswith("param_")},
        params={k[6:]: v for k, v in fields.items() if k.startswith("param_")},
        readonly=method in ("GET", "HEAD"),
        default_format=fields.get("default_format")
        or headers.get("X-ClickHouse-Format")
        or "TabSeparated",
        protocol_revision=_number(fields, "client_protocol_version", 0),
    )
    return Request(
        query=fields.get("query", ""),
        query_id=fields.get("query_id", ""),
        encoding=headers.get("Content-Encoding", "").strip().lower(),
        asked=asked,
        session_id=fields.get("session_id", ""),
        session_timeout_s=_number(fields, "session_timeout", TIMEOUT_S_DEFAULT),
        session_must_exist=fields.get("session_check", "0") == "1",
    )


def _number(fields: Mapping[str, str], name: str, default: int) -> int:
    text = fields.get(name) or str(default)
    if not text.isdigit():
        raise Fault(Code.BAD_ARGUMENTS, f"{name} is no number: {text}")
    return int(text)


def _check_host(host: str) -> None:
    """Refuse a web page that reaches this machine through a name of its own."""
    if host.rpartition(":")[0] not in _LOOPBACK and host not in _LOOPBACK:
        raise Fault(Code.AUTHENTICATION_FAILED, f"Host {host} is not this machine")


def _check_user(fields: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """The embedded engine has one user: ``default``, without a password."""
    user = fields.get("user") or headers.get("X-ClickHouse-User", "")
    password = fields.get("password") or headers.get("X-ClickHouse-Key", "")
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(credentials).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Fault(Code.AUTHENTICATION_FAILED, "Bad Authorization header") from error
    if user not in ("", "default") or password:
        message = f"{user}: only the user default, without a password, exists here"
        raise Fault(Code.AUTHENTICATION_FAILED, message)
