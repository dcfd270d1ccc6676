"""The sums of ``drift`` against plain Python, and what is not known."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from random import Random

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas.measures import key_of
from schemas.rows import RollupRow
from sinks import spans
from sinks.clickhouse import ClickHouseSink
from sinks.questions.drift import FEW_BEFORE, NO_SPREAD, H, K
from sinks.questions.people import N_MIN

START = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE_DAYS, DAYS = 5, 40
FROM, AT, TO = (
    f"{START + timedelta(days=days):%Y-%m-%d %H:%M:%S}"
    for days in (0, BEFORE_DAYS, BEFORE_DAYS + DAYS)
)
#: Of each day right and all answers; None: no row.
Counts = list[tuple[int, int] | None]


def _days(seed: int, before: float, after: float, n: tuple[int, int]) -> Counts:
    """Days of a chance that shifts in the middle of the days that are watched."""
    rng, found = Random(seed), Counts()
    for day in range(BEFORE_DAYS + DAYS):
        asked = rng.randint(*n)
        chance = before if day < BEFORE_DAYS + DAYS // 2 else after
        right = sum(rng.random() < chance for _ in range(asked))
        found.append((right, asked) if rng.random() < 0.9 else None)
    return found


FLOOR: dict[str, Counts] = {
    "falling": _days(1, 0.92, 0.78, (20, 160)),
    "rising": _days(2, 0.8, 0.9, (20, 160)),
    "steady": _days(3, 0.9, 0.9, (60, 90)),
    "few": _days(4, 0.9, 0.5, (1, N_MIN - 1)),
    "perfect": [*[(50, 50)] * BEFORE_DAYS, *[(30, 50)] * DAYS],
    "new": [*[None] * BEFORE_DAYS, *[(30, 50)] * DAYS],
}


@pytest.fixture(scope="module", autouse=True)
def stored(clickhouse_url: str, database: str) -> None:
    """Every queue's days, each in two minutes that belong together."""
    ever = {key_of(name): 1 for name in ("golden_n", "skipped", "submitted")}
    rows = [RollupRow("all", {}, int(START.timestamp() * 1000), 60, 1, ever)]
    for queue, days in FLOOR.items():
        place = {"org": "acme", "source": "cvat", "project": "street", "queue": queue}
        for day, counts in enumerate(days):
            for minute in range(2 if counts else 0):
                assert counts is not None
                right, n = (count // 2 + (count % 2) * minute for count in counts)
                start_ms = int((START + timedelta(days=day, hours=1 + 20 * minute)).timestamp())
                tally = {key_of("golden_correct"): right, key_of("golden_n"): n}
                # As many skips as wrong answers, so that their share falls when that one rises.
                tally |= {key_of("skipped"): n - right, key_of("submitted"): right}
                rows.append(RollupRow("queue", place, start_ms * 1000, 60, 1, tally))
    assert ClickHouseSink(clickhouse_url, database).write("rollups", rows) == []


def ask(
    client: Client, database: str, queue: str, asked: dict[str, str] | None = None
) -> list[dict[str, object]]:
    """The steps of a queue."""
    given = {
        "metric": "golden_accuracy", "grouping": "queue", "from": FROM, "at": AT, "to": TO,
        "tz": "UTC", "as_of": "",
    } | (asked or {})  # fmt: skip
    step_s = given.pop("step_s", "0")
    text = ", ".join(f"`{name}`='{value}'" for name, value in given.items())
    sql = (
        f"SELECT * FROM {database}.drift({text}, step_s={step_s}, filters=map('queue', '{queue}'))"
    )
    return list(client.query(f"{sql} ORDER BY step_start").named_results())


@dataclass
class Sums:
    """Both sums, and the days on which they left zero."""

    down: float = 0.0
    up: float = 0.0
    down_since: datetime | None = None
    up_since: datetime | None = None

    def add(self, z: float, day: datetime) -> None:
        """One day more."""
        self.down, self.up = max(0.0, self.down - z - K), max(0.0, self.up + z - K)
        self.down_since = None if self.down == 0 else self.down_since or day
        self.up_since = None if self.up == 0 else self.up_since or day


def _brute(queue: str) -> list[dict[str, object]]:
    """Day by day, as it is written in books."""
    days, sums, found = FLOOR[queue], Sums(), []
    before = [counts for counts in days[:BEFORE_DAYS] if counts]
    p = sum(right for right, _ in before) / sum(n for _, n in before)
    for number, counts in enumerate(days[BEFORE_DAYS:]):
        if counts is None:
            continue
        day, (right, n) = START + timedelta(days=BEFORE_DAYS + number), counts
        row: dict[str, object] = {"step_start": day, "value": right / n, "n": n, "baseline": p}
        if n < N_MIN:
            found.append(row | dict.fromkeys(("off", "cusum_down", "cusum_up", "signal", "since")))
            continue
        z = (right / n - p) / sqrt(p * (1 - p) / n)
        sums.add(z, day)
        signal = "better" if sums.up > H else "worse" if sums.down > H else "none"
        since = {"better": sums.up_since, "worse": sums.down_since, "none": None}[signal]
        found.append(
            row | {"off": z, "cusum_down": sums.down, "cusum_up": sums.up, "signal": signal,
                   "since": since}
        )  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("queue", "ends"), [("falling", "worse"), ("rising", "better"), ("steady", "none")]
)
def test_the_sums_are_those_of_plain_python(
    client: Client, database: str, queue: str, ends: str
) -> None:
    found, wanted = ask(client, database, queue), _brute(queue)
    assert len(found) == len(wanted) > DAYS / 2
    for row, other in zip(found, wanted, strict=True):
        told = {name: _zoned(row[name]) for name in other}
        numbers = [name for name in other if isinstance(other[name], float)]
        assert {n: told.pop(n) for n in numbers} == pytest.approx(
            {n: other[n] for n in numbers}, rel=1e-12, abs=1e-12
        )
        assert told == {name: other[name] for name in other if name not in numbers}
    assert {row["baseline_n"] for row in found} == {
        sum(counts[1] for counts in FLOOR[queue][:BEFORE_DAYS] if counts)
    }
    assert wanted[-1]["signal"] == ends
    assert (queue == "steady") == all(row["signal"] in ("none", None) for row in wanted)


