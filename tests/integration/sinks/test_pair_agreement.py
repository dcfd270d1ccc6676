"""Agreement of two people: what statisticians' libraries say of the same labels."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from random import Random

import pytest
from clickhouse_connect.driver.client import Client
from statsmodels.stats import inter_rater

from schemas import agreement, statistics
from schemas.rows import LabelRow
from sinks.clickhouse import ClickHouseSink
from sinks.forget_rows import forget

#: 2026-03-02T08:00:00Z.
START_MS = 1_772_438_400_000
RANGE = "from='2026-03-02 08:00:00', to='2026-03-03 08:00:00'"
PEOPLE, LABELS = ["p1", "p2", "p3", "p4"], ["cat", "dog", "owl"]
Pair = tuple[str, str, str]


def _row(project: str, unit: str, person: str, label: str, at_ms: int) -> LabelRow:
    return LabelRow(
        org="acme",
        source="cvat",
        project=project,
        item_id=unit,
        unit_id=unit,
        annotator=person,
        label=label,
        occurred_ms=at_ms,
        event_id=f"{unit}-{person}-{at_ms}",
        kind="submitted",
        revision=1,
    )


def _rows(rng: Random, project: str) -> Iterator[LabelRow]:
    """Up to four people on a unit, some of whom change their mind; one says one thing only."""
    for number in range(80):
        truth = rng.choice(LABELS)
        for person in rng.sample(PEOPLE, rng.randrange(1, 5)):
            for change in range(rng.choice([1, 1, 2])):
                label = truth if rng.random() < 0.7 else rng.choice(LABELS)
                at_ms = START_MS + number * 60_000 + change * 1_000
                yield _row(project, f"unit{number}", person, label, at_ms)


@pytest.fixture(scope="module")
def told(clickhouse_url: str, database: str) -> dict[Pair, list[tuple[str, str]]]:
    """The labels of each two people, unit by unit, as they are in the table."""
    units: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    rows = [row for project in ("street", "text") for row in _rows(Random(project), project)]
    # Who always says one thing: with one like that there is no kappa, with another it is 0.
    rows += [_row("flat", f"unit{n}", p, "cat", START_MS) for n in range(9) for p in ("p1", "p2")]
    rows += [_row("flat", f"unit{n}", "p3", LABELS[n % 2], START_MS) for n in range(9)]
    assert ClickHouseSink(clickhouse_url, database).write("labels", rows) == []
    for row in rows:
        units[row.project, row.unit_id][row.annotator] = row.label
    pairs: dict[Pair, list[tuple[str, str]]] = defaultdict(list)
    for (project, _), given in units.items():
        for one, other in combinations(sorted(given), 2):
            pairs[project, one, other].append((given[one], given[other]))
    return pairs


def asked(client: Client, database: str) -> dict[Pair, dict[str, object]]:
    """All rows of the view by project and pair."""
    rows = client.query(f"SELECT * FROM {database}.pair_agreement({RANGE})").named_results()
    return {(row["project"], row["annotator"], row["other_annotator"]): row for row in rows}


def test_every_pair_is_there_once_with_its_units(
    client: Client, database: str, told: dict[Pair, list[tuple[str, str]]]
) -> None:
    found = asked(client, database)
    assert {pair: row["n"] for pair, row in found.items()} == {
        pair: len(labels) for pair, labels in told.items()
    }


def test_kappa_is_that_of_statsmodels_and_to_the_last_digit_ours(
    client: Client, database: str, told: dict[Pair, list[tuple[str, str]]]
) -> None:
    found = asked(client, database)
    for pair, labels in told.items():
        assert found[pair]["cohen_kappa"] == agreement.cohen_kappa(labels), pair
        if pair[0] == "flat" and "p3" not in pair:
            continue
        crossed = [[labels.count((a, b)) for b in LABELS] for a in LABELS]
        expected = inter_rater.cohens_kappa(crossed, return_results=False)
        assert found[pair]["cohen_kappa"] == pytest.approx(expected, abs=1e-12), pair


def test_percent_comes_with_wilson_s_interval(
    client: Client, database: str, told: dict[Pair, list[tuple[str, str]]]
) -> None:
    for pair, row in asked(client, database).items():
        n, alike = len(told[pair]), sum(a == b for a, b in told[pair])
        assert (row["agreeing"], row["percent_agreement"]) == (alike, alike / n)
        ends = (row["percent_agreement_low"], row["percent_agreement_high"])
        assert ends == (statistics.wilson_low(alike, n), statistics.wilson_high(alike, n))
        assert row["pabak"] == pytest.approx(2 * alike / n - 1)


@pytest.mark.usefixtures("told")
def test_of_one_label_alone_there_is_no_kappa(client: Client, database: str) -> None:
    found = asked(client, database)
    same, one_sided = found["flat", "p1", "p2"], found["flat", "p1", "p3"]
    assert (same["percent_agreement"], same["cohen_kappa"], same["n"]) == (1.0, None, 9)
    assert one_sided["cohen_kappa"] == 0.0


@pytest.mark.usefixtures("told")
def test_who_is_forgotten_is_in_no_pair(client: Client, database: str) -> None:
    before = asked(client, database)
    forget(client, database, "p2")
    after = asked(client, database)
    assert after.keys() == {pair for pair in before if "p2" not in pair}
    assert all(after[pair] == before[pair] for pair in after)
