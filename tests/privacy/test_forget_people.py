"""``people forget`` on a real floor that runs, is killed, and hears of the person again."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.partitioner import partition_of
from schemas.people import Pseudonymiser
from sinks.rebuilds import Rebuild
from streams.sender import Outgoing, Sender
from tests.admin.conftest import Ran
from tests.integration.main_job.conftest import OPEN_SPACE, opened, parts
from tests.integration.main_job.floor_processes import Child, FloorSpace
from tests.privacy.asking import ask

__all__ = ["opened", "parts"]

ANNA, BO, NOBODY = "worker-4711", "worker-4712", "worker-4713"
WHO = ("--org", "acme", "--source", "cvat")
ITEMS = 6
PEOPLE_KEY = "07" * 32
GIVEN = {
    "WATCHFLOOR_PARTITIONS": "2",
    "WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS": "false",
    "WATCHFLOOR_PEOPLE_KEY": PEOPLE_KEY,
    "WATCHFLOOR_ALERTS_RULES": str(Path(__file__).with_name("rules_about_people.yaml")),
}


class Sources:
    """Sends events of some items, all of one queue and team."""

    def __init__(self, floor: FloorSpace, sender: Sender) -> None:
        self._floor = floor
        self._sender = sender

    def send(self, kind: str, number: int, **fields: Any) -> None:
        """One event of an item, now."""
        now_ms = time.time_ns() // 1_000_000
        item_id = f"item-{number}"
        place = {"source": "cvat", "org_id": "acme", "project_id": "street", "item_id": item_id}
        event = {
            "event_id": uuid.uuid4().hex, "event_type": kind, "schema_version": "1.0",
            "occurred_at": now_ms, "received_at": now_ms, "queue_id": "images",
            "team_id": "blue", **place, **fields,
        }  # fmt: skip
        topics = self._floor.topics
        topic = topics.reviews if kind.startswith("review.") else topics.annotations
        partition = partition_of(item_id.encode(), self._floor.settings.floor.partitions)
        self._sender.send([Outgoing(topic, partition, item_id.encode(), orjson.dumps(event))])

    def submit(self, number: int, who: str) -> None:
        """Somebody claims an item and submits it, with a label."""
        assignment = f"item-{number}/1"
        self.send("item.queued", number)
        self.send("item.claimed", number, actor_id=who, assignment_id=assignment)
        self.send(
            "item.submitted", number, actor_id=who, assignment_id=assignment, attempt=1,
            active_ms=30_000, labels=["car"],
        )  # fmt: skip

    def review(self, number: int, reviewer: str, author: str, outcome: str) -> None:
        """Somebody decides about somebody's submission."""
        self.send(
            "review.decided", number, review_id=f"r-{uuid.uuid4().hex}", reviewer_id=reviewer,
            author_id=author, outcome=outcome,
        )  # fmt: skip


@pytest.fixture(scope="module")
def floor(opened: OPEN_SPACE) -> FloorSpace:
    """A space with everything that delivers, and no worker yet."""
    found = opened(None, **GIVEN)
    for sink in ("clickhouse", "redis", "notify"):
        found.deliver(sink)
    return found


def _await_alert(floor: FloorSpace, person: str) -> None:
    """Return once the rule about people has fired and that is stored."""
    question = f"SELECT count() FROM alert_log WHERE labels['annotator'] = '{person}'"
    until_s = time.monotonic() + 60
    while not floor.client.query(question).result_rows[0][0]:
        assert time.monotonic() < until_s, "no alert about somebody"
        time.sleep(0.2)


def counts(floor: FloorSpace, grouping: str) -> list[tuple[object, ...]]:
    """What a grouping counts in all."""
    question = (
        "SELECT sum(arrived), sum(submitted), sum(reviewed), sum(accepted), sum(rejected), "
        f"sum(accept_retracted) FROM rollups FINAL WHERE grouping = '{grouping}'"
    )
    return [tuple(row) for row in floor.client.query(question).result_rows]


def pseudonym(who: str) -> str:
    return Pseudonymiser(bytes.fromhex(PEOPLE_KEY)).pseudonym("acme", "cvat", who)


def forget(floor: FloorSpace, who: str, *more: str) -> Ran:
    return ask(floor, "people", "forget", who, *WHO, *more)


