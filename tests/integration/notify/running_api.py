"""A running notifier's API, asked as anybody may ask it."""

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import yaml

from schemas.alerts import decode_command
from streams import records
from streams.principals import hashed, new_token
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, hook, port_of
from tests.notify.transitions import evidence, labels, step

OPERATOR, LIMITED, VIEWER, CLIENT = (new_token() for _ in range(4))
PERSON = "p_abcdefghij0123456789"


class Api:
    """A running notifier's API."""

    def __init__(self, space: NotifySpace, port: int) -> None:
        self.space, self.url = space, f"http://127.0.0.1:{port}"

    def ask(
        self, method: str, path: str, token: str = "", body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and answer of one request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)

    def commands(self) -> list[list[Any]]:
        """What lies in each partition of the topic of commands."""
        topic, kafka = self.space.floor.topics.commands, self.space.floor.kafka
        count = self.space.floor.settings.floor.partitions
        found: list[list[Any]] = [[] for _ in range(count)]
        spans = kafka.spans([(topic, partition) for partition in range(count)])
        for each in records.read(kafka.servers, spans):
            found[each.partition].append(decode_command(each.value or b""))
        return found


def principal(name: str, role: str, token: str, projects: list[str]) -> dict[str, Any]:
    """An entry of the file."""
    return {"name": name, "roles": [role], "projects": projects, "token_sha256": hashed(token)}


@contextmanager
def running_api(opened: OpenNotify, folder: Path) -> Iterator[Api]:
    """An API with an operator, a viewer and a client, and some alerts that fire."""
    file = folder / "principals.yaml"
    entries = [
        principal("ada", "operator", OPERATOR, ["*"]),
        principal("lin", "operator", LIMITED, ["other"]),
        principal("vic", "viewer", VIEWER, ["*"]),
        principal("northwind", "client", CLIENT, ["comments-en"]),
    ]
    file.write_text(yaml.safe_dump({"principals": entries}))
    space = opened(WATCHFLOOR_ALERTS_PRINCIPALS=str(file), WATCHFLOOR_NOTIFY_SILENT_S="3600")
    space.receivers(hook("ops", "http://127.0.0.1:9/nobody", group_by=["project"]))
    child = space.notifier()
    found = Api(space, port_of(child))
    asyncio.run(
        space.say(
            step("firing", 1, evidence=evidence()),
            step("firing", 1, given=labels(queue="spam", severity="warning")),
            step("firing", 1, given=labels(project="other", queue="cats")),
            step("firing", 1, given=labels(annotator=PERSON)),
            step("firing", 1, given=labels(queue="quiet"), suppressed_by=("maintenance:m1",)),
            step("pending", 0, given=labels(queue="not-yet")),
            step("resolved", 2, given=labels(queue="over")),
        )
    )
    until(lambda: len(shown(found)) == 6)
    yield found
    child.ask_to_stop()
    assert child.await_end() == 0


def until(true: Callable[[], bool]) -> None:
    """Wait for the notifier to catch up with the topic."""

    async def wait() -> None:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(true):
                await asyncio.sleep(0.1)

    asyncio.run(wait())


def shown(api: Api, query: str = "", token: str = "") -> list[Any]:
    """The alerts that somebody sees."""
    status, found = api.ask("GET", f"/api/v2/alerts?{query}", token)
    return list(found) if status == 200 else []
