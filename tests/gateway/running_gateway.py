"""A gateway as a process of its own, asked over HTTP, and what it has stored."""

import json
import re
import secrets
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from schemas.topics import INPUT_ROLES, Topics
from streams import records, settings, setup
from streams.admin import Kafka
from tests.integration.main_job.conftest import environment
from tests.integration.main_job.floor_processes import Child

JSON = "application/json"
_OPENED = re.compile(rb'"address": "(http://[^"]+)", "event": "gateway_opened"')
_HEALTH = re.compile(rb'"address": "(http://[^"]+)", "event": "health_page"')
START_S_MAX = 90.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON body and headers of one answer."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def fault(self) -> tuple[int, str, str]:
        """Index, reason and field of the first event that was refused."""
        first = self.body["error"]["faults"][0]
        return first["index"], first["reason"], first["field"]


@dataclass(slots=True)
class RunningGateway:
    """``url`` is where events go, ``health`` the page of its health."""

    child: Child
    space: str
    kafka: str
    url: str = ""
    health: str = ""

    def await_open(self) -> None:
        """Return when it listens."""
        until_s = time.monotonic() + START_S_MAX
        while True:
            output = self.child.output.read_bytes()[self.child.begins_at :]
            opened, health = _OPENED.search(output), _HEALTH.search(output)
            if opened and health:
                self.url, self.health = opened[1].decode(), health[1].decode()
                return
            assert self.child.process.poll() is None, output.decode()
            assert time.monotonic() < until_s, "it did not open"
            time.sleep(0.05)

    def post(self, body: Any, kind: str = JSON, path: str = "/v1/events", **headers: str) -> Answer:
        """The answer to one request; underscores in the names of headers are dashes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind, **named})
        try:
            with urllib.request.urlopen(request, timeout=60) as found:
                return Answer(found.status, json.load(found), dict(found.headers))
        except HTTPError as error:
            return Answer(error.code, json.load(error), dict(error.headers))

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page of its health."""
        try:
            with urllib.request.urlopen(self.health + path, timeout=20) as found:
                return found.status, found.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def measured(self, name: str) -> float:
        """One of its metrics."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
        return 0.0

    def stored(self) -> list[records.Stored]:
        """Everything in the space's input topics."""
        topics = Topics(self.space)
        with Kafka(self.kafka, 20) as kafka:
            names = [topics.name(role) for role in INPUT_ROLES]
            counts = {name: found.partitions for name, found in kafka.topics(names).items()}
            places = [(name, at) for name, count in counts.items() for at in range(count)]
            return list(records.read(self.kafka, kafka.spans(places)))

    def stored_ids(self) -> list[str]:
        """Their event ids."""
        return [json.loads(each.value or b"")["event_id"] for each in self.stored()]


@contextmanager
def running_gateway(
    folder: Path, space: str, kafka: str, given: Mapping[str, str]
) -> Iterator[RunningGateway]:
    """A gateway in a fresh space; ended, and its topics deleted, afterwards."""
    values = {
        "WATCHFLOOR_KAFKA": kafka,
        "WATCHFLOOR_LOCAL_DIR": str(folder),
        "WATCHFLOOR_PEOPLE_KEY": secrets.token_hex(32),
        "WATCHFLOOR_HEALTH_PORT": "0",
        "WATCHFLOOR_GATEWAY_PORT": "0",
    }
    with environment(values | dict(given)):
        setup.set_up_kafka(settings.read(space), lambda _: None, None)
        arguments = ("--space", space, "gateway")
        found = RunningGateway(Child.start(arguments, folder / "gateway.log"), space, kafka)
        try:
            found.await_open()
            yield found
        finally:
            if found.child.process.poll() is None:
                found.child.kill()


def event(event_id: str, /, **more: Any) -> dict[str, Any]:
    """A small event of now; None leaves a field out."""
    whole = {
        "event_id": event_id,
        "event_type": "item.queued",
        "schema_version": "1.0",
        "occurred_at": time.time_ns() // 1_000_000,
        "source": "custom",
        "org_id": "acme",
        "project_id": "moderation",
        "item_id": f"item-{event_id}",
        "queue_id": "text",
        "reason": "new",
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}
