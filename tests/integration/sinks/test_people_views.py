"""What is known of people: the metrics' own numbers with intervals, and no points of few."""

from random import Random

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas import statistics
from schemas.measures import bin_of, key_of
from schemas.rows import ItemRow, RollupRow
from sinks.clickhouse import ClickHouseSink
from sinks.forget_rows import forget
from sinks.questions.people import N_MIN, RESTRICTED

#: 2026-03-02T08:00:00Z.
START_MS = 1_772_438_400_000
MINUTE_MS = 60_000
RANGE = "from='2026-03-02 08:00:00', to='2026-03-03 08:00:00'"
#: Golden answers, right ones, first reviews, passes, submissions.
FLOOR = {
    "p_known": (40, 36, 50, 45, 120),
    "p_few": (8, 8, N_MIN - 1, 20, N_MIN - 1),
    "p_unseen": (0, 0, 0, 0, 31),
}
NAMES = ("golden_n", "golden_correct", "first_reviewed", "first_passed", "submitted")


@pytest.fixture(scope="module", autouse=True)
def handled(clickhouse_url: str, database: str) -> dict[str, list[int]]:
    """Each person's counts in three minutes, an outdated row among them; their handle times."""
    rng, rows, times = Random(5), [], {}
    for person, counts in FLOOR.items():
        times[person] = [rng.randrange(1_000, 900_000) for _ in range(counts[-1])]
        for minute in range(3):
            tally = {
                key_of(n): c // 3 + (minute < c % 3) for n, c in zip(NAMES, counts, strict=True)
            }
            mine = times[person][minute::3]
            tally |= {key_of("handled"): len(mine), key_of("handle_ms"): sum(mine)}
            tally |= {key_of("reviewed"): 2 * tally[key_of("first_reviewed")]}
            tally |= {key_of("accepted"): tally[key_of("first_passed")]}
            for took_ms in mine:
                key = key_of("handle_hist") | bin_of(took_ms)
                tally[key] = tally.get(key, 0) + 1
            dims, at_ms = {"org": "acme", "annotator": person}, START_MS + minute * MINUTE_MS
            rows += [
                RollupRow("annotator", dims, at_ms, 60, 1, {key_of("submitted"): 999}),
                RollupRow("annotator", dims, at_ms, 60, 2, tally),
            ]
    nobody = {"org": "acme", "annotator": ""}
    rows.append(RollupRow("annotator", nobody, START_MS, 60, 1, {key_of("submitted"): 7}))
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []
    return times


def asked(
    client: Client, database: str, view: str, order: str = "annotator"
) -> list[dict[str, object]]:
    """All rows of a view."""
    sql = f"SELECT * FROM {database}.{view}({RANGE}) ORDER BY {order}"
    return list(client.query(sql).named_results())


def test_every_person_has_one_row_and_nobody_none(client: Client, database: str) -> None:
    found = asked(client, database, "people")
    assert [row["annotator"] for row in found] == sorted(FLOOR)
    assert {row["annotator"]: row["submissions"] for row in found} == {
        person: counts[-1] for person, counts in FLOOR.items()
    }


@pytest.mark.parametrize(
    ("metric", "n", "k"), [("golden_accuracy", 0, 1), ("first_pass_yield", 2, 3)]
)
def test_shares_have_wilson_s_interval_and_no_point_of_few(
    client: Client, database: str, metric: str, n: int, k: int
) -> None:
    for row in asked(client, database, "people"):
        counts = FLOOR[str(row["annotator"])]
        ends = (
            statistics.wilson_low(counts[k], counts[n]),
            statistics.wilson_high(counts[k], counts[n]),
        )
        assert row[f"{metric}_n"] == counts[n]
        assert (row[f"{metric}_low"], row[f"{metric}_high"]) == ends
        assert row[metric] == (counts[k] / counts[n] if counts[n] >= N_MIN else None)


def test_handle_times_are_of_all_their_minutes(
    client: Client, database: str, handled: dict[str, list[int]]
) -> None:
    for row in asked(client, database, "people"):
        times = handled[str(row["annotator"])]
        assert row["handle_time_mean_n"] == row["handle_time_p90_n"] == len(times)
        if len(times) < N_MIN:
            assert row["handle_time_mean"] is row["handle_time_p50"] is None
            continue
        assert row["handle_time_mean"] == pytest.approx(sum(times) / len(times) / 1000)
        rank = -(-len(times) * 9 // 10)
        assert row["handle_time_p90"] == pytest.approx(sorted(times)[rank - 1] / 1000, rel=0.011)


def test_what_was_accepted_is_unknown_where_nobody_reviewed(client: Client, database: str) -> None:
    found = {row["annotator"]: row["net_accepted"] for row in asked(client, database, "people")}
    assert found == {"p_known": 45.0, "p_few": 20.0, "p_unseen": None}


def test_a_person_s_items_are_told_by_queue(
    client: Client, clickhouse_url: str, database: str
) -> None:
    def item(name: str, person: str, queue: str, submissions: int, done: bool) -> ItemRow:
        return ItemRow(
            org="acme",
            source="cvat",
            project="street",
            item_id=name,
            revision=1,
            state="closed" if done else "waiting",
            queue=queue,
            annotator=person,
            submissions=submissions,
            handle_ms=30_000 * submissions,
            submitted_ms=START_MS,
            completed_ms=START_MS + 1 if done else None,
        )

    rows = [item(f"often{at}", "p_known", "hard", 1, done=at % 2 == 0) for at in range(N_MIN)]
    # Of the two submissions one may be somebody else's: it counts as theirs, its time does not.
    rows += [item("twice", "p_known", "hard", 2, done=True), item("one", "p_few", "easy", 1, True)]
    assert ClickHouseSink(clickhouse_url, database).write("items", rows) == []
    found = asked(client, database, "people_by_queue", "queue, annotator")
    told = [
        tuple(row[n] for n in ("queue", "annotator", "items", "completed", "handle_time_mean"))
        for row in found
    ]
    assert told == [("easy", "p_few", 1, 1, None), ("hard", "p_known", N_MIN + 1, 16, 30.0)]
    assert [row["handle_time_mean_n"] for row in found] == [1, N_MIN]


@pytest.mark.parametrize("view", sorted(RESTRICTED))
def test_a_reversed_range_is_refused_by_its_name(client: Client, database: str, view: str) -> None:
    turned = "from='2026-03-03 08:00:00', to='2026-03-02 08:00:00'"
    with pytest.raises(DatabaseError, match="from: must not be after to"):
        client.query(f"SELECT * FROM {database}.{view}({turned})")


@pytest.mark.parametrize("view", sorted(RESTRICTED))
def test_the_list_of_views_says_whom_it_is_for(client: Client, database: str, view: str) -> None:
    told = client.query(
        f"SELECT DISTINCT about FROM {database}.view_columns WHERE view = '{view}'"
    ).result_rows
    assert len(told) == 1
    assert "for those who may know" in told[0][0]


def test_who_is_forgotten_is_in_neither(client: Client, database: str) -> None:
    forget(client, database, "p_few")
    for view in ("people", "people_by_queue"):
        assert "p_few" not in {row["annotator"] for row in asked(client, database, view)}
    assert len(asked(client, database, "people")) == len(FLOOR) - 1
