"""What the demo draws: numbers as they are, and in words why there is none."""

import io

import pytest
from rich.console import Console

from schemas.readings import NEVER_SENT, STALE_SOURCE, TOO_FEW, WARMING_UP, Reading
from streams.demo.glance import Glance, Subject
from streams.demo.panel import Scene, duration, line, share_text, table, why_unknown

GAUGES = {"waiting": 12, "in_work": 3, "in_review": 1, "oldest_waiting_ms": 125_000}


def subject(**readings: Reading) -> Subject:
    """A queue whose metrics are these in every window."""
    metrics = {
        name: {"value": r.value, "low": r.low, "high": r.high, "n": r.n, "cause": r.cause}
        for name, r in readings.items()
    }
    return Subject("all", 1_000, GAUGES, {"5m": metrics, "15m": metrics, "1h": metrics})


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading(None, None, None, 7, TOO_FEW), "not enough data (n=7)"),
        (Reading(None, None, None, 0, f"{NEVER_SENT}golden.answered"), "no golden.answered yet"),
        (Reading(None, None, None, 0, WARMING_UP), "warming up"),
        (Reading(None, None, None, 3, STALE_SOURCE), "source is silent"),
        (Reading(None, None, None, 0, None), "no data yet"),
    ],
)
def test_an_unknown_number_is_told_with_its_cause(reading: Reading, said: str) -> None:
    assert why_unknown(reading) == said
    assert share_text(subject(golden_accuracy=reading), "golden_accuracy") == said


def test_a_share_comes_with_its_interval_and_n() -> None:
    known = subject(golden_accuracy=Reading(0.941, 0.92, 0.957, 412, None))
    assert share_text(known, "golden_accuracy") == "94 % [92-96] n=412"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(31.2, "31 s"), (126.0, "2.1 min"), (1_800.0, "30 min"), (12_240.0, "3.4 h")],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(("age_s", "stale"), [(4.9, False), (5.1, True), (None, True)])
def test_numbers_older_than_five_seconds_are_called_stale(age_s: float | None, stale: bool) -> None:
    scene = Scene(Glance(subject()), age_s=age_s)
    assert scene.stale is stale
    assert ("STALE" in line(scene)) is (stale and age_s is not None)


def test_numbers_that_cannot_be_read_just_now_are_stale_and_say_why() -> None:
    scene = Scene(Glance(subject()), age_s=0.5, trouble="Redis does not answer (ConnectionError)")
    assert "STALE: Redis does not answer" in line(scene)


def test_a_table_and_a_line_can_be_drawn_before_there_is_anything() -> None:
    out = io.StringIO()
    Console(file=out, width=100).print(table(Scene()))
    assert "no numbers yet" in out.getvalue()
    assert "no numbers yet" in line(Scene())


def test_a_table_shows_the_backlog_with_its_oldest_age() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(table(Scene(Glance(subject()), age_s=1.0)))
    assert "12 (2.1 min)" in out.getvalue()
