"""Dimension files: good ones become rows, bad ones are told with file, line and field."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from deploy import __file__ as deploy_file
from sinks.dimensions import OPEN_END
from sinks.dimensions_files import DimensionsRefused, read
from sinks.dimensions_rows import Row, rows_of

RATES = "org,team,valid_from,valid_to,cost_per_hour,currency\n"
ONE = RATES + "acme,blue,2026-01-01,2026-07-01,21.50,EUR\n"


def loaded(path: Path, text: str | bytes, name: str = "cost_rates.csv") -> list[Row]:
    file = path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    (rows,) = rows_of(read([file])).values()
    return rows


def test_a_rate_is_typed_and_open_where_no_day_is_given(tmp_path: Path) -> None:
    (row,) = loaded(tmp_path, RATES + "acme,,2026-01-01,,21.5,EUR\n")
    begins = date(2026, 1, 1)
    assert row == ("acme", "", "", "", "", begins, OPEN_END, Decimal("21.5"), "EUR")


def test_a_file_as_spreadsheets_write_it_is_read(tmp_path: Path) -> None:
    text = '\ufeff"org","cost_per_hour","currency"\r\n"acme",21.5,"EUR"\r\n\r\n'
    assert len(loaded(tmp_path, text)) == 1


def test_rows_that_follow_each_other_are_history(tmp_path: Path) -> None:
    rows = loaded(tmp_path, ONE + "acme,blue,2026-07-01,,23,EUR\nacme,red,2026-03-01,,9,EUR\n")
    assert [row[5] for row in rows] == [date(2026, 1, 1), date(2026, 7, 1), date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ONE + "acme,blue,2026-01-01,2026-07-01,21.50,EUR\n", "3: team: the row of"),
        (ONE + "acme,blue,2026-06-30,,22,EUR\n", "3: valid_from: 2026-06-30 lies before the end"),
        (RATES + "acme,,2026-07-01,2026-01-01,9,EUR\n", "2: valid_to: 2026-01-01 is not after"),
        (RATES + "acme,,2026-07-01,2026-07-01,9,EUR\n", "2: valid_to: 2026-07-01 is not after"),
        (RATES + "acme,,01.07.2026,,9,EUR\n", "2: valid_from: '01.07.2026' is no date"),
        (RATES + "acme,,2026-02-30,,9,EUR\n", "2: valid_from: '2026-02-30' is no date"),
        (RATES + "acme,,,,9.99999,EUR\n", "2: cost_per_hour: '9.99999' is no amount"),
        (RATES + "acme,,,,-9,EUR\n", "2: cost_per_hour: '-9' is no amount"),
        (RATES + "acme,,,,9,Euro\n", "2: currency: 'Euro' is no currency"),
        (RATES + ",,,,9,EUR\n", "2: org: is missing"),
        (RATES + "acme,,,,9\n", "2: has 5 fields, the first line has 6"),
        (RATES + 'acme,"blue"x,,,9,EUR\n', "2: the quotes are wrong"),
        (RATES + 'acme,"blue,,,9,EUR\n', "2: the quotes are wrong"),
        (RATES + "acme,“blue”,,,9,EUR\n", "2: team: stands in “ and ”"),
        (ONE + RATES.replace("org", "\ufefforg"), "3: org: holds a control character or a byte"),
        ("org,lane,cost_per_hour,currency\nacme,a,9,EUR\n", "2: lane: cost_rates has no such"),
        ("org,org,cost_per_hour,currency\nacme,a,9,EUR\n", "1: org: the column is there twice"),
        (RATES.replace(",", ";") + "acme;;;;9;EUR\n", "1: the columns are not separated by"),
        (RATES.encode("utf-16"), "1: is UTF-16"),
        (RATES.encode() + b"acme,M\xfcnchen,,,9,EUR\n", "2: is not UTF-8"),
        ("", "1: holds no rows"),
        (RATES, "1: holds no rows"),
    ],
)
def test_a_bad_file_is_told_with_its_line_and_field(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    with pytest.raises(DimensionsRefused) as refused:
        loaded(tmp_path, text)
    faults = [str(fault) for fault in refused.value.faults]
    assert any(fault.startswith(f"{tmp_path}/cost_rates.csv:{told}") for fault in faults), faults


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lanes: []", "1: 'lanes' is no dimension"),
        ("teams: [{org: a, team: b, team: c}]", "1: team: is given twice"),
        ("teams:\n  - {org: a}\n", "2: team: is missing"),
        ("teams:\n  - a\n", "2: must be `name: value` pairs"),
        ("teams: {a: b", "1: not YAML"),
        ("sites: {manila: {zone: Asia/Atlantis}}", "1: zone: there is no time zone"),
        ("targets: [{metric: yields, value: 1}]", "1: metric: no metric is called 'yields'"),
        ("targets: [{metric: throughput, value: 9%}]", "1: value: '9%' is no amount"),
        ("names: [{kind: annotator, org: a, id: b, name: c}]", "1: kind: 'annotator' is none of"),
    ],
)
def test_a_bad_yaml_is_told_with_its_line_and_field(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DimensionsRefused) as refused:
        loaded(tmp_path, text, "dims.yaml")
    faults = [str(fault) for fault in refused.value.faults]
    assert any(fault.startswith(f"{tmp_path}/dims.yaml:{told}") for fault in faults), faults


def test_all_files_are_checked_before_any_is_used(tmp_path: Path) -> None:
    (tmp_path / "teams.csv").write_text("org,team\nacme,blue\n")
    with pytest.raises(DimensionsRefused, match=r"lanes\.csv:1: can't be read"):
        read([tmp_path / "teams.csv", tmp_path / "lanes.csv"])


def test_rows_of_two_files_meet_in_one_table(tmp_path: Path) -> None:
    for name in ("cost_rates-a.csv", "cost_rates-b.csv"):
        (tmp_path / name).write_text(ONE)
    with pytest.raises(
        DimensionsRefused, match=r"cost_rates-b\.csv:2: team: the row of .*-a\.csv:2"
    ):
        rows_of(read([tmp_path / "cost_rates-a.csv", tmp_path / "cost_rates-b.csv"]))


def test_the_files_of_the_floor_can_be_loaded() -> None:
    deploy = Path(deploy_file).parent
    found = rows_of(read([deploy / "targets.yaml", deploy / "sites.yaml"]))
    assert found["targets"]
    assert all(row[1] for row in found["sites"])


def test_an_open_target_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    text = "targets:\n" + "".join(
        f"  - {{metric: first_pass_yield, value: {value}, valid_from: {day}}}\n"
        for value, day in (("80%", "2026-01-01"), ("85%", "2026-03-01"))
    )
    rows = loaded(tmp_path, text, "targets.yaml")
    assert [(row[-5], row[-4], row[-3]) for row in rows] == [
        (date(2026, 1, 1), date(2026, 3, 1), 0.8),
        (date(2026, 3, 1), OPEN_END, 0.85),
    ]
