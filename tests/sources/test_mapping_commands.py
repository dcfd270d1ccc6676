"""`watchfloor mapping`: what it says of a sample, and that what it guesses works."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.commands.mapping import command
from streams.sources.guessing import guess
from streams.sources.mapping_files import built_in_mappings, parse_mapping
from streams.sources.records import SourceError
from tests.sources.logs import MINIMAL_MAPPING, written
from tests.sources.test_platform_mappings import FILES, SAMPLES


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def checked(folder: Path, rows: str) -> str:
    mapping = written(folder, MINIMAL_MAPPING, "m.yaml")
    return run("check", mapping, written(folder, "item,who,at\n" + rows)).output


def test_every_built_in_mapping_is_listed_and_shown_as_it_loads() -> None:
    listed = run("ls").output
    for name in built_in_mappings():
        assert name in listed
        assert parse_mapping(run("show", name).output, name).id == name


def test_a_check_shows_records_with_their_events_and_rejects_by_reason(tmp_path: Path) -> None:
    said = checked(tmp_path, "i1,ann,2026-03-02T09:00:00Z\ni2,,2026-03-02T09:00:00Z\ni3,bo,soon\n")
    assert "2026-03-02T09:00:00Z item.submitted" in said
    assert "3 records with events or rejects: 1 events, 2 rejected" in said
    assert "rejected 1: bad_time at" in said
    assert "rejected 1: field_missing who" in said
    assert "log.csv:4: at: fits none of the formats" in said


def test_times_in_the_future_and_the_same_event_twice_are_named_and_not_mended(
    tmp_path: Path,
) -> None:
    text = MINIMAL_MAPPING.replace("    at: done", "    at: done\n    identity: [item]")
    mapping = written(tmp_path, text, "m.yaml")
    rows = "i1,ann,2026-03-02T09:00:00Z\ni1,ann,2026-03-02T09:00:00Z\ni2,ann,2090-01-01T00:00:00Z\n"
    said = run("check", mapping, written(tmp_path, "item,who,at\n" + rows + rows)).output
    assert "odd: 2 events lie in the future" in said
    assert "first at log.csv:4" in said
    assert "have the id of an event that said something else" in said


def test_an_end_before_its_begin_is_named(tmp_path: Path) -> None:
    rows = "job_id,item_id,annotator_id,label,started_at,submitted_at\n"
    rows += "j,i,a,G,2026-03-02T10:00:00Z,2026-03-02T09:00:00Z\n"
    said = run("check", "judgments", written(tmp_path, rows)).output
    assert "odd: 1 events end before they began: their durations are negative" in said


def test_metrics_that_stay_unknown_are_named_with_what_they_lack(tmp_path: Path) -> None:
    mapping = written(tmp_path, MINIMAL_MAPPING, "m.yaml")
    log = written(tmp_path, "item,who,at\ni,a,2026-03-02T09:00:00Z\n")
    said = run("check", mapping, log, "--metrics").output
    assert "no work.started or item.claimed or item.assigned: handle_time_mean" in said
    assert "item.submitted.active_ms or work.heartbeat.active_ms_delta is never filled" in said
    assert "throughput" not in said.split("stay unknown")[1]


@pytest.mark.parametrize(("mapping", "sample"), [("nowhere", "x"), ("judgments", "nowhere.csv")])
def test_what_cannot_be_used_is_one_line_with_its_remedy(mapping: str, sample: str) -> None:
    found = run("check", mapping, sample)
    assert found.exit_code == 1
    assert "nowhere" in str(found.exception)


@pytest.mark.parametrize("name", FILES)
def test_what_is_guessed_for_a_platform_passes_its_check(tmp_path: Path, name: str) -> None:
    sample = SAMPLES / FILES[name]
    said = run("init", sample)
    assert said.exit_code == 0
    assert f"The built-in mapping `{name}` reads all of these" in said.output
    mapping = written(tmp_path, said.output, "guessed.yaml")
    found = run("check", mapping, sample)
    assert found.exit_code == 0, found.output


def test_a_log_without_times_is_guessed_with_a_clock(tmp_path: Path) -> None:
    log = written(tmp_path, "item,rater,verdict\ni1,ann,ok\ni2,bo,bad\n")
    mapping = written(tmp_path, run("init", log).output, "guessed.yaml")
    found = run("check", mapping, log, "--clock", "rate:1")
    assert found.exit_code == 0
    assert "label.recorded           2" in found.output


cells = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n'), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(cells.filter(str.strip), min_size=1, max_size=6), st.lists(cells, max_size=6))
def test_any_header_gives_a_mapping_that_loads(
    tmp_path: Path, header: list[str], row: list[str]
) -> None:
    row = (row + ["x"] * len(header))[: len(header)]
    log = written(tmp_path, ",".join(header) + "\n" + ",".join(row) + "\n")
    try:
        text = guess(log)
    except SourceError:
        return
    parse_mapping(text, "guessed.yaml")
