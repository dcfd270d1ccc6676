"""A company's cluster for this folder: brokers with rights, ClickHouse and Redis behind TLS."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tests.integration.clusters import company_broker
from tests.integration.clusters.authority import Authority
from tests.integration.clusters.company_broker import PASSWORD, USER, Broker
from tests.integration.clusters.tls_front import tls_front
from tests.integration.main_job.conftest import environment, parts

__all__ = ["parts"]
REDIS_PASSWORD = "s3cret-of-the-board"


@dataclass(frozen=True, slots=True)
class Company:
    """All that a newcomer there is told, and a folder for files."""

    broker: Broker
    authority: Authority
    clickhouse: str
    redis: str
    #: The addresses of the stores behind their TLS, by name of the setting.
    plain: dict[str, str]
    folder: Path

    def environment(self, **changed: str) -> dict[str, str]:
        """Settings of a floor there; the password of Kafka comes from a file."""
        secret = self.folder / "kafka.password"
        secret.write_text(f"{PASSWORD}\n")
        given = {
            "LOCAL_DIR": str(self.folder),
            "KAFKA": self.broker.sasl,
            "KAFKA_SECURITY": "SASL_SSL",
            "KAFKA_USER": USER,
            "KAFKA_PASSWORD_FILE": str(secret),
            "TLS_CA_FILE": str(self.authority.file),
            "CLICKHOUSE": self.clickhouse,
            "REDIS": self.redis,
            "REDIS_USER": USER,
            "REDIS_PASSWORD": REDIS_PASSWORD,
            "PEOPLE_ARE_PSEUDONYMS": "true",
            "HEALTH_PORT": "0",
            "PARTITIONS": "2",
        } | changed
        return {f"WATCHFLOOR_{name}": value for name, value in given.items() if value}


@pytest.fixture(scope="session")
def company(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The cluster; gone afterwards."""
    folder = tmp_path_factory.mktemp("company")
    authority = Authority(folder)
    pair = authority.pair("stores")
    stores = {name: urlsplit(parts[f"WATCHFLOOR_{name}"]) for name in ("CLICKHOUSE", "REDIS")}
    with ExitStack() as stack:
        broker = stack.enter_context(company_broker.company_broker(folder / "kafka", authority))
        fronts = {
            name: stack.enter_context(tls_front(f"{found.hostname}:{found.port}", pair))
            for name, found in stores.items()
        }
        admin = stack.enter_context(Redis.from_url(parts["WATCHFLOOR_REDIS"]))
        admin.acl_setuser(
            USER,
            enabled=True,
            passwords=[f"+{REDIS_PASSWORD}"],
            keys=["ops:*"],
            channels=["*"],
            categories=["+@all"],
            commands=["-flushall", "-flushdb"],
        )
        stack.callback(admin.acl_deluser, USER)
        yield Company(
            broker,
            authority,
            f"https://{fronts['CLICKHOUSE']}",
            f"rediss://{fronts['REDIS']}/0",
            {name: parts[f"WATCHFLOOR_{name}"] for name in stores},
            folder,
        )


@pytest.fixture
def space() -> str:
    """A space that nobody else has."""
    return f"t{secrets.token_hex(5)}"


@pytest.fixture
def at_company(company: Company) -> Iterator[Company]:
    """The company's settings are those of this process and its children."""
    with environment(company.environment()):
        yield company
