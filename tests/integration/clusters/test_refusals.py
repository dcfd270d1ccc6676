"""What a wrong way in says: one line with its remedy, and an exit code, from the real listeners."""

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from streams import access_rights
from streams.access_rights import Right
from tests.integration.clusters import rights
from tests.integration.clusters.authority import Authority
from tests.integration.clusters.company_broker import (
    PASSWORD,
    STRANGER,
    STRANGERS_PASSWORD,
    USER,
)
from tests.integration.clusters.conftest import REDIS_PASSWORD, Company
from tests.integration.main_job.conftest import environment

SECRETS = (PASSWORD, STRANGERS_PASSWORD, REDIS_PASSWORD, "wrong-s3cret")


def refused(company: Company, *arguments: str, **changed: str) -> tuple[int, str]:
    """The exit code, and what was said in how many lines."""
    with environment(company.environment(**changed)):
        command = [sys.executable, "-m", "streams.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    said = done.stdout + done.stderr
    assert not any(secret in said for secret in SECRETS), said
    return done.returncode, said


WITH_PASSWORD = {"KAFKA_PASSWORD_FILE": "", "KAFKA_PASSWORD": "wrong-s3cret"}


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (WITH_PASSWORD, ("wrong user or password", "WATCHFLOOR_KAFKA_PASSWORD")),
        (
            WITH_PASSWORD | {"KAFKA_MECHANISM": "PLAIN"},
            (
                "refuses user watchfloor (PLAIN): wrong user or password",
                "WATCHFLOOR_KAFKA_PASSWORD",
            ),
        ),
        ({"KAFKA": "expired"}, ("has expired", "renew it")),
        ({"KAFKA": "elsewhere"}, ("is for another host", "a name that the certificate has")),
        ({"TLS_CA_FILE": ""}, ("not from an authority that we know", "WATCHFLOOR_TLS_CA_FILE")),
        (
            {"TLS_CA_FILE": "other"},
            ("not from an authority that we know", "WATCHFLOOR_TLS_CA_FILE"),
        ),
        (
            {"KAFKA_SECURITY": "PLAINTEXT", "KAFKA_USER": ""},
            ("speaks TLS, WATCHFLOOR_KAFKA_SECURITY is PLAINTEXT", "SASL_SSL"),
        ),
        ({"KAFKA": "open"}, ("speaks no TLS", "TLS port")),
        (
            {"KAFKA": "mtls", "KAFKA_SECURITY": "SSL", "KAFKA_USER": ""},
            ("wants a certificate of ours", "WATCHFLOOR_TLS_CERTIFICATE_FILE"),
        ),
        ({"KAFKA": "web"}, ("speaks HTTP", "brokers' own port")),
        (
            {"KAFKA": "web", "KAFKA_SECURITY": "PLAINTEXT", "KAFKA_USER": ""},
            ("speaks HTTP", "brokers' own port"),
        ),
        ({"KAFKA": "127.0.0.1:1"}, ("no Kafka broker answers", "WATCHFLOOR_KAFKA")),
    ],
)
def test_a_wrong_way_in_is_one_line_with_its_remedy(
    company: Company, web: str, tmp_path: Path, changed: dict[str, str], words: tuple[str, str]
) -> None:
    named = {"web": web} | {
        name: getattr(company.broker, name) for name in ("open", "mtls", "expired", "elsewhere")
    }
    given = dict(changed)
    if "KAFKA" in given:
        given["KAFKA"] = named.get(given["KAFKA"], given["KAFKA"])
    if given.get("TLS_CA_FILE") == "other":
        given["TLS_CA_FILE"] = str(Authority(tmp_path).file)
    code, said = refused(company, "lag", **given)
    lines = said.strip().splitlines()
    assert code == 1 and len(lines) == 2, said
    problem, remedy = words
    assert problem in lines[0] and remedy in lines[1], said


def test_who_may_do_nothing_is_told_which_right_is_missing(company: Company, space: str) -> None:
    who = {"KAFKA_USER": STRANGER, "KAFKA_PASSWORD_FILE": "", "KAFKA_PASSWORD": STRANGERS_PASSWORD}
    code, said = refused(company, "--space", space, "setup", **who)
    assert code == 1 and len(said.strip().splitlines()) == 2, said
    assert f"User:{STRANGER}" in said and "watchfloor doctor --rights" in said


def test_a_topic_of_another_shape_is_named_with_its_remedy(company: Company, space: str) -> None:
    rights.give(company.broker, f"User:{USER}", access_rights.needed(space))
    ours = {f"{space}.ops.annotations": 3, f"{space}.watchfloor-floor-subjects-changelog": 2}
    admin = KafkaAdminClient(bootstrap_servers=company.broker.open)
    admin.create_topics(
        {name: {"num_partitions": n, "replication_factor": 1} for name, n in ours.items()}
    )
    code, said = refused(company, "--space", space, "setup")
    assert code == 1 and "has 3 partitions, not 2" in said and "WATCHFLOOR_PARTITIONS=3" in said
    code, said = refused(company, "--space", space, "setup", TOPICS_ARE_GIVEN="true")
    assert code == 1 and "missing: " in said and "not compact" in said
    assert len(said.strip().splitlines()) == 2, said
    code, said = refused(company, "--space", space, "doctor")
    admin.delete_topics(list(ours))
    admin.close()
    assert code == 1
    assert "has 3 partitions, not 2" in said
    assert "subjects-changelog has cleanup.policy=delete, not compact" in said


def test_a_right_that_is_missing_on_a_topic_is_named(company: Company, space: str) -> None:
    less = [
        replace(right, operations=tuple(each for each in right.operations if each != "WRITE"))
        for right in access_rights.needed(space)
    ]
    who = {"KAFKA_USER": STRANGER, "KAFKA_PASSWORD_FILE": "", "KAFKA_PASSWORD": STRANGERS_PASSWORD}
    rights.give(company.broker, f"User:{STRANGER}", less)
    admin = KafkaAdminClient(bootstrap_servers=company.broker.open)
    name = f"{space}.ops.ticks"
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    code, said = refused(company, "--space", space, "doctor", **who)
    admin.delete_topics([name])
    admin.close()
    assert code == 1 and f"we lack WRITE on topic {name}" in said, said


@pytest.mark.parametrize(
    ("changed", "where", "problem"),
    [
        ({"TLS_CA_FILE": "other"}, "clickhouse", "authority"),
        ({"REDIS_PASSWORD": "wrong-s3cret"}, "redis", "password"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_a_store(
    company: Company, tmp_path: Path, changed: dict[str, str], where: str, problem: str
) -> None:
    given = dict(changed)
    if "TLS_CA_FILE" in given:
        given["TLS_CA_FILE"] = str(Authority(tmp_path).file)
    code, said = refused(company, "doctor", **given)
    lines = [line for line in said.splitlines() if f"PROBLEM  {where}" in line]
    assert code == 1 and len(lines) == 1 and problem in lines[0], said


def test_rights_are_printed_for_who_gives_them(company: Company) -> None:
    code, said = refused(company, "--space", "june", "doctor", "--rights")
    assert code == 0
    assert f"--add --allow-principal 'User:{USER}'" in said
    assert "--topic 'june.' --resource-pattern-type prefixed" in said


def test_every_right_is_a_word_of_kafkas() -> None:
    assert all(isinstance(each, Right) for each in access_rights.needed("live"))
