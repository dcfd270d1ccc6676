"""What to say when the brokers are away, or know us and do not let us."""

from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from sinks import keyring
from streams.refusals import Refusal

NAMED_MAX = 3
FORBIDDEN = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)


def no_broker(servers: str) -> Refusal:
    """What to say when nobody answers."""
    return Refusal(
        f"no Kafka broker answers at {servers}",
        "`watchfloor local up` starts one here; else set WATCHFLOOR_KAFKA",
    )


def not_allowed(servers: str, what: object) -> Refusal:
    """What to say when the brokers know us, and do not let us."""
    if isinstance(what, KafkaError):
        what = type(what).__name__.removesuffix("AuthorizationFailedError").lower()
    return Refusal(
        f"{principal(servers)} lacks a right at {servers}: {what}",
        "`watchfloor doctor --rights` prints all that are needed, for whoever gives them",
    )


def principal(servers: str) -> str:
    """As whom the brokers know us, as far as we can tell."""
    login = keyring.kafka(servers)
    if login.user:
        return f"User:{login.user}"
    return "User:CN=... of our certificate" if login.is_encrypted else "User:ANONYMOUS"
