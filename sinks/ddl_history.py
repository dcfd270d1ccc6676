"""What was told when, as SQL: each pane's last word of each minute, so that one can go back.

A materialized view feeds ``rollups_history`` from every insert into ``rollups``. Its rows are
absolute, like those: the key ends in the minute in which they were told, and of one key the
largest revision is true, so an insert that comes again, then or later, changes nothing that was
known before. ``python -m sinks.ddl_history`` prints both.
"""

from collections.abc import Iterable

from schemas.measures import MEASURES
from sinks import flows, views_arguments
from sinks.ddl import key_columns, measure_columns
from sinks.rows import ROLLUP_KEY

_TOLD = flows.told_at("emitted_at")
_KEY = ", ".join(name for name, _ in ROLLUP_KEY)


def _declared() -> str:
    told = ("told_at", "DateTime('UTC') COMMENT 'End of the minute in which it was stored'")
    revision = ("revision", "UInt64 COMMENT 'Revision of the row of rollups'")
    columns = [*key_columns(), told, revision, *measure_columns()]
    return ",\n".join(f"    {name} {definition}" for name, definition in columns)


def create_history() -> str:
    """``CREATE TABLE`` for the history; ``{db}`` stands for the database."""
    return (
        f"CREATE TABLE IF NOT EXISTS {{db}}.rollups_history\n(\n{_declared()}\n)\n"
        "ENGINE = ReplacingMergeTree(revision)\n"
        "PARTITION BY toYYYYMM(pane_start)\n"
        f"ORDER BY ({_KEY}, told_at)\n"
        f"TTL told_at + INTERVAL {views_arguments.KEPT_YEARS} YEAR\n"
        "SETTINGS ttl_only_drop_parts = 1\n"
        "COMMENT 'What rollups said at the end of each minute in which a pane was told anew';\n"
    )


def selected() -> str:
    """The rows of the history that rows of ``rollups`` become."""
    names = ", ".join(measure.name for measure in MEASURES)
    return f"SELECT {_KEY}, {_TOLD} AS told_at, revision, {names} FROM {{db}}.rollups"


def create_feed() -> str:
    """The materialized view, and the rows that were there before it."""
    return (
        "CREATE MATERIALIZED VIEW IF NOT EXISTS {db}.rollups_history_feed "
        f"TO {{db}}.rollups_history\n(\n{_declared()}\n)\nAS {selected()};\n\n"
        "ALTER TABLE {db}.rollups_history_feed MODIFY COMMENT "
        "'Puts every row that is stored in rollups into rollups_history';\n\n"
        f"INSERT INTO {{db}}.rollups_history\n{selected()} FINAL\n"
        "SETTINGS max_partitions_per_insert_block = 1000;\n"
    )


def missing_columns(existing: Iterable[str]) -> list[str]:
    """What a database whose history has only ``existing`` still needs, the feed last."""
    have = set(existing)
    added = [
        f"ALTER TABLE {{db}}.rollups_history ADD COLUMN IF NOT EXISTS {name} {definition};"
        for name, definition in measure_columns()
        if name not in have
    ]
    feed = f"ALTER TABLE {{db}}.rollups_history_feed MODIFY QUERY {selected()};"
    return [*added, feed] if added else []


if __name__ == "__main__":
    print(create_history(), create_feed(), sep="\n", end="")