def found_in(ran: Ran) -> dict[str, int]:
    """The places of the last table of places, and how often the person is there."""
    table = ran.out.split("proof:")[-1].split("what goes by time")[0]
    rows = [line.rsplit(maxsplit=1) for line in table.splitlines()]
    return {row[0].strip(): int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


@pytest.fixture(scope="module")
def worker(floor: FloorSpace) -> Child:
    """The worker; before it starts, somebody was to be forgotten in vain."""
    ran = forget(floor, NOBODY, "--yes", "--wait", "1")
    assert ran.code == 1
    assert "the floor has not forgotten them yet" in ran.err
    assert "watchfloor worker" in ran.err
    child = floor.worker(0)
    child.await_at_work()
    return child


@pytest.fixture(scope="module")
def worked(floor: FloorSpace, worker: Child) -> Iterator[Sources]:
    """Anna and Bo did three items each and reviewed each other's; both are in the directory."""
    connections = floor.settings.connections
    with Sender(connections.kafka, connections.timeout_s) as sender:
        sources = Sources(floor, sender)
        for number in range(ITEMS):
            author, reviewer = (ANNA, BO) if number % 2 else (BO, ANNA)
            sources.submit(number, author)
            sources.review(number, reviewer, author, "accept")
        sources.review(3, BO, ANNA, "reject")
        floor.settle()
        _await_alert(floor, pseudonym(ANNA))
        (floor.folder / "roster.csv").write_text(f"id,name\n{ANNA},Anna Lim\n{BO},Bo Díaz\n")
        floor.run("people", "load", *WHO, str(floor.folder / "roster.csv"))
        yield sources


def test_a_run_that_found_no_worker_goes_on(floor: FloorSpace, worked: Sources) -> None:
    ran = forget(floor, NOBODY, "--yes")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1] == f"forgotten: {pseudonym(NOBODY)}"


def test_somebody_is_forgotten_everywhere_and_stays_so(
    floor: FloorSpace, worker: Child, worked: Sources
) -> None:
    side = Rebuild(f"ops_{floor.name}", 0, 3_600).side
    floor.client.command(f"CREATE DATABASE {side}")
    floor.client.command(f"CREATE TABLE {side}.rollups AS ops_{floor.name}.rollups")
    floor.client.command(f"INSERT INTO {side}.rollups SELECT * FROM ops_{floor.name}.rollups")
    queue, team = counts(floor, "queue"), counts(floor, "team")
    assert queue == [(ITEMS, ITEMS, ITEMS + 1, ITEMS, 1, 1)]
    dry = forget(floor, ANNA, "--dry-run")
    assert dry.code == 0
    places = {place.split()[0] for place, count in found_in(dry).items() if count}
    assert places == {"kafka", "clickhouse", "redis"}
    for place in (
        f"kafka {floor.topics.notify_changelog}",
        f"clickhouse ops_{floor.name}.alert_log",
        f"clickhouse {side}.rollups",
    ):
        assert found_in(dry)[place], "the alert about her, and rows of a rebuild that was given up"
    assert_dated(floor, dry)

    ran = forget(floor, ANNA, "--yes")
    assert ran.code == 0, ran.err
    assert not any(found_in(ran).values())
    assert counts(floor, "queue") == queue
    assert counts(floor, "team") == team
    assert counts(floor, "annotator") == [(0, ITEMS / 2, ITEMS / 2, ITEMS / 2, 0, 0)]
    floor.client.command(f"DROP DATABASE {side}")
    names = floor.client.query("SELECT name FROM people_directory FINAL").result_rows
    assert list(names) == [("Bo Díaz",)]

    worker.kill()
    floor.start_again(worker).await_at_work()
    # An accept of hers is taken back, she reviews, and she works again.
    worked.review(1, BO, ANNA, "reject")
    worked.review(0, ANNA, BO, "reject")
    worked.submit(ITEMS, ANNA)
    floor.settle()
    assert counts(floor, "queue") == [(ITEMS + 1, ITEMS + 1, ITEMS + 3, ITEMS, 3, 3)]
    assert counts(floor, "team") == [(ITEMS + 1, ITEMS + 1, ITEMS + 3, ITEMS, 3, 3)]
    assert counts(floor, "annotator") == [(0, ITEMS / 2, ITEMS / 2 + 1, ITEMS / 2, 1, 1)]
    again = forget(floor, ANNA, "--dry-run")
    assert not any(found_in(again).values()), again.out
    said = floor.run("people", "load", *WHO, str(floor.folder / "roster.csv"))
    assert said == "1 people are in the directory\n1 were forgotten and are left out\n"


def assert_dated(floor: FloorSpace, ran: Ran) -> None:
    """What goes by time is named with its day."""
    shown = ran.out.split("can't be removed before")[1]
    for topic in (floor.topics.panes, floor.topics.commands, floor.topics.dead_letters):
        (line,) = [line for line in shown.splitlines() if line.startswith(f"{topic} ")]
        assert line.rsplit(maxsplit=1)[1] > time.strftime("%Y-%m-%d")


def test_nobody_is_forgotten_unasked(floor: FloorSpace, worked: Sources) -> None:
    assert forget(floor, BO).code != 0
    question = f"SELECT count() FROM rollups WHERE annotator = '{pseudonym(BO)}'"
    assert floor.client.query(question).result_rows[0][0] > 0


@pytest.mark.parametrize("arguments", [("p_1",), ("4711", "--org", "acme")])
def test_a_name_that_says_too_little_is_refused(
    floor: FloorSpace, arguments: tuple[str, ...]
) -> None:
    ran = ask(floor, "people", "forget", *arguments, "--yes")
    assert ran.code in (1, 2)
    assert "Traceback" not in ran.err
