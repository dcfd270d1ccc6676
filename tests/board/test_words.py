"""When a part stops, the board says which, since when, and what to do; numbers turn grey."""

import asyncio
import os
import time
from typing import Any

import pytest
from redis import Redis

from sinks.board.facts import Answer, Facts
from sinks.board.health import STOPPED_MS, health
from sinks.errors import SinkError
from sinks.redis import RedisSink
from tests.board.stands import Ground, open_stand

NOW_MS = 1_772_438_400_000


def well(**given: Any) -> Facts:
    """Facts of a floor where nothing is wrong, but for what is given."""
    answer = Answer(ok_ms=NOW_MS)
    pipeline = {
        "beat_ms": NOW_MS - 500, "ticks": {"0": NOW_MS - 900, "1": NOW_MS - 300}, "lags": {},
        "members": {"floor": 2, "deliver-clickhouse": 1}, "kafka_away_since_ms": None,
    }  # fmt: skip
    facts = Facts(NOW_MS, answer, answer, answer, pipeline, NOW_MS - 1200, NOW_MS - 2000, (4, 4))
    for name, value in given.items():
        if name in pipeline:
            facts.pipeline[name] = value
        else:
            setattr(facts, name, value)
    return facts


def away(since_ms: int) -> Answer:
    return Answer(ok_ms=since_ms, error="ConnectionError", failed_ms=since_ms)


CASES: list[tuple[str, str, dict[str, Any], str, bool]] = [
    ("redis", "stopped", {"redis": away(NOW_MS - 7000)}, "Redis has not answered for 7 s", False),
    ("delivery", "stopped", {"beat_ms": NOW_MS - 7000}, "deliver-redis has written nothing", False),
    ("delivery", "stopped", {"kafka_away_since_ms": NOW_MS - 7000}, "Kafka has not", False),
    ("workers", "stopped", {"ticks": {"0": NOW_MS - 7000}}, "The workers have not ticked", False),
    ("workers", "stopped", {"ticks": {"0": NOW_MS, "1": NOW_MS - 7000}}, "1 of 2", False),
    ("workers", "stopped", {"ticks": {}}, "No worker has ever", False),
    ("clock", "stopped", {"jumped": (NOW_MS - 7000, -9000)}, "clock stood still for 9 s", False),
    ("numbers", "behind", {"as_of_ms": NOW_MS - 60_000}, "Numbers are 60 s old", True),
    ("events", "behind", {"last_event_ms": NOW_MS - 300_000}, "No event has come for 5 min", True),
    ("clickhouse", "stopped", {"clickhouse": away(NOW_MS - 7000)}, "ClickHouse has not", True),
    ("history", "stopped", {"members": {"deliver-clickhouse": 0}}, "deliver-clickhouse does", True),
    ("alerts", "stopped", {"notifier": away(NOW_MS - 7000)}, "The notifier has not", True),
    ("clock", "behind", {"redis_ahead_ms": 9000}, "differ by 9 s", True),
    ("board", "behind", {"stalled": (NOW_MS - 9000, NOW_MS)}, "stood still for 9 s", True),
]


@pytest.mark.parametrize(("part", "state", "given", "says", "live"), CASES)
def test_each_part_that_fails_is_named_first(
    part: str, state: str, given: dict[str, Any], says: str, live: bool
) -> None:
    found = health(well(**given))
    assert (found["parts"][0]["part"], found["parts"][0]["state"]) == (part, state)
    assert found["parts"][0]["says"].startswith(says) or says in found["parts"][0]["says"]
    assert found["live"] is live
    assert found["says"] == found["parts"][0]["says"]
    if part not in ("clock", "board"):
        assert found["parts"][0]["remedy"]


def test_a_floor_that_is_well_says_so() -> None:
    found = health(well())
    assert (found["state"], found["live"], found["says"]) == ("ok", True, "All parts are well.")


def test_what_can_only_be_known_through_a_part_that_stopped_is_not_known() -> None:
    found = health(well(redis=away(NOW_MS - 7000)))
    states = {each["part"]: each["state"] for each in found["parts"]}
    assert states["workers"] == states["delivery"] == states["numbers"] == "unknown"


def test_a_stop_is_known_within_five_seconds() -> None:
    """A turn a second, a beat a second, and the limit: together below five."""
    assert STOPPED_MS + 1000 <= 5000


def test_a_deliverer_that_stops_is_told_in_the_next_beats(ground: Ground) -> None:
    async def watch() -> None:
        async with open_stand(ground, running=True) as stand:
            ground.beat()
            began_s = time.monotonic()
            async for event in stand.events("/api/stream?by=none"):
                if event.name != "beat" or event.data["live"]:
                    continue
                parts = {each["part"]: each for each in event.data["health"]["parts"]}
                assert parts["delivery"]["state"] == "stopped"
                assert parts["delivery"]["since_ms"] <= event.data["now_ms"] - STOPPED_MS
                break
            assert time.monotonic() - began_s < 15
            ground.beat()
            async for event in stand.events("/api/stream?by=none"):
                if event.name == "beat" and event.data["live"]:
                    break

    asyncio.run(asyncio.wait_for(watch(), 60))


def test_a_redis_that_was_emptied_is_read_anew(ground: Ground) -> None:
    """What comes back is shown, and what does not is said to be unknown, never zero."""

    async def watch() -> None:
        async with open_stand(ground) as stand:
            before = await stand.get("/api/snapshot")
            with Redis.from_url(os.environ["WATCHFLOOR_REDIS"]) as redis:
                keys = list(redis.scan_iter(match=f"ops:{ground.space}:*", count=1000))
                redis.delete(*keys)
            await stand.turn()
            emptied = await stand.get("/api/snapshot")
            assert emptied["rows"] == []
            assert emptied["strip"]["throughput"]["reading"]["value"] is None
            assert emptied["strip"]["throughput"]["reading"]["says"]
            ground.publish()
            ground.beat()
            await stand.turn()
            again = await stand.get("/api/snapshot")
            assert [row["cells"] for row in again["rows"]] == [r["cells"] for r in before["rows"]]

    asyncio.run(watch())


def test_nobody_at_redis_is_an_error_of_the_sink(ground: Ground) -> None:
    with pytest.raises(SinkError):
        RedisSink("redis://127.0.0.1:9/0", "ops:").say({"beat_ms": 1})
