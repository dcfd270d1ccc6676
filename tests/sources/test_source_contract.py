"""What the sources and the simulation make is what the contract takes."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
import pytest

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.dead_letters import DeadLetter
from schemas.people import pseudonymiser
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.history import history
from streams.simulate.incidents import parse_incident
from streams.sources.routing import route_of
from tests.sources.logs import minimal, split, written
from tests.sources.test_mturk import events_of, row

START_MS = 1_750_032_000_000
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as the decoder takes it."""

    key: bytes | None
    value: bytes
    timestamp: int
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def decoded(event: dict[str, object]) -> object:
    people = pseudonymiser(b"0123456789abcdef0123456789abcdef")
    settings = DecoderSettings(accepted=AcceptedTimes(0, 4_000_000_000_000, relative=False))
    route = route_of(event)
    sent = Sent(route.key, orjson.dumps(event), 1)
    return Decoder(people, settings).decode(route.role, 0, sent)


def test_every_simulated_event_is_taken() -> None:
    incidents = tuple(
        parse_incident(text)
        for text in (
            "surge@60+300",
            "quality_drop@600+900",
            "silent_source@900+300",
            "slow_vendor@0+900",
        )
    )
    floor = Floor(5, FloorConfig(seats=80, incidents=incidents))
    refused = [
        found
        for event in floor.events(START_MS, START_MS + 4 * HOUR_MS)
        if isinstance(found := decoded(event), DeadLetter)
    ]
    assert refused == []


def test_history_is_taken_under_its_own_keys() -> None:
    decoder = Decoder(
        pseudonymiser(b"0123456789abcdef0123456789abcdef"),
        DecoderSettings(accepted=AcceptedTimes(0, 4_000_000_000_000, relative=False)),
    )
    for record in islice(history(1, START_MS, START_MS + HOUR_MS, 100), 3000):
        sent = Sent(record.key, record.value, record.received_ms)
        assert not isinstance(decoder.decode(record.role, 0, sent), DeadLetter)


def test_mechanical_turk_events_are_taken(tmp_path: Path) -> None:
    approved = {
        "AssignmentStatus": "Approved",
        "MaxAssignments": "1",
        "RejectionTime": "Fri Sep 22 07:40:57 PDT 2017",
        "ApprovalTime": "Fri Sep 22 08:40:57 PDT 2017",
    }
    events = events_of(tmp_path, row(**approved))
    assert len(events) == 8
    assert not [e for e in events if isinstance(decoded(e.event), DeadLetter)]


@pytest.mark.parametrize("event", [{}, {"event_type": 7}, {"event_type": "x", "item_id": None}])
def test_an_event_that_is_none_still_has_a_route(event: dict[str, object]) -> None:
    assert (route_of(event).role, route_of(event).key) == ("annotations", None)


def test_a_mapped_event_is_taken(tmp_path: Path) -> None:
    text = "item,who,at\n1,ann,2024-05-01T10:00:00Z\n"
    events, _ = split(written(tmp_path, text), minimal())
    assert not isinstance(decoded(events[0].event), DeadLetter)
