"""What can be asked of a view, and what is refused with the argument and what it accepts."""

from datetime import UTC, datetime

import pytest

from sinks.view_catalog import Column, ViewInfo
from streams.view_question import ArgumentRefused, Asked, Question, question

SPAN = {"from": "DateTime('UTC')", "to": "DateTime('UTC')"}
COLUMNS = (
    Column("step_start", "DateTime('UTC')", ""),
    Column("queue", "String", ""),
    Column("throughput", "Nullable(Float64)", ""),
    Column("labels", "Array(String)", ""),
)
VIEWS = {
    "throughput": ViewInfo(
        "throughput", "", {**SPAN, "step_s": "UInt32", "grouping": "String"}, COLUMNS
    ),
    "long": ViewInfo(
        "long",
        "",
        {
            "from": "String",
            "to": "String",
            "tz": "String",
            "as_of": "String",
            "at": "String",
            "filters": "Map(String, String)",
        },
        COLUMNS,
    ),
    "plain": ViewInfo("plain", "", {}, COLUMNS),
}
RANGE = {"since": "2026-03-02", "until": "2026-03-03"}


def _ask(view: str = "throughput", **said: object) -> Question:
    return question(Asked(view, **{**RANGE, **said}), VIEWS, ["all", "queue"])  # type: ignore[arg-type]  # Texts and lists, by the cases below.


def test_what_is_asked_becomes_literals() -> None:
    asked = _ask(step="15m", grouping="queue", where=["queue=faces", "throughput>=1.5"])
    assert asked.sql("ops") == (
        "SELECT * FROM ops.throughput(from='2026-03-02 00:00:00', to='2026-03-03 00:00:00', "
        "step_s=900, grouping='queue') WHERE queue = 'faces' AND throughput >= 1.5 "
        "ORDER BY step_start, queue"
    )


def test_times_without_a_zone_are_those_of_tz() -> None:
    asked = _ask(zone="Europe/Berlin", until="2026-03-02T12:00Z")
    assert asked.since == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert asked.until == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_views_that_take_zone_and_time_as_text_get_both() -> None:
    text = _ask("long", zone="Asia/Manila", as_of="2026-03-05T12:00", at="2026-03-02").sql("ops")
    assert "from='2026-03-01 16:00:00Z'" in text
    assert "tz='Asia/Manila'" in text
    assert "as_of='2026-03-05 04:00:00Z'" in text
    assert "at='2026-03-01 16:00:00Z'" in text
    assert "filters=map()" in text


def test_a_view_without_arguments_is_asked_without_any() -> None:
    asked = question(Asked("plain", where=["step_start>2026-03-02"]), VIEWS, ["all"])
    assert "FROM ops.plain WHERE step_start > toDateTime64('2026-03-02 00:00:00'" in asked.sql(
        "ops"
    )


@pytest.mark.parametrize(
    ("view", "said", "problem", "accepted"),
    [
        ("moon", {}, "no view 'moon'", "throughput, long, plain"),
        ("throughput", {"until": "2026-03-01"}, "--from 2026-03-02 is not before", "turn"),
        ("throughput", {"until": "2026-03-02"}, "is not before", "turn"),
        ("throughput", {"until": None}, "needs --to", "from, to, step_s"),
        ("throughput", {"since": "yesterday"}, "--from 'yesterday'", "2026-03-02"),
        ("throughput", {"since": "0001-01-01"}, "--from '0001-01-01'", "2026-03-02"),
        ("throughput", {"step": "0"}, "--step '0'", "15m"),
        ("throughput", {"step": "90s"}, "--step '90s'", "whole minutes"),
        ("throughput", {"step": "-1h"}, "--step '-1h'", "15m"),
        ("throughput", {"grouping": "moon"}, "--grouping 'moon'", "all, queue"),
        ("throughput", {"zone": "Mars/Base"}, "--tz 'Mars/Base'", "Europe/Berlin"),
        ("throughput", {"zone": "../etc"}, "--tz '../etc'", "Europe/Berlin"),
        ("throughput", {"as_of": "2026-03-02"}, "takes no --as-of", "step_s"),
        ("throughput", {"at": "2026-03-02"}, "takes no --at", "step_s"),
        ("long", {}, "long needs --at", "as_of, at"),
        ("plain", {}, "takes no --from", "no arguments"),
        ("throughput", {"where": ["queue='a'"]}, "--where", "without quotes"),
        ("throughput", {"where": ["queue=a; DROP TABLE x"]}, "--where", "semicolons"),
        ("throughput", {"where": ["queue=a\\"]}, "--where", "COLUMN=VALUE"),
        ("throughput", {"where": ["1=1"]}, "--where '1=1'", "COLUMN=VALUE"),
        ("throughput", {"where": ["queue"]}, "--where 'queue'", "COLUMN=VALUE"),
        ("throughput", {"where": ["queu=a"]}, "no column 'queu'", "queue"),
        ("throughput", {"where": ["throughput=much"]}, "is a number", "0.9"),
        ("throughput", {"where": ["labels=a"]}, "is a list", "watchfloor sql"),
    ],
)
def test_bad_input_names_the_argument_and_what_it_accepts(
    view: str, said: dict[str, object], problem: str, accepted: str
) -> None:
    with pytest.raises(ArgumentRefused) as refused:
        _ask(view, **said)
    assert problem in refused.value.problem
    assert accepted in refused.value.remedy
    assert "\n" not in refused.value.problem
    assert refused.value.exit_code == 2
