"""Our own metrics: names, counting and the text that Prometheus reads."""

import json
import logging
import math
import re
from typing import get_args

import pytest

from streams import logs, telemetry
from streams.meters import Meters
from streams.telemetry import DECLARATIONS, Declaration

UNITS = {"events", "records", "rows", "keys", "flushes", "bytes", "claims", "partitions", "writes"}
UNITS |= {"s", "items", "panes", "subjects", "notices", "files", "clients", "views"}
UNITS |= {"requests", "connections", "things"}
LINE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+')


def test_the_literals_and_the_declarations_name_the_same_metrics() -> None:
    kinds = (telemetry.Counter, telemetry.Gauge, telemetry.Histogram)
    assert {name for kind in kinds for name in get_args(kind)} == set(DECLARATIONS)


@pytest.mark.parametrize("it", DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_name_is_area_thing_unit_and_total_for_counters_only(it: Declaration) -> None:
    area, *_, unit = it.name.removesuffix("_total").split("_")
    assert area in {"board", "floor", "deliver", "gateway", "map", "notify", "process"}
    assert unit in UNITS
    assert it.name.endswith("_total") == (it.kind == "counter")


@pytest.mark.parametrize("it", DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_declaration_says_what_it_means_and_what_to_do(it: Declaration) -> None:
    assert it.meaning.endswith(".")
    assert it.when_high.endswith(".")
    assert bool(it.buckets) == (it.kind == "histogram")
    assert list(it.buckets) == sorted(set(it.buckets))


def test_counters_add_and_gauges_replace() -> None:
    meters = Meters()
    for n in (3, 4):
        meters.count("floor_applied_events_total", n, "ops.reviews")
        meters.set("floor_held_items", n, "0")
    assert meters.read("floor_applied_events_total", "ops.reviews") == 7
    assert meters.read("floor_held_items", "0") == 4
    assert meters.read("floor_held_items", "1") is None


def test_what_a_gauge_does_not_state_any_more_is_not_shown() -> None:
    meters = Meters()
    meters.state("floor_held_items", {("0",): 5, ("1",): 6})
    meters.state("floor_held_items", {("1",): 7})
    assert meters.read("floor_held_items", "0") is None
    assert meters.read("floor_held_items", "1") == 7
    meters.state("floor_held_items", {})
    assert meters.expose() == ""


def test_a_histogram_counts_every_observation_at_or_below_a_bound() -> None:
    meters = Meters()
    for seconds in (0.001, 0.02, 0.02, 99.0):
        meters.observe("floor_flush_s", seconds, "1")
    text = meters.expose()
    assert 'floor_flush_s_bucket{stage="1",le="0.001"} 1\n' in text
    assert 'floor_flush_s_bucket{stage="1",le="0.025"} 3\n' in text
    assert 'floor_flush_s_bucket{stage="1",le="+Inf"} 4\n' in text
    assert 'floor_flush_s_count{stage="1"} 4\n' in text
    total = re.search(r'floor_flush_s_sum\{stage="1"\} (\S+)', text)
    assert total is not None
    assert math.isclose(float(total[1]), 99.041)


def test_every_line_is_one_that_prometheus_reads() -> None:
    meters = Meters()
    for it in DECLARATIONS.values():
        tags = [f'a"\\{tag}' for tag in it.tags]
        if it.kind == "counter":
            meters.count(it.name, 2**53, *tags)  # type: ignore[arg-type]  # All names in turn.
        elif it.kind == "gauge":
            meters.set(it.name, 0.5, *tags)  # type: ignore[arg-type]  # All names in turn.
        else:
            meters.observe(it.name, 1.5, *tags)  # type: ignore[arg-type]  # All names in turn.
    lines = meters.expose().replace(r"a\"\\", "a").splitlines()
    assert [line for line in lines if line[0] != "#" and not LINE.fullmatch(line)] == []
    assert sum(line.startswith("# TYPE ") for line in lines) == len(DECLARATIONS)


def test_an_unregistered_name_fails() -> None:
    with pytest.raises(KeyError):
        Meters().count("floor_made_up_total", 1)  # type: ignore[arg-type]  # That is the point.


@pytest.mark.usefixtures("run")
def test_a_log_line_is_one_json_object_also_when_a_library_wrote_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("info", role="floor")
    logs.get("streams.agents").info("partition_claimed", partition=3)
    logging.getLogger("aiokafka").warning("heartbeat %s", "failed")
    logging.getLogger("aiokafka").info("said too often")
    logs.get("streams.agents").debug("not_wanted")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["partition_claimed", "heartbeat failed"]
    assert (lines[0]["partition"], lines[0]["level"], lines[0]["role"]) == (3, "info", "floor")
    assert lines[1]["role"] == "floor"
