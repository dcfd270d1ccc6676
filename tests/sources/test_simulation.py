"""The simulated floor is deterministic, ordered by arrival, and looks like a floor."""

from collections import Counter
from collections.abc import Iterable
from itertools import islice, pairwise

import pytest

from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.history import history
from streams.simulate.incidents import Incident, IncidentKind, parse_incident

START_MS = 1_750_032_000_000  # 2025-06-16T00:00:00Z
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
Event = dict[str, object]


def floor(seed: int = 1, hours: float = 3, *incidents: Incident) -> list[Event]:
    config = FloorConfig(seats=80, incidents=incidents)
    return list(Floor(seed, config).events(START_MS, START_MS + int(hours * HOUR_MS)))


def ms(event: Event, field: str = "occurred_at") -> int:
    value = event[field]
    assert isinstance(value, int)
    return value


def of_type(events: Iterable[Event], event_type: str) -> list[Event]:
    return [event for event in events if event["event_type"] == event_type]


def test_the_same_seed_gives_the_same_events_and_another_seed_others() -> None:
    assert floor(1, 1) == floor(1, 1)
    assert floor(1, 1) != floor(2, 1)


def test_a_run_without_an_end_begins_like_one_with_an_end() -> None:
    ended = floor(1, 0.5)
    assert list(islice(Floor(1, FloorConfig(seats=80)).events(START_MS), len(ended))) == ended


def test_events_come_by_arrival_never_before_they_happen_and_each_once() -> None:
    events = floor()
    assert all(ms(a, "received_at") <= ms(b, "received_at") for a, b in pairwise(events))
    assert all(ms(event) <= ms(event, "received_at") for event in events)
    assert any(ms(a) > ms(b) for a, b in pairwise(events))
    assert len({str(event["event_id"]) for event in events}) == len(events)


def test_all_that_happens_on_a_floor_happens() -> None:
    config = FloorConfig(seats=160, incidents=(parse_incident("quality_drop@600+600"),))
    seen = Counter(
        str(e["event_type"]) for e in Floor(3, config).events(START_MS, START_MS + 12 * HOUR_MS)
    )
    wanted = """item.created item.queued item.claimed work.started work.heartbeat work.paused
        work.resumed item.submitted item.skipped assignment.expired item.completed label.recorded
        golden.answered review.queued review.assigned review.started review.decided appeal.filed
        appeal.decided presence.changed shift.scheduled shift.started shift.ended break.started
        break.ended guideline.published snapshot.backlog source.heartbeat"""
    assert set(wanted.split()) == set(seen)


def test_an_items_life_is_in_order() -> None:
    order = (
        "item.created",
        "item.queued",
        "item.claimed",
        "work.started",
        "item.submitted",
        "item.completed",
    )
    lives: dict[object, dict[str, int]] = {}
    for event in floor():
        if event["event_type"] in order:
            lives.setdefault(event["item_id"], {}).setdefault(str(event["event_type"]), ms(event))
    complete = [life for life in lives.values() if len(life) == len(order)]
    assert len(complete) > 100
    for life in complete:
        assert [life[name] for name in order] == sorted(life.values())


def test_nobody_works_on_two_items_at_once() -> None:
    spans: dict[object, list[tuple[int, int]]] = {}
    claims = {e["assignment_id"]: e for e in of_type(floor(), "item.claimed")}
    for event in of_type(floor(), "item.submitted"):
        claim = claims[event["assignment_id"]]
        spans.setdefault(event["actor_id"], []).append((ms(claim), ms(event)))
    for person in spans.values():
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(person)))


