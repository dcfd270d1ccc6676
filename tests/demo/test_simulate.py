"""`watchfloor simulate`: the same floor for the same seed, and a clean end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.topics import Topics
from streams.cli import cli
from streams.commands.simulate import ahead
from streams.demo.script import REPEAT_EVERY, SPOIL_EVERY, Tally, cues
from streams.demo.settling import stations
from streams.simulate.floor import Floor
from streams.simulate.incidents import parse_incident
from streams.sources.reading import read_events
from streams.sources.records import SourceEvent

ROOT = Path(__file__).resolve().parents[2]
START_MS = 1_772_442_000_000


def simulated(path: Path, *more: str) -> bytes:
    """Ten minutes of a floor, as the file that the command wrote."""
    fixed = ["--seconds", "600", "--start", "2026-03-02T09:00:00Z", "--rate", "5"]
    result = CliRunner().invoke(cli, ["simulate", "--out", str(path), *fixed, *more])
    assert result.exit_code == 0, result.output
    data = path.read_bytes()
    lines = data.count(b"\n")
    assert f"wrote {lines} events" in result.output
    return data


def test_the_same_seed_and_start_give_the_same_bytes(tmp_path: Path) -> None:
    first = simulated(tmp_path / "a.jsonl", "--seed", "7")
    assert simulated(tmp_path / "b.jsonl", "--seed", "7") == first
    assert simulated(tmp_path / "c.jsonl", "--seed", "8") != first


def test_a_file_of_events_can_be_read_again(tmp_path: Path) -> None:
    lines = simulated(tmp_path / "a.jsonl").count(b"\n")
    found = list(read_events(tmp_path / "a.jsonl"))
    assert len(found) == lines
    assert all(isinstance(each, SourceEvent) for each in found)


def test_a_surge_brings_more_work(tmp_path: Path) -> None:
    usual = simulated(tmp_path / "a.jsonl").count(b'"item.queued"')
    surge = simulated(tmp_path / "b.jsonl", "--incident", "surge@0+600").count(b'"item.queued"')
    assert surge > 1.2 * usual


def test_faster_than_live_needs_an_end() -> None:
    result = CliRunner().invoke(cli, ["simulate", "--out", "x", "--speed", "60x"])
    assert result.exit_code == 2
    assert "--seconds" in result.output


def test_ctrl_c_ends_it_and_says_how_many_were_written(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    command = ["simulate", "--out", str(path), "--speed", "live", "--rate", "20"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.main", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s and not (path.exists() and path.stat().st_size):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = path.read_bytes().count(b"\n")
    assert lines > 0
    assert said.decode() == f"wrote {lines} events, then stopped\n"


def test_the_script_of_the_demo_is_the_same_each_time_and_counts_what_it_spoils() -> None:
    events = list(Floor(3).events(START_MS, START_MS + 120_000))
    script = list(cues(events))
    assert script == list(cues(events))
    tally = Tally()
    for cue in script:
        tally.count(cue)
    assert tally.kinds == {
        "new": len(events),
        "repeated": len(events) // REPEAT_EVERY,
        "spoilt": len(events) // SPOIL_EVERY,
    }
    assert tally.sent == len(script)
    assert tally.measures["submitted"] == sum(
        event["event_type"] == "item.submitted" for event in events
    )


def test_an_incident_counts_from_now_when_the_floor_began_earlier() -> None:
    (shifted,) = ahead((parse_incident("surge@60+300"),), 1_800_000)
    assert (shifted.start_s, shifted.duration_s) == (1_860, 300)


@pytest.mark.parametrize("space", ["live", "june"])
def test_every_output_topic_has_somebody_to_wait_for(space: str) -> None:
    topics = Topics(space)
    ours = {topics.space}
    logs = {topics.floor_changelog(1), topics.floor_changelog(2), topics.notify_changelog}
    waited_for = {topic for station in stations(space) for topic in station.topics}
    assert waited_for == {spec.name for spec in topics.specs()} - ours - logs
