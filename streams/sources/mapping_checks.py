"""Checks of a mapping that its shape can't express: names that must lead somewhere."""

from collections.abc import Iterator

from pydantic import BaseModel

from schemas.events import MODELS, wire_names
from streams.sources.mapping import Mapping, TimeSource, Value
from streams.sources.mapping_terms import MEMORY

Location = tuple[str | int, ...]
# What the reader itself puts into every event.
_GIVEN = {"event_id", "event_type", "schema_version", "occurred_at", "received_at"}


def wrong_names(mapping: Mapping) -> Iterator[tuple[Location, str]]:
    """Yields (where in the file, what is wrong) for each name that leads nowhere."""
    yield from _outside_contract(mapping)
    names: set[str] = set()
    for index, event in enumerate(mapping.events):
        if event.name in names:
            yield ("events", index, "name"), "another event has this name"
        names.add(event.name)
        if event.each is not None and event.each not in mapping.answers:
            yield ("events", index, "each"), f"no answer is named {event.each}"
        for key in ("at", "received"):
            if getattr(event, key) is not None and getattr(event, key) not in mapping.times:
                yield ("events", index, key), f"no time is named {getattr(event, key)}"
    yield from _times_out_of_order(mapping)
    yield from _wrong_memory(mapping)
    for location, part in _parts(mapping, ()):
        for time in _time_names(part):
            if time not in mapping.times:
                yield location, f"no time is named {time}"
        for answer in _answer_names(part):
            if answer not in mapping.answers and answer != "each":
                yield location, f"no answer is named {answer}"


def _outside_contract(mapping: Mapping) -> Iterator[tuple[Location, str]]:
    """Event types and fields that the contract does not have, and required ones not given."""
    for index, event in enumerate(mapping.events):
        model = MODELS.get(event.type)
        if model is None:
            yield ("events", index, "type"), f"no event type is named {event.type}"
            continue
        names = wire_names(model)
        for field in event.fields:
            if field not in names:
                yield ("events", index, "fields", field), f"{event.type} has no such field"
        for field in mapping.fields:
            if field not in names:
                yield ("fields", field), f"{event.type} has no such field"
        required = {
            field.alias or name for name, field in model.model_fields.items() if field.is_required()
        }
        missing = sorted(required - _GIVEN - set(event.fields) - set(mapping.fields))
        if missing:
            yield ("events", index, "fields"), f"{event.type} needs {', '.join(missing)}"


def _wrong_memory(mapping: Mapping) -> Iterator[tuple[Location, str]]:
    for table, memos in mapping.memory.items():
        for index, memo in enumerate(memos):
            if memo.version is not None and memo.version not in mapping.times:
                yield ("memory", table, index, "version"), f"no time is named {memo.version}"
    known = {
        f"{MEMORY}{table}.{name}"
        for table, memos in mapping.memory.items()
        for memo in memos
        for name in memo.names()
    }
    for column in sorted(mapping.columns()):
        if column.startswith(MEMORY) and column not in known:
            yield ("memory",), f"nothing is remembered as {column}"
    if mapping.format != "csv":
        return
    for index, event in enumerate(mapping.events):
        if event.over is not None and event.over.split(".")[0] not in mapping.json_columns:
            yield ("events", index, "over"), "a CSV has lists in its `json_columns` only"


def _times_out_of_order(mapping: Mapping) -> Iterator[tuple[Location, str]]:
    # A time may only build on one above it, so that none can build on itself.
    above: set[str] = set()
    for name, sources in mapping.times.items():
        for index, source in enumerate(sources):
            if source.time is not None and source.time not in above:
                yield ("times", name, index, "time"), f"no time above is named {source.time}"
        above.add(name)


def _parts(value: object, location: Location) -> Iterator[tuple[Location, object]]:
    if isinstance(value, BaseModel):
        yield location, value
        for name, inner in value:
            yield from _parts(inner, (*location, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _parts(inner, (*location, key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _parts(inner, (*location, index))


def _time_names(part: object) -> tuple[str, ...]:
    if isinstance(part, Value) and part.reached is not None:
        return part.reached.time, part.reached.limit
    if isinstance(part, (Value, TimeSource)) and part.time is not None:
        return (part.time,)
    return ()


def _answer_names(part: object) -> tuple[str, ...]:
    if isinstance(part, Value):
        return (part.answer,) if part.answer is not None else (part.equal or ())
    if isinstance(part, Mapping) and part.options is not None:
        return part.options.observed
    return ()
