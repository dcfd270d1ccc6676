"""Alerts in a real Redis: each step once, in order, and the present in a hash."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from schemas.alerts import decode_transition
from sinks.alert_feed import AlertFeed
from sinks.errors import SinkUnavailable
from tests.notify.transitions import START_MS, step

STEPS = [step("pending", 0), step("firing", 1), step("recovering", 2), step("resolved", 3)]


@pytest.fixture
def prefix() -> str:
    return f"ops:test-{secrets.token_hex(4)}:"


@pytest.fixture
def feed(redis_url: str, prefix: str) -> Iterator[AlertFeed]:
    feed = AlertFeed(redis_url, prefix)
    yield feed
    feed.close()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    # Its own types are those of both kinds of client at once.
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield redis


def test_each_step_enters_the_stream_once_however_often_it_comes(
    feed: AlertFeed, redis: Any, prefix: str
) -> None:
    assert feed.write(STEPS[:3]) == 3
    assert feed.write(STEPS[:3]) == 0
    assert feed.write(STEPS) == 1
    entries = [fields for _, fields in redis.xrange(f"{prefix}alerts")]
    assert [fields["id"] for fields in entries] == [each.id for each in STEPS]
    assert [decode_transition(fields["alert"].encode()) for fields in entries] == STEPS


def test_the_hash_has_the_latest_step_of_the_latest_episode(
    feed: AlertFeed, redis: Any, prefix: str
) -> None:
    again = step("firing", 1, starts_at_ms=START_MS + 10**6)
    correction = step("corrected", 4)
    feed.write([*STEPS, again, correction])
    key = f"{prefix}alert:{again.fingerprint}"
    assert redis.hget(key, "starts_at_ms") == str(again.starts_at_ms)
    assert redis.hget(key, "state") == "firing"
    assert redis.ttl(key) == -1
    assert redis.xlen(f"{prefix}alerts") == 6


def test_the_hash_of_a_resolved_alert_expires(feed: AlertFeed, redis: Any, prefix: str) -> None:
    feed.write(STEPS)
    assert 0 < redis.ttl(f"{prefix}alert:{STEPS[0].fingerprint}") <= 7 * 86_400


def test_who_listens_hears_the_same_json(feed: AlertFeed, redis: Any, prefix: str) -> None:
    with redis.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(f"{prefix}alerts:live")
        heard.get_message(ignore_subscribe_messages=False, timeout=5.0)
        feed.write(STEPS[:1])
        message = heard.get_message(timeout=5.0)
        assert message is not None
        assert decode_transition(message["data"].encode()) == STEPS[0]


def test_an_alert_that_flaps_for_ever_takes_bounded_room(
    feed: AlertFeed, redis: Any, prefix: str
) -> None:
    flapping = [step("firing", 1, starts_at_ms=START_MS + n) for n in range(30)]
    assert feed.write(flapping) == 30
    assert redis.hlen(f"{prefix}alert:{flapping[0].fingerprint}") <= 12


def test_a_redis_that_is_away_is_an_outage() -> None:
    feed = AlertFeed("redis://127.0.0.1:9/0", "ops:")
    with pytest.raises(SinkUnavailable):
        feed.write(STEPS)
