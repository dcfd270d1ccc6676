"""Where clients of Kafka, ClickHouse and Redis are told who they are; a test holds that.

Whoever makes a Kafka client passes ``**aiokafka_login(servers)`` or ``**kafka_python_login``;
clients of ClickHouse and Redis are made here.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sinks import keyring

if TYPE_CHECKING:
    import redis
    import redis.asyncio
    from clickhouse_connect.driver.client import Client

_CLICKHOUSE_PORTS = {"http": 8123, "https": 8443}


def aiokafka_login(servers: str) -> dict[str, Any]:
    """The options by which a client of aiokafka gets in at these brokers."""
    from sinks.tokens import Tokens

    login = keyring.kafka(servers)
    options = _kafka_login(login)
    if login.logs_in and login.mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = Tokens(login)
    return options


def kafka_python_login(servers: str) -> dict[str, Any]:
    """The options by which a client of kafka-python gets in at these brokers."""
    from sinks.tokens import BlockingTokens

    login = keyring.kafka(servers)
    options = _kafka_login(login)
    if login.logs_in and login.mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = BlockingTokens(login)
    return options


def _kafka_login(login: keyring.KafkaLogin) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": login.protocol}
    if login.is_encrypted:
        options["ssl_context"] = login.tls.context()
    if login.logs_in:
        options["sasl_mechanism"] = login.mechanism
        if login.mechanism != "OAUTHBEARER":
            options["sasl_plain_username"] = login.user
            options["sasl_plain_password"] = login.password
    return options


def clickhouse(url: str, user: str, password: str, **options: Any) -> "Client":
    """A client of ClickHouse's HTTP interface; raises the driver's errors."""
    import clickhouse_connect
    from clickhouse_connect.driver.httputil import get_pool_manager

    parts = urlsplit(url)
    tls = keyring.store(url).tls
    if parts.scheme == "https":
        files: dict[str, Any] = {
            "ca_cert": str(tls.ca_file) if tls.ca_file else None,
            "client_cert": str(tls.certificate_file) if tls.certificate_file else None,
            "client_cert_key": str(tls.key_file) if tls.key_file else None,
        }
        if tls.check_hostname:
            options |= files
        else:
            # The driver knows only all checks or none.
            options["pool_mgr"] = get_pool_manager(**files, assert_hostname=False)
    return clickhouse_connect.get_client(
        interface=parts.scheme,
        host=parts.hostname or "127.0.0.1",
        port=parts.port or _CLICKHOUSE_PORTS[parts.scheme],
        username=parts.username or user,
        password=parts.password or password,
        **options,
    )


def redis_client(url: str, password: str | None, **options: Any) -> "redis.Redis":
    """A client of Redis or Valkey; it connects when it is first asked."""
    import redis

    return redis.Redis.from_url(url, password=password, **_redis_login(url), **options)


def async_redis_client(url: str, password: str | None, **options: Any) -> "redis.asyncio.Redis":
    """The same for code in an event loop."""
    import redis.asyncio

    return redis.asyncio.Redis.from_url(url, password=password, **_redis_login(url), **options)


def _redis_login(url: str) -> dict[str, Any]:
    login = keyring.store(url)
    options: dict[str, Any] = {"username": login.user} if login.user else {}
    if url.startswith("rediss:"):
        tls = login.tls
        options |= {
            "ssl_ca_certs": str(tls.ca_file) if tls.ca_file else None,
            "ssl_certfile": str(tls.certificate_file) if tls.certificate_file else None,
            "ssl_keyfile": str(tls.key_file) if tls.key_file else None,
            "ssl_check_hostname": tls.check_hostname,
        }
    return options