def _zoned(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


@pytest.mark.parametrize(
    ("queue", "cause"), [("few", "too_few"), ("perfect", NO_SPREAD), ("new", FEW_BEFORE)]
)
def test_what_is_not_known_is_no_zero_and_has_a_cause(
    client: Client, database: str, queue: str, cause: str
) -> None:
    found = ask(client, database, queue)
    assert len(found) > DAYS / 2
    for row in found:
        assert {row[name] for name in ("off", "cusum_down", "cusum_up", "signal", "since")} == {
            None
        }
        assert row["cause"] == cause
        assert row["value"] is not None


def test_less_of_what_is_bad_is_better(client: Client, database: str) -> None:
    golden = ask(client, database, "rising")
    skips = ask(client, database, "rising", {"metric": "skip_rate"})
    assert [row["signal"] for row in golden] == [row["signal"] for row in skips]
    assert skips[-1]["signal"] == "better"
    for row, other in zip(golden, skips, strict=True):
        assert row["cusum_up"] == pytest.approx(other["cusum_down"])


def test_steps_are_those_that_are_asked_for(client: Client, database: str) -> None:
    hours = ask(client, database, "perfect", {"step_s": "43200"})
    days = ask(client, database, "perfect")
    assert (len(days), len(hours)) == (DAYS, 2 * DAYS)
    # A day of Manila begins at 16:00 UTC, and a week is cut off where the range ends.
    zoned = {"tz": "Asia/Manila", "from": FROM, "at": "2026-03-07", "to": "2026-03-09"}
    starts = [row["step_start"] for row in ask(client, database, "perfect", zoned)]
    assert [f"{start:%d %H}" for start in starts] == ["06 16", "07 16"]
    weeks = ask(client, database, "perfect", {"step_s": "604800"})
    assert [row["n"] for row in weeks] == [350] * 5 + [250]


def test_hours_and_days_that_are_summed_up_change_nothing(client: Client, database: str) -> None:
    # Between a day's two minutes, so that its sum lies on both sides.
    odd = {"at": AT.replace("00:00:00", "12:00:00")}
    asked: list[dict[str, str]] = [{}, odd, {"tz": "Asia/Manila"}]
    before = [ask(client, database, "falling", each) for each in asked]
    assert before[0] != before[1]
    assert list(spans.refresh(client, database, settled_s=0))
    assert [ask(client, database, "falling", each) for each in asked] == before


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"metric": "throughput"}, "metric: accepted are"),
        ({"step_s": "90"}, "step_s: accepted are"),
        ({"at": FROM, "from": AT}, "at: must lie between from and to"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(
    client: Client, database: str, asked: dict[str, str], told: str
) -> None:
    with pytest.raises(DatabaseError, match=told):
        ask(client, database, "steady", asked)
