"""The real Apache Kafka: one node that is broker and controller (KRaft)."""

import base64
import logging
import os
import socket
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import jars, java
from deploy.local.errors import StackError
from deploy.local.places import Places
from deploy.local.ports import HOST
from deploy.local.progress import Progress
from deploy.local.service import DISK_FULL, PORT_TAKEN, Service

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
_HINTS = {
    "No space left on device": DISK_FULL,
    "Address already in use": PORT_TAKEN,
    "OutOfMemoryError": (
        "it has no memory left",
        "create fewer topics and partitions, or `watchfloor local reset`",
    ),
}
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError")
_LOGGING = (
    "-Duser.timezone=UTC",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    # At INFO these two print every setting, a thousand lines a start.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.server.config=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaConfig=warn",
)
# Small enough for a laptop: few threads, few internal partitions, small preallocated files.
_SETTINGS: Mapping[str, object] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": 4,
    "message.max.bytes": MESSAGE_BYTES_MAX,
    "replica.fetch.max.bytes": MESSAGE_BYTES_MAX,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 100,
    # After kill -9 the broker may register again only when its old session has ended.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 500,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.segment.bytes": 64 * 1024 * 1024,
    "log.index.size.max.bytes": 1024 * 1024,
    "log.cleaner.dedupe.buffer.size": 2097152,
    # A topic that was deleted by a test leaves the disk after a second, not a minute.
    "log.segment.delete.delay.ms": 1000,
    "file.delete.delay.ms": 1000,
}


@dataclass(frozen=True, slots=True)
class Program:
    """What runs the broker: a Java and the jars."""

    java: str
    class_path: str


def prepare(places: Places, progress: Progress) -> Program:
    """Find Java and fetch the jars; may take minutes the first time."""
    program = java.find_java()
    listing = places.home / "kafka-jars.json"
    return Program(program, os.pathsep.join(map(str, jars.class_path(listing, progress))))


@dataclass(frozen=True, slots=True)
class Locks:
    """Broker settings beyond the usual ones, and users for SCRAM as ``--add-scram`` takes them.

    What makes a broker of a company's kind: listeners with TLS and logins, and an authorizer.
    """

    settings: Mapping[str, object]
    scram_users: Sequence[str] = ()


def service(
    places: Places, ports: Mapping[str, int], program: Program, locks: Locks | None = None
) -> Service:
    """Write the broker's settings, format its storage once, and say how to run it."""
    settings = places.data("kafka") / "server.properties"
    settings.write_text(_properties(places, ports, locks.settings if locks else {}))
    if not (_log_dir(places) / "meta.properties").exists():
        _format(program, settings, locks.scram_users if locks else ())
    return Service(
        part="kafka",
        argv=[
            program.java,
            *_JVM,
            *_LOGGING,
            "-cp",
            program.class_path,
            "kafka.Kafka",
            str(settings),
        ],
        healthy=lambda: answers(ports["kafka"]),
        hints=_HINTS,
    )


def answers(port: int) -> bool:
    """Whether a broker there is ready to lead partitions."""
    try:
        # Asked first, for the client below goes on trying for long when nobody listens.
        socket.create_connection((HOST, port), timeout=1.0).close()
    except OSError:
        return False
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    logger = logging.getLogger("kafka")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=f"{HOST}:{port}", bootstrap_timeout_ms=2000, request_timeout_ms=2000
        )
        try:
            return bool(admin.describe_cluster().get("brokers"))
        finally:
            admin.close()
    except (KafkaError, OSError):
        return False
    finally:
        logger.setLevel(level)


def _log_dir(places: Places) -> Path:
    return places.data("kafka") / "logs"


def _properties(places: Places, ports: Mapping[str, int], more: Mapping[str, object]) -> str:
    controller = f"{HOST}:{ports['controller']}"
    listeners = f"PLAINTEXT://{HOST}:{ports['kafka']},CONTROLLER://{controller}"
    settings = {
        **_SETTINGS,
        "controller.quorum.voters": f"1@{controller}",
        "listeners": listeners,
        "log.dirs": _log_dir(places),
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _format(program: Program, settings: Path, scram_users: Sequence[str]) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # Joined by "=", for a leading dash of the id would be read as an option.
    argv = ["format", f"--cluster-id={cluster_id}", "-c", str(settings), "--ignore-formatted"]
    argv += [f"--add-scram={user}" for user in scram_users]
    done = subprocess.run(
        [
            program.java,
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            program.class_path,
            "kafka.tools.StorageTool",
            *argv,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr + done.stdout).strip().splitlines()[-1:]
        raise StackError(
            f"kafka's storage can't be formatted: {' '.join(last)}",
            "check the disk; `watchfloor local reset` starts with empty data",
        )
