"""What an accepted unit costs: the rate of the day, the most specific one, or none that is sure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.measures import MEASURES, Kind, key_of
from schemas.rows import RollupRow
from sinks.clickhouse import ClickHouseSink

RANGE = "`from`='2026-03-01 00:00:00', `to`='2026-03-05 00:00:00'"
DAY_MS = 86_400_000
MARCH_MS = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000
ALWAYS = ("1970-01-01", "2149-06-06")
#: Of one day: accepted, taken back, productive and active hours, submissions of known effort, all.
Day = tuple[int, int, float, float, int, int]
PLAIN: Day = (10, 0, 5, 2.5, 4, 4)


def _rows(grouping: str, dims: dict[str, str], days: Sequence[Day]) -> list[RollupRow]:
    names = ("accepted", "accept_retracted", "productive_ms", "active_ms", "active_n", "submitted")
    return [
        RollupRow(
            grouping, dims, MARCH_MS + number * DAY_MS, 60, 1,
            {key_of(name): round(n * (HOUR_MS if name.endswith("_ms") else 1))
             for name, n in zip(names, day, strict=True)},
        )
        for number, day in enumerate(days)
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def empty(client: Client, clickhouse_url: str, database: str) -> None:
    """Nothing counted but that every event type came once, long ago; no rates and no teams."""
    for table in ("rollups", "rollups_spans", "rollups_touched", "dim_cost_rates", "dim_teams"):
        client.command(f"TRUNCATE TABLE {database}.{table}")
    everything = {m.key: 1 for m in MEASURES if m.kind is Kind.COUNTER}
    ever = RollupRow("all", {}, MARCH_MS - 400 * DAY_MS, 60, 1, everything)
    assert ClickHouseSink(clickhouse_url, database).write("rollups", [ever]) == []


class Costs:
    """The view, and what it is made of."""

    def __init__(self, client: Client, url: str, database: str) -> None:
        self._client, self._database = client, database
        self._sink = ClickHouseSink(url, database)

    def count(self, grouping: str, dims: dict[str, str], days: Sequence[Day]) -> None:
        """Store what a subject did, day by day from the first of March."""
        assert self._sink.write("rollups", _rows(grouping, dims, days)) == []

    def rate(self, cost: str, currency: str = "EUR", valid: tuple[str, str] = ALWAYS,
             **named: str) -> None:  # fmt: skip
        """Store a rate of acme for what is named."""
        keys = ", ".join(f"'{named.get(it, '')}'" for it in ("source", "project", "vendor", "team"))
        self._client.command(
            f"INSERT INTO {self._database}.dim_cost_rates VALUES "
            f"('acme', {keys}, '{valid[0]}', '{valid[1]}', {cost}, '{currency}')"
        )

    def ask(
        self, columns: str, grouping: str = "team", step_s: int = 0
    ) -> list[tuple[object, ...]]:
        """Some columns of all rows."""
        query = (
            f"SELECT {columns} FROM {self._database}.cost_per_unit(grouping='{grouping}', "
            f"{RANGE}, step_s={step_s}) ORDER BY step_start, team, project, currency"
        )
        return [tuple(row) for row in self._client.query(query).result_rows]


@pytest.fixture
def costs(client: Client, clickhouse_url: str, database: str) -> Costs:
    """The view, and what it is made of."""
    return Costs(client, clickhouse_url, database)


BLUE = {"org": "acme", "team": "blue"}


def test_hours_of_each_day_cost_what_that_day_cost(costs: Costs) -> None:
    costs.count("team", BLUE, [(10, 2, 5, 2.5, 4, 4), (7, 0, 3, 1, 2, 2)])
    costs.rate("20", valid=("1970-01-01", "2026-03-02"))
    costs.rate("31.5", valid=("2026-03-02", "2149-06-06"))
    columns = "currency, accepted, productive_hours, cost, cost_per_unit, cost_per_unit_n, cause"
    cost = 5 * 20 + 3 * 31.5
    assert costs.ask(columns) == [("EUR", 15, 8.0, cost, cost / 15, 15, None)]
    days = costs.ask("toString(step_start), first_day = last_day, cost", step_s=86_400)
    assert days == [("2026-03-01 00:00:00", True, 100.0), ("2026-03-02 00:00:00", True, 94.5)]


def test_the_most_specific_rate_holds(costs: Costs) -> None:
    costs.count("team", BLUE, [PLAIN])
    costs.count("team", {"org": "acme", "team": "red"}, [PLAIN])
    costs.rate("20")
    costs.rate("30", team="blue")
    assert costs.ask("team, cost_per_unit") == [("blue", 15.0), ("red", 10.0)]


def test_the_vendor_of_a_team_is_that_of_the_day(
    costs: Costs, client: Client, database: str
) -> None:
    costs.count("team", BLUE, [PLAIN, PLAIN])
    client.command(
        f"INSERT INTO {database}.dim_teams VALUES ('acme', 'blue', '1970-01-01', '2026-03-02', "
        "'Blue', '', 'north'), ('acme', 'blue', '2026-03-02', '2149-06-06', 'Blue', '', 'south')"
    )
    costs.rate("10", vendor="north")
    costs.rate("40", vendor="south")
    assert costs.ask("cost, cause") == [(250.0, None)]


def test_two_currencies_are_two_rows(costs: Costs) -> None:
    costs.count("team", BLUE, [PLAIN, PLAIN, PLAIN])
    costs.rate("20", valid=("1970-01-01", "2026-03-02"))
    costs.rate("900", "PHP", valid=("2026-03-02", "2149-06-06"))
    found = costs.ask("currency, toString(first_day), toString(last_day), cost, accepted")
    assert found == [
        ("EUR", "2026-03-01", "2026-03-01", 100.0, 10),
        ("PHP", "2026-03-02", "2026-03-03", 9000.0, 20),
    ]


def test_days_without_a_rate_are_no_part_of_a_cost(costs: Costs) -> None:
    costs.count("team", BLUE, [PLAIN, PLAIN])
    costs.rate("20", valid=("2026-03-02", "2149-06-06"))
    found = costs.ask("currency, cost, cost_per_unit, active_cost, productive_hours, cause")
    assert found == [
        ("", None, None, None, 5.0, "no_rate"),
        ("EUR", 100.0, 10.0, 50.0, 5.0, None),
    ]


@pytest.mark.parametrize(
    ("day", "cause", "active_cause"),
    [
        ((0, 0, 5, 2.5, 4, 4), "nothing_accepted", "nothing_accepted"),
        ((3, 3, 5, 2.5, 4, 4), "nothing_accepted", "nothing_accepted"),
        ((3, 0, 0, 2.5, 4, 4), "no_hours", None),
        ((3, 0, 5, 2.5, 3, 4), None, "no_hours"),
    ],
)
def test_what_is_unknown_is_no_zero(
    costs: Costs, day: Day, cause: str | None, active_cause: str | None
) -> None:
    costs.count("team", BLUE, [day])
    costs.rate("20")
    found = costs.ask(
        "cause, active_cause, isNull(cost_per_unit), isNull(active_cost_per_unit), cost"
    )
    cost = None if cause == "no_hours" else 100.0
    assert found == [(cause, active_cause, cause is not None, active_cause is not None, cost)]


def test_a_rate_that_may_hold_for_a_part_makes_the_whole_unknown(costs: Costs) -> None:
    project = {"org": "acme", "source": "cvat", "project": "street"}
    costs.count("project", project, [PLAIN])
    costs.rate("20")
    assert costs.ask("active_cost", "project") == [(50.0,)]
    costs.rate("30", team="blue")
    assert costs.ask("active_cost, active_cause", "project") == [(None, "rates_by:team")]
    # One that names more for certain wins, whoever did the work.
    costs.rate("40", source="cvat", project="street")
    assert costs.ask("active_cost, active_cause", "project") == [(100.0, None)]


def test_two_rates_that_fit_alike_are_none_unless_they_agree(costs: Costs) -> None:
    costs.count("project", {"org": "acme", "source": "cvat", "project": "street"}, [PLAIN])
    costs.rate("20", source="cvat")
    costs.rate("20", project="street")
    assert costs.ask("active_cost", "project") == [(50.0,)]
    costs.rate("21", project="street", valid=("2026-03-01", "2026-03-09"))
    assert costs.ask("active_cause, currency", "project") == [("rates_tie", "")]


def test_presence_belongs_to_no_project(costs: Costs) -> None:
    costs.count("project", {"org": "acme", "source": "cvat", "project": "street"}, [PLAIN])
    costs.rate("20")
    found = costs.ask("cost_per_unit, cause, active_cost_per_unit, active_cause", "project")
    assert found == [(None, "not_applicable", 5.0, None)]


def test_what_was_never_sent_is_unknown(costs: Costs, client: Client, database: str) -> None:
    client.command(f"TRUNCATE TABLE {database}.rollups")
    costs.count("team", BLUE, [PLAIN])
    costs.rate("20")
    assert costs.ask("accepted, cause, active_cause") == [
        (None, "never_sent:review.decided", "never_sent:review.decided")
    ]


def test_money_is_added_exactly(costs: Costs) -> None:
    costs.count("team", BLUE, [(1, 0, 1 / 3, 0, 0, 0)] * 3)
    costs.rate("0.1")
    ((cost,),) = costs.ask("cost")
    assert cost == float(Decimal("0.1") * 3 * 1_200_000) / HOUR_MS


@pytest.mark.parametrize("grouping", ["all", "annotator", "reviewer", "label"])
def test_only_places_within_an_organisation_have_a_cost(costs: Costs, grouping: str) -> None:
    assert grouping in {each.name for each in DEFAULT_GROUPINGS}
    with pytest.raises(DatabaseError, match="grouping: accepted are org, project, queue"):
        costs.ask("*", grouping)
