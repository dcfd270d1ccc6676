"""The views of agreement say what ``schemas.agreement`` says of the same labels."""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest
from clickhouse_connect.driver.client import Client

from schemas import agreement
from schemas.rows import LabelRow
from sinks.clickhouse import ClickHouseSink

START_MS = 1_772_438_400_000
RANGE = "from='2026-03-02 08:00:00', to='2026-03-03 08:00:00'"
PEOPLE, LABELS = ["p1", "p2", "p3", "p4", "p5"], ["cat", "dog", "owl", "yak"]


def _rows(rng: Random, project: str) -> Iterator[LabelRow]:
    """Up to five people on a unit, some of whom change their mind."""
    for item in range(60):
        truth = rng.choice(LABELS)
        for person in rng.sample(PEOPLE, rng.randrange(1, 6)):
            for change in range(rng.choice([1, 1, 1, 2])):
                at_ms = START_MS + item * 60_000 + change * 1_000
                yield LabelRow(
                    org="acme",
                    source="cvat",
                    project=project,
                    item_id=f"item-{item}",
                    unit_id=f"item-{item}",
                    annotator=person,
                    label=truth if rng.random() < 0.7 else rng.choice(LABELS),
                    occurred_ms=at_ms,
                    event_id=f"{item}-{person}-{change}",
                    kind="submitted",
                    revision=1,
                )


@pytest.fixture(scope="module")
def told(client: Client, clickhouse_url: str, database: str) -> dict[str, list[agreement.Unit]]:
    """The units of two projects, as they are in the table."""
    units: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    rows = [row for project in ("street", "text") for row in _rows(Random(project), project)]
    assert ClickHouseSink(clickhouse_url, database).write("labels", rows) == []
    for row in rows:
        units[row.project][row.unit_id][row.annotator] = row.label
    return {project: list(found.values()) for project, found in units.items()}


def test_every_number_of_agreement_is_that_of_the_pure_functions(
    client: Client, database: str, told: dict[str, list[agreement.Unit]]
) -> None:
    found = client.query(f"SELECT * FROM {database}.agreement({RANGE}) ORDER BY project")
    rows = list(found.named_results())
    assert [row["project"] for row in rows] == ["street", "text"]
    for row in rows:
        units = told[row["project"]]
        agreeing, pairs = agreement.percent_agreement(units)
        like, judged = agreement.with_consensus(units)
        assert (row["pairs"], row["with_consensus_n"]) == (pairs, judged)
        for name, expected in (
            ("percent_agreement", agreeing / pairs),
            ("krippendorff_alpha", agreement.krippendorff_alpha(units)),
            ("fleiss_kappa", agreement.fleiss_kappa(units)),
            ("mean_entropy", agreement.mean_entropy(units)),
            ("with_consensus", like / judged),
        ):
            assert row[name] == pytest.approx(expected, abs=1e-12), name


def test_an_answer_of_several_labels_is_one_answer(
    client: Client, clickhouse_url: str, database: str
) -> None:
    # As sources send it: the submission has both labels, and each comes as an event of its own.
    # Ids of events are hashes: whose is the largest means nothing.
    ids = {"a": {"clear": "9", "deer": "1"}, "b": {"clear": "1", "deer": "9"}}
    day_ms = 86_400_000
    rows = [
        LabelRow(
            org="acme",
            source="cvat",
            project="wild",
            item_id="photo",
            unit_id="photo",
            annotator=person,
            label=label,
            occurred_ms=START_MS + 2 * day_ms,
            event_id="5" if kind == "submitted" else event_id,
            kind=kind,
            revision=1,
        )
        for person, by_label in ids.items()
        for label, event_id in by_label.items()
        for kind in ("submitted", "recorded")
    ]
    assert ClickHouseSink(clickhouse_url, database).write("labels", rows) == []
    later = "from='2026-03-04 08:00:00', to='2026-03-05 08:00:00'"
    found = client.query(
        f"SELECT percent_agreement, pairs FROM {database}.agreement({later})"
    ).result_rows
    assert found == [(1.0, 1)]
    confused = f"SELECT * FROM {database}.label_confusions({later})"
    assert client.query(confused).result_rows == []


def test_confusions_are_those_of_the_pure_functions(
    client: Client, database: str, told: dict[str, list[agreement.Unit]]
) -> None:
    for project, units in told.items():
        found = client.query(
            "SELECT label, confused_with, pairs, lift "
            f"FROM {database}.label_confusions({RANGE}) WHERE project = '{project}'"
        ).result_rows
        expected = agreement.confusion_pairs(units)
        assert {(a, b): pairs for a, b, pairs, _ in found} == {
            key: pairs for key, (pairs, _) in expected.items()
        }
        for a, b, _, lift in found:
            assert lift == pytest.approx(expected[a, b][1], abs=1e-12)


def test_where_nobody_labelled_there_is_no_row(
    client: Client, database: str, told: dict[str, list[agreement.Unit]]
) -> None:
    nothing = "from='2020-01-01 00:00:00', to='2020-01-02 00:00:00'"
    assert told
    assert client.query(f"SELECT * FROM {database}.agreement({nothing})").result_rows == []
