"""Settings of what the floor connects to: where it is, and who we are there."""

import ssl
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import SettingsConfigDict

from sinks import keyring
from sinks.keyring import KafkaLogin, Mechanism, Protocol, StoreLogin, Tls
from streams import settings_sources as sources
from streams.refusals import SettingsRefused

Servers = Annotated[str, StringConstraints(pattern=r"^[^\s,:/@]+:\d{1,5}(,[^\s,:/@]+:\d{1,5})*$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+(/\S*)?$")]
RedisUrl = Annotated[str, StringConstraints(pattern=r"^rediss?://[^\s/@]+(/\d+)?$")]


class Group(sources.Group):
    """Settings named ``WATCHFLOOR_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="WATCHFLOOR_")


class Connections(Group):
    """Where the other parts are. Passwords have settings of their own, so that no URL holds one."""

    kafka: Servers = Field(
        "127.0.0.1:9092",
        description="Bootstrap servers, host:port with commas. One is enough to find the others; "
        "three survive the loss of one while a worker starts.",
    )
    replication_factor: int = Field(
        1,
        ge=1,
        le=7,
        description="Copies of each partition, used when topics are made. 1 is all that one broker "
        "can do; with three brokers or more say 3, or the loss of a disk loses the floor's state.",
    )
    topics_are_given: bool = Field(
        False,
        description="True where others make the topics: `watchfloor setup` then only compares, and "
        "refuses with all that differs. Needs no right to create or alter them.",
    )
    clickhouse: HttpUrl = Field(
        "http://127.0.0.1:8123", description="ClickHouse's HTTP interface, without credentials."
    )
    clickhouse_user: str = Field("default", description="Who writes and reads the history.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="Empty: none is sent.")
    redis: RedisUrl = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey, for the live snapshots only."
    )
    redis_password: SecretStr = Field(SecretStr(""), description="Empty: none is sent.")
    timeout_s: float = Field(
        10.0,
        gt=0,
        le=120,
        description="Longest that a command waits for one answer of Kafka, ClickHouse or Redis "
        "before it says that the part is not there.",
    )


class Access(Group):
    """Who we are at Kafka and Redis, and whose certificates count; one group for every client."""

    kafka_security: Protocol = Field(
        "PLAINTEXT",
        description="What the brokers' listener speaks, by Kafka's own names. SASL_PLAINTEXT sends "
        "what is logged in with past everybody on the way.",
    )
    kafka_mechanism: Mechanism = Field(
        "SCRAM-SHA-512", description="How to log in at a SASL listener."
    )
    kafka_user: str = Field("", description="Who logs in; for OAUTHBEARER the client's id.")
    kafka_password: SecretStr = Field(
        SecretStr(""), description="Its password; for OAUTHBEARER the client's secret."
    )
    kafka_token_file: Path | None = Field(
        None,
        description="OAUTHBEARER: file with the token, read again for each connection, so that "
        "whoever renews it needs no restart.",
    )
    kafka_token_url: HttpUrl | None = Field(
        None, description="OAUTHBEARER: endpoint that gives tokens for client credentials."
    )
    kafka_token_scope: str = Field(
        "", description="OAUTHBEARER: scope to ask the endpoint for, where it wants one."
    )
    redis_user: str = Field("", description="User of Redis's ACL; empty: its default user.")
    tls_ca_file: Path | None = Field(
        None,
        description="PEM file with the authorities that sign the certificates of Kafka, ClickHouse "
        "and Redis, and no others then; without it those that this machine knows.",
    )
    tls_certificate_file: Path | None = Field(
        None, description="PEM file with our own certificate (mTLS), shown to whoever asks."
    )
    tls_key_file: Path | None = Field(
        None, description="PEM file with the key of our certificate, without a password."
    )
    tls_check_hostname: bool = Field(
        True,
        description="False takes any certificate of the authority for any host: somebody with one "
        "of them can then stand between.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.kafka_security.startswith("SASL"):
            has_token = bool(self.kafka_token_file or self.kafka_token_url)
            if self.kafka_mechanism == "OAUTHBEARER" and not has_token:
                raise ValueError("WATCHFLOOR_KAFKA_TOKEN_FILE or _TOKEN_URL is needed")
            if self.kafka_mechanism != "OAUTHBEARER" and not self.kafka_user:
                raise ValueError("WATCHFLOOR_KAFKA_USER is needed to log in")
        elif self.kafka_user:
            raise ValueError("WATCHFLOOR_KAFKA_USER logs in nowhere without SASL_SSL")
        if (self.tls_certificate_file is None) != (self.tls_key_file is None):
            raise ValueError("WATCHFLOOR_TLS_CERTIFICATE_FILE and _TLS_KEY_FILE go together")
        return self

    def tls(self) -> Tls:
        """How the other sides are known; SettingsRefused for files that can't be used."""
        found = Tls(
            self.tls_ca_file,
            self.tls_certificate_file,
            self.tls_key_file,
            self.tls_check_hostname,
        )
        for path in (self.tls_ca_file, self.tls_certificate_file, self.tls_key_file):
            if path is not None and not path.is_file():
                raise SettingsRefused(f"there is no file {path}", "correct WATCHFLOOR_TLS_*_FILE")
        try:
            found.context()
        except (OSError, ssl.SSLError) as error:
            raise SettingsRefused(
                f"the files of WATCHFLOOR_TLS_* can't be used: {_reason(error)}",
                "each is PEM; the key belongs to the certificate and has no password",
            ) from error
        return found

    def hold(self, connections: Connections) -> None:
        """Have every client that is made from now on know who it is."""
        tls = self.tls()
        login = KafkaLogin(
            self.kafka_security,
            self.kafka_mechanism,
            self.kafka_user,
            self.kafka_password.get_secret_value(),
            self.kafka_token_file,
            self.kafka_token_url,
            self.kafka_token_scope,
            tls,
        )
        keyring.hold_kafka(connections.kafka, login)
        keyring.hold_store(connections.clickhouse, StoreLogin(None, tls))
        keyring.hold_store(connections.redis, StoreLogin(self.redis_user or None, tls))


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__
