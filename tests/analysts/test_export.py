"""``watchfloor export`` on a real engine: whole files that other tools read, or none."""

import csv
from pathlib import Path

import orjson
import pyarrow.ipc
import pyarrow.parquet
import pytest
from clickhouse_connect.driver.client import Client

from tests.admin.conftest import Run

RANGE = ("--from", "2026-03-02T08:00", "--to", "2026-03-02T14:00", "--step", "1h")
BY_QUEUE = (*RANGE, "--grouping", "queue")

pytestmark = pytest.mark.usefixtures("client")


def test_three_formats_hold_the_same_rows(run: Run, tmp_path: Path) -> None:
    paths = [tmp_path / f"t.{ending}" for ending in ("parquet", "csv", "arrow")]
    for path in paths:
        ran = run("export", "throughput", *BY_QUEUE, "--out", str(path))
        assert ran.code == 0, ran.err
    parquet = pyarrow.parquet.read_table(paths[0]).to_pylist()
    arrow = pyarrow.ipc.open_file(paths[2]).read_all().to_pylist()
    with paths[1].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(parquet) == 15
    assert [row["throughput"] for row in parquet] == [row["throughput"] for row in arrow]
    assert [row["queue"] for row in parquet] == [row["queue"] for row in rows]
    assert [row["throughput"] for row in parquet] == [float(row["throughput"]) for row in rows]
    # What is unknown stays unknown.
    assert parquet[0]["units_per_hour"] is None
    assert rows[0]["units_per_hour"] == ""
    assert str(parquet[0]["step_start"]) == "2026-03-02 08:00:00+00:00"


def test_the_sidecar_says_what_was_asked_and_what_columns_mean(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    asked = ("--where", "queue=faces")
    assert run("export", "throughput", *BY_QUEUE, *asked, "--out", str(out)).code == 0
    about = orjson.loads((tmp_path / "t.csv.columns.json").read_bytes())
    assert about["asked"]["where"] == ["queue = 'faces'"]
    comments = {each["name"]: each["comment"] for each in about["columns"]}
    assert "per hour" in comments["throughput"]
    with out.open(newline="") as file:
        assert list(comments) == next(csv.reader(file))
    assert out.read_text().count("faces") == 5


def test_a_question_about_a_change_takes_its_moment(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "change.parquet"
    asked = ("--from", "2026-03-02T09:00", "--to", "2026-03-02T15:00", "--tz", "Europe/Berlin")
    moment = ("--at", "2026-03-02T13:00", "--grouping", "queue")
    ran = run("export", "guideline_change", *asked, *moment, "--out", str(out))
    assert ran.code == 0, ran.err
    rows = pyarrow.parquet.read_table(out).to_pylist()
    yields = [row for row in rows if row["metric"] == "first_pass_yield"]
    assert [(row["before_n"], row["after_n"]) for row in yields] == [(60, 40)] * 3


def test_a_file_that_exists_is_kept_unless_forced(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    out.write_text("mine")
    ran = run("export", "throughput", *RANGE, "--out", str(out))
    assert (ran.code, out.read_text()) == (1, "mine")
    assert "--force" in ran.err
    assert run("export", "throughput", *RANGE, "--force", "--out", str(out)).code == 0
    assert out.read_text() != "mine"


@pytest.mark.parametrize("shape", ["parquet", "csv", "arrow"])
def test_an_answer_that_breaks_off_leaves_nothing(
    run: Run, client: Client, tmp_path: Path, shape: str
) -> None:
    client.command(
        "CREATE OR REPLACE VIEW broken (n UInt64 COMMENT 'A number') AS "
        "SELECT number + throwIf(number = 2900000, 'too far') AS n FROM numbers(3000000)"
    )
    ran = run("export", "broken", "--out", str(tmp_path / f"b.{shape}"))
    assert ran.code == 1
    assert "watchfloor: ClickHouse" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_a_view_itself_refuses_is_told_in_its_words(run: Run, tmp_path: Path) -> None:
    ran = run("export", "metric_restatements", *RANGE, "--out", str(tmp_path / "r.csv"))
    assert ran.code == 1
    assert "ClickHouse refused: as_of: accepted is YYYY-MM-DD" in ran.err
    assert "while executing" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_told_in_a_line_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "t.csv")
    for arguments, words in (
        (("nope", *RANGE), "views: "),
        (("throughput", *RANGE, "--where", "queue='x'; --"), "without quotes and semicolons"),
        (("throughput", *RANGE, "--grouping", "moon"), "groupings: all, org"),
        (("throughput", *RANGE[:4], "--step", "0"), "leave it out for one row"),
    ):
        ran = run("export", *arguments, "--out", out)
        assert ran.code == 2
        assert words in ran.err
        assert len(ran.err.strip().splitlines()) == 2
    assert run("export", "throughput", *RANGE, "--out", str(tmp_path / "t.xlsx")).code == 2
    assert run("export", "throughput", *RANGE, "--out", str(tmp_path / "no" / "t.csv")).code == 1
    assert list(tmp_path.iterdir()) == []