def test_handle_times_are_skewed() -> None:
    events = floor()
    starts = {e["assignment_id"]: ms(e) for e in of_type(events, "work.started")}
    spans = sorted(
        ms(e) - starts[e["assignment_id"]]
        for e in of_type(events, "item.submitted")
        if e["queue_id"] == "reports" and e["assignment_id"] in starts
    )
    assert sum(spans) / len(spans) > 1.15 * spans[len(spans) // 2]


def test_all_three_sites_work_within_a_day_and_people_take_breaks() -> None:
    events = floor(1, 24)
    sites = {e["site"] for e in of_type(events, "shift.started")}
    assert sites == {"manila", "hyderabad", "dublin"}
    assert len(of_type(events, "break.started")) > len(of_type(events, "shift.started"))


def arrivals(events: list[Event], queue: str, start_s: int, length_s: int) -> int:
    begin = START_MS + start_s * 1000
    return sum(
        1
        for e in of_type(events, "item.created")
        if e["queue_id"] == queue and begin <= ms(e) < begin + length_s * 1000
    )


def test_a_surge_brings_more_items() -> None:
    calm, surge = floor(), floor(1, 3, parse_incident("surge:reports@3600+1800"))
    assert arrivals(surge, "reports", 3600, 1800) > 3 * arrivals(calm, "reports", 3600, 1800)


def test_quality_drops_after_a_guideline_change() -> None:
    events = floor(1, 3, parse_incident("quality_drop@3600+7200"))
    published = of_type(events, "guideline.published")
    assert [(e["project_id"], ms(e)) for e in published] == [("moderation", START_MS + HOUR_MS)]
    outcomes: dict[bool, Counter[object]] = {False: Counter(), True: Counter()}
    for event in of_type(events, "review.decided"):
        if event["project_id"] == "moderation":
            outcomes[ms(event) > START_MS + HOUR_MS][event["outcome"]] += 1
    before, after = (n["accept"] / n.total() for n in outcomes.values())
    assert after < before - 0.05


def test_a_silent_source_sends_nothing_and_then_everything() -> None:
    events = floor(1, 3, parse_incident("silent_source@3600+1800"))
    begin, end = START_MS + HOUR_MS, START_MS + HOUR_MS + 30 * MINUTE_MS
    arrived = [ms(e, "received_at") for e in events if e["source"] == "cvat"]
    assert not [moment for moment in arrived if begin <= moment < end]
    late = [e for e in events if e["source"] == "cvat" and begin <= ms(e) < end]
    assert len(late) > 50
    assert not of_type(late, "source.heartbeat")


def test_a_slow_vendor_takes_longer() -> None:
    events = floor(1, 3, parse_incident("slow_vendor@0+10800"))
    starts = {e["assignment_id"]: ms(e) for e in of_type(events, "work.started")}
    spans: dict[bool, list[int]] = {False: [], True: []}
    for e in of_type(events, "item.submitted"):
        if e["queue_id"] == "reports" and e["assignment_id"] in starts:
            spans[e["vendor_id"] == "northwind"].append(ms(e) - starts[e["assignment_id"]])
    others, slow = (sorted(s)[len(s) // 2] for s in spans.values())
    assert slow > 1.4 * others


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("surge@60+300", Incident(IncidentKind.SURGE, "chat-urgent", 60, 300)),
        ("slow_vendor:contoso@0+9", Incident(IncidentKind.SLOW_VENDOR, "contoso", 0, 9)),
    ],
)
def test_an_incident_is_read_from_text(text: str, expected: Incident) -> None:
    assert parse_incident(text) == expected


@pytest.mark.parametrize("text", ["surge", "fire@1+2", "surge@x+2", "surge@1"])
def test_a_wrong_incident_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="KIND"):
        parse_incident(text)


def test_history_is_ordered_deterministic_distinct_and_about_as_fast_as_asked() -> None:
    end_ms = START_MS + 15 * MINUTE_MS
    records = list(history(7, START_MS, end_ms, 60))
    assert records == list(history(7, START_MS, end_ms, 60))
    assert all(a.received_ms <= b.received_ms for a, b in pairwise(records))
    assert len({record.value for record in records}) == len(records)
    assert 20 < len(records) / 900 < 120
    assert {record.role for record in records} == {"annotations", "reviews", "workforce"}
