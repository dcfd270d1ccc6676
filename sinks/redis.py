"""Live snapshots into Redis: one hash per subject, which expires, and an index of subjects.

A cache: an older snapshot never overwrites a newer one, whatever the order in which they arrive.
A snapshot brings only the windows that changed, so each field carries its own revision.

Keys, after the prefix (``ops:``): ``snapshot:SUBJECT`` is the hash, ``subjects`` a sorted set of
subjects by when they expire. Fields of the hash are JSON: ``grouping``, ``dims``, ``as_of_ms``,
``gauges`` and each window (``w:1m``); beside each one ``r:FIELD``, its revision in 20 digits.
``moves`` is a stream that says which fields of which subject changed, so that a reader need not
look through all of them; it is trimmed, and who falls behind reads everything again. ``pipeline``
is a hash of how the pipeline does; see ``streams.pipeline_watch``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

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

from schemas.rows import SnapshotRow
from sinks.clients import redis_client
from sinks.errors import SinkUnavailable, SinkUnknown
from sinks.snapshots import WINDOW_PREFIX, fields_of, subject_of

#: Moves that are kept: some seconds of the largest floor.
MOVES_KEPT = 20_000
#: Longer than any pause of a healthy floor, shorter than anybody's patience with old numbers.
EXPIRY_S = 3600
_REVISION_PREFIX = "r:"
_PASSING = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, OutOfMemoryError)

# Revisions are compared as text of one length: Lua's numbers are exact to 2^53 only.
_STORE = """
local revision, expiry_s, subject, windows = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local newest = redis.call('HGET', KEYS[1], 'r:as_of_ms')
local is_newest = not newest or newest <= revision
local moved = {}
for at = 5, #ARGV, 2 do
    local held = redis.call('HGET', KEYS[1], 'r:' .. ARGV[at])
    if not held or held <= revision then
        redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1], 'r:' .. ARGV[at], revision)
        table.insert(moved, ARGV[at])
    end
end
if is_newest then
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        local window = string.match(field, '^w:(.*)')
        if window and not string.find(windows, ' ' .. window .. ' ', 1, true) then
            redis.call('HDEL', KEYS[1], field, 'r:' .. field)
            table.insert(moved, field)
        end
    end
    redis.call('EXPIRE', KEYS[1], expiry_s)
    local now_s = tonumber(redis.call('TIME')[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now_s)
    redis.call('ZADD', KEYS[2], now_s + expiry_s, subject)
end
if #moved > 0 then
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', MOVES_KEPT, '*', 's', subject, 'f',
        table.concat(moved, ' '))
end
return is_newest and 1 or 0
""".replace("MOVES_KEPT", str(MOVES_KEPT))


class RedisSink:
    """Writes and reads snapshots under one prefix. Blocking: call it in a thread."""

    def __init__(
        self, url: str, prefix: str, *, password: str | None = None, expiry_s: int = EXPIRY_S
    ) -> None:
        self._redis: Redis = redis_client(
            url,
            password,
            socket_timeout=10,
            socket_connect_timeout=5,
            decode_responses=True,
        )
        self._prefix = prefix
        self._expiry_s = expiry_s
        self._store = self._redis.register_script(_STORE)

    def write(self, rows: Sequence[SnapshotRow]) -> int:
        """Store snapshots; the number that were not older than what was there.

        Raises SinkUnavailable (try the same again later) or SinkUnknown (stop).
        """
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for row in rows:
                    self._store(
                        keys=[
                            self._key(subject_of(row)),
                            f"{self._prefix}subjects",
                            f"{self._prefix}moves",
                        ],
                        args=self._arguments(row),
                        client=pipeline,
                    )
                return sum(pipeline.execute()) if rows else 0
        except _PASSING as error:
            raise SinkUnavailable(type(error).__name__) from error
        except RedisError as error:
            raise SinkUnknown(type(error).__name__) from error

    def say(self, fields: Mapping[str, object]) -> None:
        """Say how the pipeline does, in the hash ``pipeline``; raises SinkUnavailable, SinkUnknown.

        Values are written as JSON; fields that are left out stay as they are.
        """
        texts: dict[Any, Any] = {
            name: msgspec.json.encode(value).decode() for name, value in fields.items()
        }
        try:
            self._redis.hset(f"{self._prefix}pipeline", mapping=texts)
        except _PASSING as error:
            raise SinkUnavailable(type(error).__name__) from error
        except RedisError as error:
            raise SinkUnknown(type(error).__name__) from error

    def subjects(self) -> list[str]:
        """Every subject with a snapshot; take one apart with ``groupings.subject_dims``."""
        return sorted(str(key) for key in self._redis.zrange(f"{self._prefix}subjects", 0, -1))

    def read(self, subject: str) -> dict[str, Any] | None:
        """A subject's fields, its windows by name; None when there is nothing (any more)."""
        fields = {str(k): str(v) for k, v in self._redis.hgetall(self._key(subject)).items()}
        if not fields:
            return None
        found: dict[str, Any] = {"revision": int(fields["r:as_of_ms"]), "windows": {}}
        for name, text in fields.items():
            if name.startswith(WINDOW_PREFIX):
                found["windows"][name.removeprefix(WINDOW_PREFIX)] = msgspec.json.decode(text)
            elif not name.startswith(_REVISION_PREFIX):
                found[name] = msgspec.json.decode(text)
        return found

    def close(self) -> None:
        """Drop all connections."""
        self._redis.close()

    def _key(self, subject: str) -> str:
        return f"{self._prefix}snapshot:{subject}"

    def _arguments(self, row: SnapshotRow) -> list[str | int | bytes]:
        windows = f" {' '.join(row.window_names)} "
        arguments: list[str | int | bytes] = [f"{row.revision:020d}", self._expiry_s]
        arguments += [subject_of(row), windows]
        for name, value in fields_of(row):
            arguments += [name, value]
        return arguments
