"""What changed at a moment, with Newcombe's interval: as published, as in statsmodels, in SQL."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from statsmodels.stats.proportion import confint_proportions_2indep

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink
from sinks.questions.readings import SHARES

FROM, AT, TO = "2026-03-02 00:00:00", "2026-03-09 00:00:00", "2026-03-16 00:00:00"
AT_MS = int(datetime(2026, 3, 9, tzinfo=UTC).timestamp() * 1000)
MINUTE_MS = 60_000
#: Right and all golden answers before, and after, by queue; None: no row at all.
FLOOR: dict[str, tuple[tuple[int, int] | None, tuple[int, int] | None]] = {
    "better": ((300, 400), (360, 400)),
    "worse": ((390, 400), (300, 400)),
    "unsure": ((9, 10), (8, 10)),
    "perfect": ((40, 40), (25, 25)),
    "lost": ((30, 40), None),
    "new": (None, (30, 40)),
    "unasked": ((30, 40), (0, 0)),
}
Rows = dict[str, dict[str, object]]
#: Newcombe 1998, table II, method 10: successes and n of two samples, their interval.
PUBLISHED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]


def _rows(
    queue: str, before: tuple[int, int] | None, after: tuple[int, int] | None
) -> Iterator[RollupRow]:
    place = {"org": "acme", "source": "cvat", "project": "street", "queue": queue}
    # The last minute before, and the first after.
    for start_ms, counts in ((AT_MS - MINUTE_MS, before), (AT_MS, after)):
        if counts is not None:
            tally = {key_of("golden_correct"): counts[0], key_of("golden_n"): counts[1]}
            tally |= {key_of("submitted"): 1, key_of("skipped"): 1}
            yield RollupRow("queue", place, start_ms, 60, 1, tally)
            for grouping in ("all", "annotator"):
                dims = {} if grouping == "all" else {"org": "acme", "annotator": f"p_{queue}"}
                yield RollupRow(grouping, dims, start_ms, 60, 1, tally)


@pytest.fixture(scope="module", autouse=True)
def stored(clickhouse_url: str, database: str) -> None:
    """The floor, and each published example as a queue of its own."""
    known = FLOOR | {
        f"published{at}": ((k2, n2), (k1, n1)) for at, ((k1, n1, k2, n2), _) in enumerate(PUBLISHED)
    }
    rows = [row for queue, sides in known.items() for row in _rows(queue, *sides)]
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []


def ask(client: Client, database: str, asked: dict[str, str] | None = None) -> Rows:
    """The rows by queue or person."""
    given = {
        "metric": "golden_accuracy", "grouping": "queue", "from": FROM, "at": AT, "to": TO,
        "tz": "UTC", "as_of": "",
    } | (asked or {})  # fmt: skip
    filters = given.pop("filters", "map()")
    text = ", ".join(f"`{name}`='{value}'" for name, value in given.items())
    sql = f"SELECT * FROM {database}.guideline_change({text}, filters={filters})"
    rows = client.query(sql).named_results()
    return {str(row["queue"] or row["annotator"]): row for row in rows}


@pytest.fixture(scope="module")
def found(client: Client, database: str, stored: None) -> Rows:
    """The change of golden accuracy by queue."""
    return ask(client, database)


def test_the_interval_is_the_published_one(found: Rows) -> None:
    for at, ((k1, n1, k2, n2), ends) in enumerate(PUBLISHED):
        row = found[f"published{at}"]
        assert row["change"] == pytest.approx(k1 / n1 - k2 / n2, abs=1e-12)
        assert (row["change_low"], row["change_high"]) == pytest.approx(ends, abs=6e-5)


@pytest.mark.parametrize("queue", ["better", "worse", "unsure", "perfect"])
def test_the_interval_is_that_of_statsmodels(found: Rows, queue: str) -> None:
    row, (before, after) = found[queue], FLOOR[queue]
    assert before is not None
    assert after is not None
    ends = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff")
    assert (row["change_low"], row["change_high"]) == pytest.approx(ends, abs=1e-9)
    assert row["is_sure"] == ("unsure" if queue == "perfect" else queue)
    assert (row["before_n"], row["after_n"]) == (before[1], after[1])


@pytest.mark.parametrize(("side", "span"), [("before", (FROM, AT)), ("after", (AT, TO))])
def test_a_side_is_what_the_metric_says(
    client: Client, database: str, found: Rows, side: str, span: tuple[str, str]
) -> None:
    values = client.query(
        f"SELECT queue, value, low, high, n, cause FROM {database}.metric_values_at("
        f"metric='golden_accuracy', grouping='queue', `from`='{span[0]}', `to`='{span[1]}', "
        "step_s=0, tz='UTC', as_of='', filters=map())"
    ).result_rows
    assert len(values) > 10
    for queue, *reading in values:
        row = found[queue]
        told = [row[side], *(row[f"{side}_{it}"] for it in ("low", "high", "n", "cause"))]
        assert told == reading


@pytest.mark.parametrize(
    ("queue", "before", "after"),
    [("lost", 0.75, None), ("new", None, 0.75), ("unasked", 0.75, None)],
)
def test_what_is_not_known_on_a_side_is_no_change_of_zero(
    found: Rows, queue: str, before: float | None, after: float | None
) -> None:
    row = found[queue]
    assert (row["before"], row["after"]) == (before, after)
    assert {row[name] for name in ("change", "change_low", "change_high", "is_sure")} == {None}
    cause, other = ("before_cause", "after_cause")[:: 1 if before is None else -1]
    assert (row[cause], row[other]) == ("too_few", None)
    assert row["before_n" if before is None else "after_n"] == 0


def test_all_shares_are_told_and_persons_too(client: Client, database: str) -> None:
    given = {"metric": "", "grouping": "annotator", "filters": "map('annotator', 'p_worse')"}
    assert list(ask(client, database, given)) == ["p_worse"]
    times = f"`from`='{FROM}', at='{AT}', to='{TO}'"
    rows = client.query(
        f"SELECT DISTINCT metric FROM {database}.guideline_change(metric='', grouping='all', "
        f"{times}, tz='UTC', as_of='', filters=map())"
    ).result_rows
    assert {row[0] for row in rows} <= {metric.id for metric in SHARES}
    assert {"golden_accuracy", "skip_rate", "acceptance_rate"} <= {row[0] for row in rows}


def test_less_of_what_is_bad_is_better(client: Client, clickhouse_url: str, database: str) -> None:
    rows = [
        RollupRow(
            "queue", {"org": "acme", "source": "cvat", "project": "other", "queue": "bad"},
            start_ms, 60, 1, {key_of("skipped"): skipped, key_of("submitted"): 400 - skipped},
        )
        for start_ms, skipped in ((AT_MS - MINUTE_MS, 200), (AT_MS, 100))
    ]  # fmt: skip
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []
    row = ask(client, database, {"metric": "skip_rate"})["bad"]
    assert (row["change"], row["is_sure"]) == (-0.25, "better")


def test_the_moment_is_one_of_the_zone(client: Client, database: str) -> None:
    # Midnight in Manila is 16:00 UTC of the day before.
    zoned = {"tz": "Asia/Manila", "from": "2026-03-02", "at": "2026-03-09 08:00:00"}
    assert ask(client, database, zoned)["better"]["change"] == pytest.approx(0.15)
    assert ask(client, database, zoned | {"at": "2026-03-09"})["better"]["change"] is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"metric": "handle_time_mean"}, "metric: accepted are"),
        ({"grouping": "moon"}, "grouping: accepted are"),
        ({"from": TO, "to": FROM}, "from: must not be after to"),
        ({"at": "2026-03-17 00:00:00"}, "at: must lie between from and to"),
        ({"at": "2026-03-01 00:00:00"}, "at: must lie between from and to"),
        ({"at": "yesterday"}, "at: accepted is"),
        ({"tz": "UTC", "as_of": "then"}, "as_of: accepted are"),
        ({"filters": "map('team', 'x')"}, "filters: accepted are"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(
    client: Client, database: str, asked: dict[str, str], told: str
) -> None:
    with pytest.raises(DatabaseError, match=told):
        ask(client, database, asked)
