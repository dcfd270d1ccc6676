"""Every way to log in lets every Kafka client of ours in, and no client is made anywhere else."""

import ast
import asyncio
import base64
import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from sinks.clients import aiokafka_login
from streams import access_rights, settings
from streams.admin import Kafka
from streams.refusals import SettingsRefused
from tests.integration.clusters import rights
from tests.integration.clusters.company_broker import PASSWORD, USER
from tests.integration.clusters.conftest import Company
from tests.integration.main_job.conftest import environment

# aiokafka does not wait for the other side's end of TLS when it stops, so a loop that ends then
# leaves a transport to the garbage collector; that is no failure of what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
REPOSITORY = Path(__file__).parents[3]
PACKAGES = ("streams", "sinks", "schemas", "deploy")
#: Names that open connections, and the calls that must stand in the same call's arguments.
KAFKA_CLIENTS = {
    "AIOKafkaProducer": ("aiokafka_login", "credentials_to_aiokafka_auth"),
    "AIOKafkaConsumer": ("aiokafka_login", "credentials_to_aiokafka_auth"),
    "create_conn": ("aiokafka_login",),
    "KafkaAdminClient": ("kafka_python_login",),
    "KafkaConsumer": ("kafka_python_login",),
    "KafkaProducer": ("kafka_python_login",),
}
STORE_CLIENTS = ("get_client", "from_url", "Redis", "StrictRedis")
#: The local stack asks its own broker, which has no locks, whether it is up.
OWN = {Path("deploy/local/kafka.py"), Path("sinks/clients.py")}


def token(subject: str) -> str:
    """A token that nobody signed, good for an hour."""
    now_s = int(time.time())
    parts = ({"alg": "none"}, {"sub": subject, "iat": now_s, "exp": now_s + 3600})
    texts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in parts]
    return ".".join([*(text.rstrip("=") for text in texts), ""])


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER", "mtls"])
def test_each_way_lets_both_kinds_of_client_in(
    company: Company, tmp_path: Path, space: str, way: str
) -> None:
    held = tmp_path / "token"
    held.write_text(token(USER))
    mine = company.authority.pair("floor")
    changed = {"KAFKA_MECHANISM": way}
    if way == "OAUTHBEARER":
        changed |= {"KAFKA_TOKEN_FILE": str(held)}
    if way == "mtls":
        changed = {
            "KAFKA": company.broker.mtls, "KAFKA_SECURITY": "SSL", "KAFKA_USER": "",
            "TLS_CERTIFICATE_FILE": str(mine.certificate), "TLS_KEY_FILE": str(mine.key),
        }  # fmt: skip
    rights.give(company.broker, f"User:{USER}", access_rights.needed(space))
    with environment(company.environment(**changed)):
        found = settings.read(space)
        with Kafka(found.connections.kafka, 20) as kafka:
            assert kafka.client.describe_cluster()["brokers"]
        asyncio.run(started(found.connections.kafka))


async def started(servers: str) -> None:
    """A producer gets in, and out."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, **aiokafka_login(servers))
    try:
        await producer.start()
    finally:
        await producer.stop()


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in the packages, by the last name of what is called."""
    for path in (each for name in PACKAGES for each in (REPOSITORY / name).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                yield path.relative_to(REPOSITORY), node, name


def test_no_client_is_made_that_was_not_told_who_it_is() -> None:
    # Python 3.11 fails in ast.parse when leftovers of other tests are finalised in its midst
    # (CPython issue 106905).
    gc.collect()
    gc.disable()
    try:
        found = list(calls())
    finally:
        gc.enable()
    strangers = [
        f"{path}:{node.lineno} {name}"
        for path, node, name in found
        if path not in OWN
        and (
            name in STORE_CLIENTS
            or (
                name in KAFKA_CLIENTS
                and not any(login in ast.unparse(node) for login in KAFKA_CLIENTS[name])
            )
        )
    ]
    assert strangers == []
    assert sum(name in KAFKA_CLIENTS for _, _, name in found) > 5


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"KAFKA_SECURITY": "SASL_SSL"}, "WATCHFLOOR_KAFKA_USER is needed"),
        ({"KAFKA_USER": "a"}, "logs in nowhere"),
        ({"TLS_CA_FILE": "/nowhere.pem"}, "there is no file /nowhere.pem"),
        ({"TLS_CERTIFICATE_FILE": __file__}, "go together"),
        ({"TLS_CA_FILE": __file__}, "can't be used"),
        ({"REDIS_PASSWORD_FILE": "/nowhere"}, "REDIS_PASSWORD_FILE: /nowhere can't be read"),
        ({"REDIS_PASSWORD_FILE": "/x", "REDIS_PASSWORD": "s3"}, "both set"),
    ],
)
def test_settings_that_can_not_work_are_refused(given: dict[str, str], says: str) -> None:
    own = {f"WATCHFLOOR_{name}": value for name, value in given.items()}
    with environment(own), pytest.raises(SettingsRefused, match=says) as refusal:
        settings.read()
    assert PASSWORD not in str(refusal.value)
