"""What the doctor finds wrong with ClickHouse's tables and with the people key."""

import os
import secrets
from pathlib import Path

import pytest

from streams import doctor, settings
from streams.refusals import Refusal
from streams.settings import Settings
from streams.setup import connect_clickhouse
from streams.spaces import Names
from tests.admin.conftest import Run
from tests.admin.seeing import the


def _sql(floor: Settings, statement: str) -> None:
    client = connect_clickhouse(floor.connections)
    client.command(statement)
    client.close()


def test_a_missing_schema_is_found_and_stops_only_who_needs_it(floor: Settings) -> None:
    found = the(doctor.examine(floor), "clickhouse")
    assert "has no schema" in found.says
    assert "watchfloor setup" in (found.remedy or "")
    with pytest.raises(Refusal, match="has no schema"):
        doctor.preflight(floor, "deliver-clickhouse")
    doctor.preflight(floor, "floor")


def test_a_schema_that_lacks_a_migration_names_it(whole_floor: Settings, names: Names) -> None:
    _sql(whole_floor, f"TRUNCATE TABLE {names.database}.schema_migrations")
    found = the(doctor.examine(whole_floor), "clickhouse")
    assert "001_functions" in found.says
    assert "watchfloor setup" in (found.remedy or "")


def test_a_schema_of_another_version_is_not_touched(
    whole_floor: Settings, names: Names, run: Run
) -> None:
    _sql(
        whole_floor,
        f"INSERT INTO {names.database}.schema_migrations (number, name, checksum, applied_at) "
        f"VALUES (1, 'functions', '{'f' * 64}', now64(3) + 10)",
    )
    found = the(doctor.examine(whole_floor), "clickhouse")
    assert "migration 1" in found.says
    assert "version" in (found.remedy or "")
    refused = run("setup", "--space", whole_floor.space.space)
    assert (refused.code, "migration 1" in refused.err) == (1, True)


def test_another_people_key_is_refused_before_anybody_becomes_a_new_person(
    floor: Settings, connected: pytest.MonkeyPatch, run: Run
) -> None:
    with connected.context() as during:
        during.setenv("WATCHFLOOR_PEOPLE_KEY", secrets.token_hex(32))
        found = settings.read(floor.space.space)
        assert "another people key" in the(doctor.examine(found), "people").says
        with pytest.raises(Refusal, match="another people key"):
            doctor.preflight(found, "floor")
        assert run("setup", "--space", floor.space.space).code == 1


def test_a_people_key_that_others_can_read_is_a_warning(
    floor: Settings, connected: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(os.environ["WATCHFLOOR_PEOPLE_KEY"])
    file.chmod(0o644)
    with connected.context() as during:
        during.delenv("WATCHFLOOR_PEOPLE_KEY")
        during.setenv("WATCHFLOOR_PEOPLE_KEY_FILE", str(file))
        found = the(doctor.examine(settings.read(floor.space.space)), "people")
    assert (found.severity, found.remedy) == ("warning", f"chmod 600 {file}")
