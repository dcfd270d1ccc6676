"""People: the way to a pseudonym is the key's, the way back the directory's."""

from pathlib import Path

import pytest

from streams.settings import Settings
from tests.admin.conftest import Run

ROSTER = "id,name\n17,Ana Lim\n18,Bo Díaz\n"


@pytest.fixture(autouse=True)
def _schema(run: Run, floor: Settings) -> None:
    assert run("setup").code == 0


@pytest.fixture
def roster(tmp_path: Path) -> Path:
    """A roster as spreadsheets write it, with a byte order mark."""
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8-sig")
    return path


def test_a_loaded_person_is_found_by_the_pseudonym(run: Run, roster: Path) -> None:
    assert run("people", "load", "--org", "acme", "--source", "cvat", str(roster)).code == 0
    pseudonym = run("people", "hash", "--org", "acme", "--source", "cvat", "18").out.strip()
    assert pseudonym.startswith("p_")
    assert "Bo Díaz" in run("people", "who", pseudonym).out


def test_an_unknown_pseudonym_names_the_remedy(run: Run) -> None:
    ran = run("people", "who", "p_nobody")
    assert ran.code == 1
    assert "people load" in ran.err


def test_a_roster_without_names_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("id\n17\n")
    ran = run("people", "load", "--org", "acme", "--source", "cvat", str(path))
    assert ran.code == 1
    assert "columns id and name" in ran.err
