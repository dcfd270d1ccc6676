"""Tokens of an endpoint, and stores that want to see a certificate."""

import asyncio
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from redis import Redis

from sinks import clients
from sinks.keyring import KafkaLogin, Tls
from sinks.tokens import Tokens, TokenUnavailable
from streams import access_rights, settings
from streams.admin import Kafka
from streams.refusals import Refusal
from streams.setup import connect_clickhouse
from tests.integration.clusters import rights
from tests.integration.clusters.company_broker import USER
from tests.integration.clusters.conftest import Company
from tests.integration.clusters.test_logins import started, token
from tests.integration.clusters.tls_front import tls_front
from tests.integration.clusters.token_endpoint import Endpoint, listening
from tests.integration.main_job.conftest import environment

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ID, SECRET = "watchfloor", "s3cret & more"


def endpoint(life_s: float = 300.0) -> Endpoint:
    return Endpoint(ID, SECRET, lambda: token(USER), life_s)


def test_tokens_of_an_endpoint_let_both_kinds_of_client_in(company: Company, space: str) -> None:
    rights.give(company.broker, f"User:{USER}", access_rights.needed(space))
    with listening(endpoint(), company.authority.pair("tokens")) as asked:
        changed = {
            "KAFKA_MECHANISM": "OAUTHBEARER", "KAFKA_TOKEN_URL": asked.url, "KAFKA_USER": ID,
            "KAFKA_PASSWORD": SECRET, "KAFKA_PASSWORD_FILE": "", "KAFKA_TOKEN_SCOPE": "kafka",
        }  # fmt: skip
        with environment(company.environment(**changed)):
            found = settings.read(space)
            with Kafka(found.connections.kafka, 20) as kafka:
                assert kafka.client.describe_cluster()["brokers"]
            asyncio.run(started(found.connections.kafka))
    form = {"grant_type": ["client_credentials"], "scope": ["kafka"]}
    assert asked.asked and all(each == form for each in asked.asked)


@pytest.mark.parametrize(("life_s", "times"), [(300.0, 1), (0.0, 3)])
def test_a_token_is_asked_for_anew_only_when_it_ends(
    company: Company, life_s: float, times: int
) -> None:
    with listening(endpoint(life_s), company.authority.pair("tokens")) as asked:
        tokens = Tokens(_login(company, asked.url, SECRET))
        for _ in range(3):
            assert tokens.read()
    assert len(asked.asked) == times


def test_what_an_endpoint_refuses_is_told_without_the_secret(company: Company) -> None:
    with listening(endpoint(), company.authority.pair("tokens")) as asked:
        login = _login(company, asked.url, "wrong-s3cret")
        with pytest.raises(TokenUnavailable, match=r"answers 401") as refused:
            Tokens(login).read()
    assert "s3cret" not in str(refused.value)
    with pytest.raises(TokenUnavailable, match="gives no token"):
        Tokens(login).read()


def _login(company: Company, url: str, secret: str) -> KafkaLogin:
    tls = Tls(company.authority.file)
    return KafkaLogin("SASL_SSL", "OAUTHBEARER", ID, secret, token_url=url, tls=tls)


def test_stores_that_want_a_certificate_are_shown_ours(company: Company, space: str) -> None:
    authority = company.authority
    pair, mine = authority.pair("stores"), authority.pair("floor")
    ours = {"TLS_CERTIFICATE_FILE": str(mine.certificate), "TLS_KEY_FILE": str(mine.key)}
    with ExitStack() as stack:
        clickhouse, redis = (
            stack.enter_context(tls_front(_plain(company, name), pair, asks=authority))
            for name in ("CLICKHOUSE", "REDIS")
        )
        at = {"CLICKHOUSE": f"https://{clickhouse}", "REDIS": f"rediss://{redis}/0"}
        with environment(company.environment(**at, **ours)):
            connections = settings.read(space).connections
            client = connect_clickhouse(connections)
            assert client.command("SELECT 1") == 1
            client.close()
            password = connections.redis_password.get_secret_value()
            store: Redis = clients.redis_client(connections.redis, password)
            assert store.ping()
            store.close()
        with (
            environment(company.environment(**at)),
            pytest.raises(Refusal, match="ClickHouse"),
        ):
            connect_clickhouse(settings.read(space).connections)


def _plain(company: Company, name: str) -> str:
    at = urlsplit(company.plain[name])
    return f"{at.hostname}:{at.port}"
