"""Alerts into Redis: a stream for durable subscribers, a channel for live ones, and the present.

Keys, after the prefix (``ops:``): ``alerts`` is the stream (fields ``id`` and ``alert``, the
transition as JSON), trimmed to about 10,000 entries; ``alerts:live`` the channel, with the same
JSON; ``alert:FINGERPRINT`` a hash with ``state``, ``starts_at_ms``, ``seq`` and ``alert`` of the
latest step, which expires a week after the alert resolved. A repeated step changes nothing.
"""

from collections.abc import Iterable

import msgspec
from redis import Redis
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
)

from schemas.alerts import AlertTransition
from sinks.clients import redis_client
from sinks.errors import SinkUnavailable, SinkUnknown

STREAM_LENGTH = 10_000
RESOLVED_KEPT_S = 7 * 86_400
_PASSING = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, OutOfMemoryError)

# One script, so that stream, channel and hash agree. ``seen:START`` is the last step of an
# episode; only the few latest episodes are kept, since a repeat comes soon or never.
_TELL = """
local starts, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
local seen = redis.call('HGET', KEYS[1], 'seen:' .. ARGV[1])
if seen and tonumber(seen) >= seq then return 0 end
redis.call('HSET', KEYS[1], 'seen:' .. ARGV[1], ARGV[2])
local episodes = {}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local at = string.match(field, '^seen:(%d+)$')
    if at then table.insert(episodes, tonumber(at)) end
end
table.sort(episodes)
for at = 1, #episodes - 8 do
    redis.call('HDEL', KEYS[1], 'seen:' .. string.format('%.0f', episodes[at]))
end
local held = redis.call('HGET', KEYS[1], 'starts_at_ms')
if not held or tonumber(held) <= starts then
    redis.call('HSET', KEYS[1], 'starts_at_ms', ARGV[1], 'seq', ARGV[2], 'state', ARGV[3],
        'alert', ARGV[5])
    if ARGV[3] == 'resolved' or ARGV[3] == 'inactive' then
        redis.call('EXPIRE', KEYS[1], ARGV[6])
    else
        redis.call('PERSIST', KEYS[1])
    end
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[7], '*', 'id', ARGV[4], 'alert', ARGV[5])
redis.call('PUBLISH', KEYS[3], ARGV[5])
return 1
"""


class AlertFeed:
    """Writes transitions under one prefix. Blocking: call it in a thread."""

    def __init__(self, url: str, prefix: str, *, password: str | None = None) -> None:
        self._redis: Redis = redis_client(
            url,
            password,
            socket_timeout=10,
            socket_connect_timeout=5,
            decode_responses=True,
        )
        self._prefix = prefix
        self._tell = self._redis.register_script(_TELL)

    def write(self, given: Iterable[AlertTransition]) -> int:
        """Tell of transitions in order; the number that had not been told before.

        Raises SinkUnavailable (try the same again later) or SinkUnknown (stop).
        """
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for each in given:
                    self._tell(
                        keys=[
                            f"{self._prefix}alert:{each.fingerprint}",
                            f"{self._prefix}alerts",
                            f"{self._prefix}alerts:live",
                        ],
                        args=_arguments(each),
                        client=pipeline,
                    )
                return sum(pipeline.execute())
        except _PASSING as error:
            raise SinkUnavailable(type(error).__name__) from error
        except RedisError as error:
            raise SinkUnknown(type(error).__name__) from error

    def is_empty(self) -> bool:
        """Whether Redis knows of no alert at all; raises SinkUnavailable."""
        try:
            return not self._redis.exists(f"{self._prefix}alerts")
        except RedisError as error:
            raise SinkUnavailable(type(error).__name__) from error

    def close(self) -> None:
        """Drop all connections."""
        self._redis.close()


def _arguments(given: AlertTransition) -> list[str | int]:
    return [
        given.starts_at_ms,
        given.seq,
        given.state,
        given.id,
        msgspec.json.encode(given).decode(),
        RESOLVED_KEPT_S,
        STREAM_LENGTH,
    ]
