"""Rows that outlived their topics: a space does not begin on top of them."""

from streams import settings, setup
from streams.spaces import Names
from tests.admin.conftest import Run


def test_a_space_does_not_begin_on_rows_whose_topics_are_gone(space: str, run: Run) -> None:
    database = Names(space).database
    connections = settings.read(space).connections
    setup.migrate(connections, database)
    client = setup.connect_clickhouse(connections)
    try:
        client.command(
            f"INSERT INTO {database}.items (org, source, project, item_id, revision) "
            "VALUES ('acme', 'cvat', 'p', 'i', 7)"
        )
        refused = run("setup", "--space", space)
        assert refused.code == 1
        assert f"{database}.items has rows of a space {space} whose topics are gone" in refused.err
        assert f"watchfloor space drop {space}" in refused.err
        assert space not in run("space", "ls").out.split()
        client.command(f"TRUNCATE TABLE {database}.items")
        assert run("setup", "--space", space).code == 0
        client.command(
            f"INSERT INTO {database}.items (org, source, project, item_id, revision) "
            "VALUES ('acme', 'cvat', 'p', 'i', 7)"
        )
        assert run("setup", "--space", space).code == 0
    finally:
        client.close()
