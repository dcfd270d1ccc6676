"""Every metric is declared once, soundly, and from things that exist."""

import re
from dataclasses import fields
from typing import Any

import pytest

from schemas.events import ROUTES
from schemas.groupings import DEFAULT_GROUPINGS, DIMENSIONS
from schemas.measures import BY_NAME, Kind
from schemas.metrics import METRICS, Metric
from schemas.metrics.declaration import SLA_ACTIVATE
from schemas.metrics.formulas import (
    Age,
    Clearing,
    Level,
    LevelShare,
    Quantile,
    Share,
    Sum,
    Survival,
)
from schemas.readings import Gauges

NUMBERS = {*range(1, 14), *range(17, 35), 35, 36, 37, 38, 52, 53}
by_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)


def _values(metric: Metric) -> list[Any]:
    return [getattr(metric.formula, field.name) for field in fields(metric.formula)]


def test_the_numbers_asked_for_are_all_there_and_no_others() -> None:
    assert {metric.number for metric in METRICS} == NUMBERS


def test_an_id_names_one_metric() -> None:
    assert len({metric.id for metric in METRICS}) == len(METRICS)


@by_metric
def test_an_id_is_a_column_name(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.id)


@by_metric
def test_sums_are_of_counters_that_exist(metric: Metric) -> None:
    for value in _values(metric):
        if isinstance(value, Sum):
            assert value.plus + value.minus
            assert all(BY_NAME[name].kind is Kind.COUNTER for name in value.plus + value.minus)


@by_metric
def test_quantiles_are_of_histograms_that_exist(metric: Metric) -> None:
    if isinstance(metric.formula, Quantile | Survival):
        assert BY_NAME[metric.formula.histogram].kind is Kind.HISTOGRAM


@by_metric
def test_a_quantile_needs_as_many_values_as_make_its_tail_one_of_them(metric: Metric) -> None:
    if isinstance(metric.formula, Quantile | Survival):
        assert metric.min_n == round(1 / (1 - metric.formula.q))


@by_metric
def test_gauges_exist(metric: Metric) -> None:
    known = {field.name for field in fields(Gauges)}
    match metric.formula:
        case Level(gauge) | Clearing(gauge, _):
            assert gauge in known
        case Age(gauge, n):
            assert {gauge, n} <= known
        case LevelShare(part, whole):
            assert {part, whole} <= known
        case _:
            pass


@by_metric
def test_something_is_needed_and_said_about_it(metric: Metric) -> None:
    assert metric.needs
    assert metric.title and metric.source and metric.caveat.endswith((".", "25."))


@by_metric
def test_what_is_needed_are_event_types(metric: Metric) -> None:
    known = {*ROUTES, SLA_ACTIVATE}
    assert {name for need in metric.needs for name in need.split("|")} <= known


@by_metric
def test_dimensions_are_known_and_some_grouping_fits(metric: Metric) -> None:
    assert metric.dimensions <= set(DIMENSIONS)
    assert any(metric.makes_sense_by(grouping.dimensions) for grouping in DEFAULT_GROUPINGS)


@by_metric
def test_only_shares_of_independent_decisions_have_an_interval(metric: Metric) -> None:
    assert (metric.interval == "wilson") is isinstance(metric.formula, Share)
