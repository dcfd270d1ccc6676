"""The pieces of the benchmark that can be wrong without anybody noticing."""

import json
from dataclasses import asdict

import pytest

from schemas.topics import Role
from streams.simulate.history import Record
from tests.bench import chart, load, pipeline, rates
from tests.bench.__main__ import told
from tests.bench.chart import Bar
from tests.bench.findings import Findings, Line, Plain, Sample
from tests.bench.floors import parsed
from tests.bench.probes import percentile
from tests.bench.rates import Moment, Rate, Stopwatch
from tests.bench.targets import bytes_per_new_item, growths, verdicts


def stopwatch(total: int, wall_s: list[float]) -> Stopwatch:
    """A stopwatch whose wall shows these seconds at each look; CPU time is half of it."""
    shown = iter(wall_s)

    def clock() -> Moment:
        now_s = next(shown)
        return Moment(now_s, now_s / 2)

    return Stopwatch(total, clock)


def test_the_batch_at_which_the_clock_starts_is_not_counted() -> None:
    watch = stopwatch(1_000, [10.0, 12.0])
    assert watch.add(500) is None
    assert watch.add(500) == Rate(500, 2.0, 1.0)


def test_the_clock_waits_for_the_lead_in_and_is_not_looked_at_in_between() -> None:
    watch = stopwatch(1_000, [5.0, 6.0])
    found = [watch.add(1) for _ in range(1_000)]
    assert [rate for rate in found if rate] == [Rate(900, 1.0, 0.5)]


def test_events_that_all_come_at_once_have_no_rate() -> None:
    with pytest.raises(ValueError, match="ask for more"):
        stopwatch(1_000, [1.0]).add(1_000)


def test_what_a_single_fetch_brought_is_no_rate() -> None:
    watch = stopwatch(1_000, [1.0, 1.001])
    watch.add(250)
    with pytest.raises(ValueError, match="ask for more"):
        watch.add(750)


def test_a_rate_is_found_among_whatever_else_a_reader_prints() -> None:
    said = f"\x1b[?25h\n{json.dumps(asdict(Rate(9, 3.0, 1.5)))}\n"
    assert rates.read(said) == Rate(9, 3.0, 1.5)
    assert rates.read("it crashed") is None


def test_meters_are_read_with_and_without_tags() -> None:
    text = '# HELP a x\na{topic="t",partition="1"} 5\na{topic="t",partition="2"} 2.5\nb 1e3\n'
    assert parsed(text) == {
        "a": {'topic="t",partition="1"': 5, 'topic="t",partition="2"': 2.5},
        "b": {"": 1000},
    }


def test_the_hottest_functions_are_those_at_the_end_of_the_stacks() -> None:
    stacks = "main (a.py:1);work (b.py:7) 6\nmain (a.py:1);work (b.py:9) 2\nmain (a.py:1) 2\n"
    assert pipeline.hottest(stacks) == ["80.0% work (b.py)", "20.0% main (a.py)"]


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99.0
    assert percentile([], 0.5) is None


def test_copies_of_an_event_are_spread_over_a_second_and_keep_their_place() -> None:
    moments = (1_000, 1_000, 1_000, 1_000, 1_400, 1_500, 1_500)
    records = [Record(Role.ANNOTATIONS, b"k", b"v", at_ms) for at_ms in moments]
    due = [due_ms for due_ms, _ in load.shifted(records, 4)]
    assert due == [1_000, 1_250, 1_500, 1_750, 1_400, 1_500, 1_750]


def test_targets_say_met_missed_or_not_measured() -> None:
    lines = [Line("ours", "", 100.0, 100.0, 1), Line("bytewax", "", 60.0, 50.0, 1)]
    lines.append(Line("textbook Faust", "", 1.0, 1.0, 1))
    found = {it.target: it for it in verdicts(Findings(plain=Plain(lines=lines)))}
    assert found["plain task at least 25 x textbook Faust"].met is True
    assert found["plain task at least 2 x bytewax"].met is False
    assert found["plain task at least 2 x bytewax"].figure == "1.7 x (2.0 x per CPU second)"
    assert found["plain task at least 3 x quixstreams"].met is None


def test_growth_in_the_soak_is_counted_after_its_first_third() -> None:
    samples = [
        Sample(0.0, {"worker": 50, "deliver": 10}, 0, 0),
        Sample(1.0, {"worker": 100, "deliver": 20}, 100, 0),
        Sample(2.0, {"worker": 150, "deliver": 21}, 150, 0),
    ]
    assert growths(samples) == {"worker": 0.5, "deliver": pytest.approx(0.05)}
    assert bytes_per_new_item(samples) == 1.0


def test_the_longest_bar_fills_the_room_and_text_is_escaped() -> None:
    drawn = chart.bars("a < b", "", [Bar("one", 1.0, "1", ours=False), Bar("two", 2.0, "2", True)])
    room = chart.WIDTH - chart.LABELS - chart.FIGURES
    assert f'width="{room:.1f}"' in drawn
    assert f'width="{room / 2:.1f}"' in drawn
    assert "a &lt; b" in drawn


def test_the_command_that_is_told_works_elsewhere() -> None:
    assert told(["soak", "--home", "here", "--soak-s", "9"]) == "make bench ARGS='soak --soak-s 9'"
    assert told([]) == "make bench"
