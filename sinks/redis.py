"""Live snapshots into Redis: one hash per subject, which expires, and an index of subjects.

A cache: it may be flushed at any time and comes back by itself. An older snapshot never
overwrites a newer one, whatever the order in which they arrive. A snapshot carries only the
windows that changed; the others stay, until the subject no longer has them.

Keys, after the prefix (``ops:``): ``snapshot:SUBJECT`` is the hash, ``subjects`` a sorted set of
subjects by when they expire. Fields of the hash: ``revision`` (20 digits), ``head`` (the snapshot
without its windows, JSON) and each window as JSON under its name (``w:1m``).
"""

from collections.abc import Iterator, Sequence

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

from schemas.groupings import subject_key
from schemas.rows import SnapshotRow, WindowRow, decode, encode
from sinks.errors import SinkUnavailable, SinkUnknown

#: Longer than any pause of a healthy floor, shorter than anybody's patience with old numbers.
EXPIRY_S = 3600
_WINDOW = "w:"
_PASSING = (ConnectionError, TimeoutError, BusyLoadingError, ReadOnlyError, OutOfMemoryError)

# Revisions are compared as text of one length: Lua's numbers are exact to 2^53 only.
_STORE = """
local held = redis.call('HGET', KEYS[1], 'revision')
if held and held > ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1], unpack(ARGV, 4))
redis.call('EXPIRE', KEYS[1], ARGV[2])
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), ARGV[3])
return 1
"""


class RedisSink:
    """Writes and reads snapshots under one prefix. Blocking: call it in a thread."""

    def __init__(
        self, url: str, prefix: str, *, password: str | None = None, expiry_s: int = EXPIRY_S
    ) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            password=password,
            socket_timeout=10,
            socket_connect_timeout=5,
            decode_responses=True,
        )
        self._prefix = prefix
        self._expiry_s = expiry_s
        self._store = self._redis.register_script(_STORE)

    def write(self, snapshots: Sequence[SnapshotRow]) -> int:
        """Store snapshots; the number that were not older than what was there.

        Raises SinkUnavailable (try the same again later) or SinkUnknown (stop).
        """
        if not snapshots:
            return 0
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for snapshot in snapshots:
                    subject = subject_key(snapshot.grouping, tuple(snapshot.dims.values()))
                    keys = [f"{self._prefix}snapshot:{subject}", f"{self._prefix}subjects"]
                    revision = f"{snapshot.revision:020d}"
                    arguments = [revision, self._expiry_s, subject, *_fields(snapshot)]
                    self._store(keys=keys, args=arguments, client=pipeline)
                return sum(pipeline.execute())
        except _PASSING as error:
            raise SinkUnavailable(type(error).__name__) from error
        except RedisError as error:
            raise SinkUnknown(type(error).__name__) from error

    def subjects(self) -> list[str]:
        """Every subject with a snapshot; take one apart with ``groupings.subject_dims``."""
        return sorted(str(key) for key in self._redis.zrange(f"{self._prefix}subjects", 0, -1))

    def read(self, subject: str) -> SnapshotRow | None:
        """A subject's snapshot with all its windows, None when there is none (any more)."""
        fields = self._redis.hgetall(f"{self._prefix}snapshot:{subject}")
        if "head" not in fields:
            return None
        head = decode(str(fields["head"]).encode(), SnapshotRow)
        windows = {
            name: decode(str(fields[_WINDOW + name]).encode(), WindowRow)
            for name in head.window_names
            if _WINDOW + name in fields
        }
        return msgspec.structs.replace(head, windows=windows)

    def close(self) -> None:
        """Drop all connections."""
        self._redis.close()


def _fields(snapshot: SnapshotRow) -> Iterator[str | bytes]:
    """Names and values of the hash's fields, one after the other."""
    yield from ("head", encode(msgspec.structs.replace(snapshot, windows={})))
    for name, window in snapshot.windows.items():
        yield from (_WINDOW + name, encode(window))
