"""`watchfloor map` on real Kafka: killed at any moment, nothing is lost and ids do not change."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass

import pytest

from schemas.dead_letters import from_record
from schemas.topics import Role, Topics, TopicSpec
from streams import groups, records
from streams.admin import Kafka
from streams.sender import Outgoing, Sender
from streams.sources.mapping_files import load_mapping
from streams.sources.one_record import RecordMapper
from streams.sources.records import EventDict
from streams.spaces import Names

PARTITIONS = 2
ANNOTATIONS = 150
EDITS = 6
CODE = "import sys; from streams.cli import main; sys.exit(main())"
WAIT_S = 240.0
_HEALTH = re.compile(rb'"address": "(http://[^"]+)", "event": "health_page"')


@dataclass(frozen=True, slots=True)
class Floor:
    """A space, the foreign topic beside it, and the broker of both."""

    broker: str
    space: str
    topic: str

    def fill(self, bodies: list[bytes | None]) -> None:
        """Write bodies into the foreign topic, those of one annotation into one partition."""
        with Kafka(self.broker, 10) as kafka:
            kafka.create_topics([TopicSpec(self.topic, PARTITIONS)], 1)
        with Sender(self.broker, 30) as sender:
            sender.send(
                [Outgoing(self.topic, at % PARTITIONS, None, b) for at, b in enumerate(bodies)]
            )

    def stored(self, *topics: str) -> list[records.Stored]:
        """All records of some topics, with one look at where they end."""
        with Kafka(self.broker, 10) as kafka:
            found = kafka.topics(topics)
            places = [(name, at) for name in found for at in range(found[name].partitions)]
            spans = kafka.spans(places)
        return list(records.read(self.broker, spans))

    def events(self) -> list[EventDict]:
        """All events that were sent, repeats included."""
        topics = Topics(self.space)
        stored = self.stored(topics.annotations, topics.reviews, topics.workforce)
        return [json.loads(each.value or b"") for each in stored]

    def start(self, *more: str) -> "subprocess.Popen[bytes]":
        """The command as a process of its own."""
        arguments = ["--space", self.space, "map", "--mapping", "label_studio"]
        return subprocess.Popen(
            [sys.executable, "-c", CODE, *arguments, "--topic", self.topic, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def catch_up(self) -> None:
        """Map all that the foreign topic holds."""
        process = self.start("--once")
        output, _ = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, output.decode()


@pytest.fixture
def floor(broker: str, space: str) -> Floor:
    return Floor(broker, space, f"{space}-theirs")


def bodies() -> list[bytes | None]:
    """Annotations that are made and edited again and again, with time that counts up."""
    found: list[bytes | None] = []
    for edit in range(EDITS + 1):
        for number in range(ANNOTATIONS):
            body = {
                "action": "ANNOTATION_UPDATED" if edit else "ANNOTATION_CREATED",
                "project": {"id": 1},
                "annotation": {
                    "id": number,
                    "task": 1000 + number,
                    "completed_by": number % 7,
                    "result": [],
                    "was_cancelled": False,
                    "created_at": "2026-03-02T09:00:00Z",
                    "updated_at": f"2026-03-02T09:{edit:02d}:00Z",
                    "lead_time": 10.0 * (edit + 1),
                },
            }
            found.append(json.dumps(body).encode())
    return [*found, b"{broken", b'{"action": "SOMETHING_NEW"}', None, b"[]"]


def expected(floor: Floor) -> tuple[dict[str, EventDict], set[tuple[int, int]]]:
    """Events by id, and the places of records that have none, without Kafka between."""
    mapping = load_mapping("label_studio")
    mappers = [RecordMapper(mapping) for _ in range(PARTITIONS)]
    events: dict[str, EventDict] = {}
    dead: set[tuple[int, int]] = set()
    for each in floor.stored(floor.topic):
        found = mappers[each.partition].events_of_bytes(each.value, each.timestamp_ms)
        if isinstance(found, list):
            events |= {str(event["event_id"]): event for event in found}
        else:
            dead.add((each.partition, each.offset))
    return events, dead


def wait_for_events(floor: Floor, process: "subprocess.Popen[bytes]", count: int) -> None:
    until_s = time.monotonic() + WAIT_S
    while len(floor.events()) < count and process.poll() is None:
        assert time.monotonic() < until_s, "the mapping does not go on"


def test_killed_again_and_again_it_loses_nothing_and_repeats_are_the_same_events(
    floor: Floor,
) -> None:
    floor.fill(bodies())
    for count in (1, 500):
        process = floor.start("--once")
        wait_for_events(floor, process, count)
        process.kill()
        process.communicate()
    floor.catch_up()
    events, dead = expected(floor)
    sent = floor.events()
    assert {str(event["event_id"]) for event in sent} == set(events)
    assert [e for e in sent if e != events[str(e["event_id"])]] == []
    letters = [
        from_record(each.key, each.value, each.headers)
        for each in floor.stored(Topics(floor.space).name(Role.DEAD_LETTERS))
    ]
    assert {(each.origin.partition, each.origin.offset) for each in letters} == dead
    assert {each.reason.value for each in letters} == {"not_json", "unknown_type", "tombstone"}
    assert len(dead) == 4
    grown = sum(int(str(e["active_ms_delta"])) for e in events.values() if "active_ms_delta" in e)
    assert grown == ANNOTATIONS * EDITS * 10_000


def test_what_it_remembers_outlives_it(floor: Floor) -> None:
    made, edited, *_ = bodies()[0::ANNOTATIONS]
    floor.fill([made])
    floor.catch_up()
    floor.fill([edited])
    floor.catch_up()
    deltas = [e.get("active_ms_delta") for e in floor.events() if e["event_type"] == "item.edited"]
    assert deltas == [10_000]


def test_one_that_runs_tells_how_it_is_and_stands_in_lag(floor: Floor) -> None:
    floor.fill([*bodies()[:3], b"{broken"])
    process = floor.start()
    try:
        assert process.stdout is not None
        said = next(found for line in process.stdout if (found := _HEALTH.search(line)))
        wait_for_events(floor, process, 3)
        until_s = time.monotonic() + WAIT_S
        while "map_read_records_total 4" not in (told := asked(said[1], "metrics")):
            assert time.monotonic() < until_s, told
        for line in (
            "map_dead_records_total 1", "map_lag_records 0", "map_remembered_things 3"
        ):  # fmt: skip
            assert line in told
        assert asked(said[1], "livez") == asked(said[1], "readyz") == "ok\n"
        group = Names(floor.space).group("map-label_studio")
        with Kafka(floor.broker, 10) as kafka:
            (working,) = [it for it in groups.of_space(kafka, floor.space) if it.name == group]
            assert len(working.members) == 1
    finally:
        process.terminate()
        process.communicate()
    assert process.returncode == 0


def asked(address: bytes, page: str) -> str:
    with urllib.request.urlopen(f"{address.decode()}/{page}", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(
    ("topic", "says"), [("nowhere", "there is no topic nowhere"), ("", "is Watchfloor's own")]
)
def test_a_topic_that_cannot_be_read_is_refused(floor: Floor, topic: str, says: str) -> None:
    named = topic or Topics(floor.space).annotations
    process = Floor(floor.broker, floor.space, named).start("--once")
    output, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 1
    assert says in output.decode()
