"""A person out of Redis: snapshots about them, and whatever else names them under our keys."""

from collections.abc import Iterator, Sequence
from typing import Any

from redis import Redis

#: Read at once of a stream.
_STREAM_PAGE = 1000


def search(redis: "Redis", patterns: Sequence[str], person: str) -> list[str]:
    """The keys that name a person, or whose content does."""
    return sorted({key for key, _ in _found(redis, patterns, person)})


def forget(redis: "Redis", patterns: Sequence[str], person: str) -> None:
    """Remove what names a person; again, it changes nothing more."""
    for key, entry in list(_found(redis, patterns, person)):
        if entry is None:
            redis.unlink(key)
        elif (kind := _kind(redis, key)) == "stream":
            redis.xdel(key, entry)
        elif kind == "zset":
            redis.zrem(key, entry)
        elif kind == "hash":
            said = redis.hget(key, entry)
            # Of what is about somebody else only the name goes.
            redis.hset(key, entry, str(said or "").replace(person, ""))


def _found(
    redis: "Redis", patterns: Sequence[str], person: str
) -> Iterator[tuple[str, str | None]]:
    """Keys with the entry that names the person; None: the whole key is about them."""
    keys = {str(key) for pattern in patterns for key in redis.scan_iter(pattern, count=1000)}
    for key in sorted(keys):
        kind = _kind(redis, key)
        if person in key:
            yield key, None
        elif kind == "stream":
            yield from ((key, name) for name in _entries(redis, key, person))
        elif kind == "zset":
            members = (str(member) for member, _ in redis.zscan_iter(key))
            yield from ((key, member) for member in members if person in member)
        elif kind == "hash":
            fields: Any = redis.hgetall(key)
            named = [str(name) for name, value in fields.items() if person in str(value)]
            whole = _is_about(str(fields.get("alert", "")), person)
            yield from [(key, None)] if whole else [(key, name) for name in named]
        elif kind == "string" and person in str(redis.get(key)):
            yield key, None


def _is_about(alert: str, person: str) -> bool:
    """Whether an alert as JSON has the person among its labels."""
    start = alert.find('"labels":{')
    return start >= 0 and f'"{person}"' in alert[start : alert.find("}", start)]


def _entries(redis: "Redis", key: str, person: str) -> Iterator[str]:
    last = "-"
    while True:
        page: Any = redis.xrange(key, min=last, count=_STREAM_PAGE)
        for name, fields in page:
            if person in str(fields):
                yield str(name)
        if len(page) < _STREAM_PAGE:
            return
        last = f"({page[-1][0]}"


def _kind(redis: "Redis", key: str) -> str:
    return str(redis.type(key))
