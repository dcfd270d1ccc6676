"""Hostile mapping files and records: never a crash, and every record accounted for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import DICT_UNION
from streams.sources.mapping_files import built_in_mappings, load_mapping, parse_mapping
from streams.sources.one_record import RecordMapper
from streams.sources.reading import ReadOptions, read_events
from streams.sources.records import Reject, RowRefused, SourceError, SourceEvent
from tests.sources.logs import MINIMAL_MAPPING, written
from tests.sources.test_platform_mappings import FILES, SAMPLES

WEBHOOKS = ("argilla", "cvat", "cvat_events", "label_studio")
MAPPERS = {name: load_mapping(name) for name in built_in_mappings()}
relaxed = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))

numbers = st.integers(-(2**70), 2**70) | st.floats()
scalars = st.none() | st.booleans() | numbers | st.text(max_size=9)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)


values = st.recursive(scalars, nested, max_leaves=8)


def refusal_of(act: Callable[[], object]) -> SourceError | None:
    """The refusal of a whole file, if it is refused; anything else is raised."""
    try:
        act()
    except SourceError as error:
        return error
    return None


def records_of(name: str) -> list[Any]:
    return [orjson.loads(line) for line in (SAMPLES / FILES[name]).read_bytes().splitlines()]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a record."""
    found = [at] if at else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*at, index))
    return found


def replaced(record: Any, place: tuple[Any, ...], value: Any) -> Any:
    copy = orjson.loads(orjson.dumps(record))
    inner = copy
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return copy


@relaxed
@given(st.sampled_from(WEBHOOKS), st.data())
def test_a_record_with_anything_anywhere_is_events_or_one_named_reject(
    name: str, data: st.DataObject
) -> None:
    record = data.draw(st.sampled_from(records_of(name)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(record)))
        try:
            record = replaced(record, place, data.draw(values))
        except (TypeError, KeyError, IndexError):
            continue
    found = RecordMapper(MAPPERS[name]).events_of(record, 1_772_500_000_000)
    if isinstance(found, RowRefused):
        assert found.reason
        assert found.message
    else:
        for event in found:
            DICT_UNION.validate_python(event)


@relaxed
@given(st.sampled_from(sorted(MAPPERS)), st.binary(max_size=200))
def test_any_bytes_are_a_reject_and_never_a_crash(name: str, raw: bytes) -> None:
    found = RecordMapper(MAPPERS[name]).events_of_bytes(raw, 0)
    assert isinstance(found, RowRefused) or found == []


@pytest.mark.parametrize("name", WEBHOOKS)
@pytest.mark.parametrize("depth", [90, 150, 3000])
def test_what_is_nested_deep_is_a_reject(name: str, depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": deep}
    lists: Any = 1
    for _ in range(depth):
        lists = [lists]
    mapper = RecordMapper(MAPPERS[name])
    for value in (deep, lists):
        for key in ("annotation", "annotations", "job", "data", "payload"):
            assert isinstance(mapper.events_of({key: value}, 0), RowRefused | list)


@relaxed
@given(st.data())
def test_a_spoilt_mapping_file_is_refused_with_its_line_or_loads(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(("", *MAPPERS)))
    text = MINIMAL_MAPPING
    if name:
        folder = Path(__file__).parents[2] / "deploy" / "mappings"
        text = (folder / f"{name}.yaml").read_text()
    rows = text.splitlines()
    at = data.draw(st.integers(0, len(rows) - 1))
    row = rows[at]
    cut = data.draw(st.integers(0, len(row)))
    what = data.draw(st.sampled_from(("", "{", "[", "null", ": x", "- 1", "!!python/object:os.x")))
    rows[at] = row[:cut] + what + data.draw(st.text(max_size=4)) + row[cut + 1 :]
    refused = refusal_of(lambda: parse_mapping("\n".join(rows), "m.yaml"))
    assert refused is None or (refused.line >= 1 and refused.message)


@relaxed
@given(st.sampled_from(sorted(FILES)), st.data())
def test_a_spoilt_file_is_refused_whole_or_each_of_its_records_is_accounted_for(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    raw = bytearray((SAMPLES / FILES[name]).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    path = written(tmp_path, bytes(raw), FILES[name])
    found: list[SourceEvent | Reject] = []
    refused = refusal_of(lambda: found.extend(read_events(path, MAPPERS[name], ReadOptions())))
    assert refused is None or refused.message
    for each in found:
        if isinstance(each, Reject):
            assert each.line >= 1
            assert each.reason
        else:
            DICT_UNION.validate_python(each.event)
