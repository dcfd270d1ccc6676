"""Mapping files are refused with file, line, field and reason; the built-in ones load."""

from pathlib import Path

import pytest

from streams.sources.mapping_files import built_in_mappings, load_mapping, parse_mapping
from streams.sources.records import SourceError
from tests.sources.logs import MINIMAL_MAPPING, split, written


@pytest.mark.parametrize("name", built_in_mappings())
def test_built_in_mappings_load_and_carry_their_name(name: str) -> None:
    assert load_mapping(name).id == name


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "words"),
    [
        ("at: done", "at: never", 12, "events.0.at", "no time is named never"),
        ("at: done", "att: done", 10, "events.0", "`at` is missing"),
        ("    at: done", "    at: done\n    wen: {}", 13, "events.0.wen", "not permitted"),
        ("column: at,", "colum: at,", 3, "times.done.0.colum", "not permitted"),
        ("iso8601,", "iso,", 3, "times.done.0.formats.0", "unknown time format"),
        (
            "org_id: {constant: o}",
            "org_id: {constant: o, column: x}",
            6,
            "fields.org_id",
            "exactly one of",
        ),
        (
            "org_id: {constant: o}",
            "org_id: {equal: [a, b]}",
            6,
            "fields.org_id",
            "no answer is named",
        ),
        (
            "org_id: {constant: o}",
            "org_id: {time: gone}",
            6,
            "fields.org_id",
            "no time is named gone",
        ),
        ("org_id: {constant: o}", "orgid: {constant: o}", 6, "fields.orgid", "has no such field"),
        ("type: item.submitted", "type: item.done", 11, "events.0.type", "no event type is named"),
        ("actor_id: who, ", "", 14, "events.0.fields", "needs actor_id"),
        (
            "actor_id: who",
            "actor_id: who, label: item",
            14,
            "events.0.fields.label",
            "no such field",
        ),
        ("id: minimal", "id: minimal\nzone: Mars/Base", 2, "zone", "unknown time zone"),
        ("id: minimal", "id: minimal\nid: again", 2, "id", "given twice"),
        ("id: minimal", "id: Minimal!", 1, "id", "match pattern"),
        ("{column: at,", "{time: done,", 3, "times.done.0.time", "no time above"),
        ("times:", "times: [", 4, "", "not YAML"),
        (MINIMAL_MAPPING, "- a\n- b\n", 1, "", "is a YAML mapping"),
        (MINIMAL_MAPPING, "", 1, "", "is a YAML mapping"),
    ],
)
def test_a_wrong_mapping_is_refused_where_it_is_wrong(
    old: str, new: str, line: int, field: str, words: str
) -> None:
    assert old in MINIMAL_MAPPING
    with pytest.raises(SourceError) as caught:
        parse_mapping(MINIMAL_MAPPING.replace(old, new, 1), "m.yaml")
    assert words in str(caught.value)
    assert (caught.value.file, caught.value.line, caught.value.field) == ("m.yaml", line, field)


def test_an_unknown_mapping_names_those_that_there_are() -> None:
    with pytest.raises(SourceError, match=r"judgments, label_studio.* mturk"):
        load_mapping("nowhere.yaml")


def test_a_mapping_is_read_from_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL_MAPPING, "own.yaml")
    assert load_mapping(str(path)).id == "minimal"


def test_yes_and_no_are_labels_and_not_booleans(tmp_path: Path) -> None:
    text = MINIMAL_MAPPING.replace(
        "attempt: {constant: 1}",
        "attempt: {constant: 1}, decision: {column: item, lookup: {No: keep, Yes: remove}}",
    )
    log = "item,who,at\nYes,a,2024-05-01T10:00:00Z\nNo,a,2024-05-01T10:00:00Z\n"
    events, _ = split(written(tmp_path, log), parse_mapping(text, "m.yaml"))
    assert [item.event["decision"] for item in events] == ["remove", "keep"]
