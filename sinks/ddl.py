"""The rollups table as SQL, made from the measures, so that no column can be forgotten.

``python -m sinks.ddl`` prints the table for a new database. A measure that is added later needs
a new numbered migration; ``missing_columns`` says what goes into it, and a test asks.
"""

from collections.abc import Iterable

from schemas.measures import MEASURES
from sinks.rows import ROLLUP_KEY, measure_type

_KEY_COMMENTS = {
    "grouping": "By what the row is grouped: the name of a list of dimensions",
    "org": "Organisation",
    "source": "Platform that sent the events; part of an item identity",
    "project": "Project within organisation and source",
    "annotator": "Pseudonym of who did the work",
    "reviewer": "Pseudonym of who reviewed it",
    "label": "Label given or expected",
    "pane_start": "Start of the pane, event time",
    "pane_s": "Length of the pane in seconds: 60, or 900 for very late events",
}


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def measure_columns() -> list[tuple[str, str]]:
    """Each measure's column name and its definition, type and comment."""
    return [
        (measure.name, f"{measure_type(measure.kind)} COMMENT {quoted(measure.comment)}")
        for measure in MEASURES
    ]


def key_columns() -> list[tuple[str, str]]:
    """The same of the columns of the key."""
    return [
        (name, f"{kind} COMMENT {quoted(_KEY_COMMENTS.get(name, name.capitalize()))}")
        for name, kind in ROLLUP_KEY
    ]


def create_rollups() -> str:
    """``CREATE TABLE`` for the rollups; ``{db}`` stands for the database."""
    revision = ("revision", "UInt64 COMMENT 'Of rows with one key the largest revision is true'")
    emitted = (
        "emitted_at",
        "DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'",
    )
    columns = [*key_columns(), revision, *measure_columns(), emitted]
    body = ",\n".join(f"    {name} {definition}" for name, definition in columns)
    order = ", ".join(name for name, _ in ROLLUP_KEY)
    return (
        "CREATE TABLE IF NOT EXISTS {db}.rollups\n(\n"
        f"{body},\n"
        "    CONSTRAINT pane_has_a_length CHECK pane_s > 0\n"
        ")\n"
        "ENGINE = ReplacingMergeTree(revision)\n"
        "PARTITION BY toYYYYMM(pane_start)\n"
        f"ORDER BY ({order})\n"
        "TTL toDateTime(emitted_at) + INTERVAL 2 YEAR\n"
        "SETTINGS ttl_only_drop_parts = 1\n"
        "COMMENT 'Counts of one subject in one pane, restated whole; read with FINAL';\n"
    )


def missing_columns(existing: Iterable[str]) -> list[str]:
    """The statements that a database whose rollups have only ``existing`` still needs."""
    have = set(existing)
    return [
        f"ALTER TABLE {{db}}.rollups ADD COLUMN IF NOT EXISTS {name} {definition};"
        for name, definition in measure_columns()
        if name not in have
    ]


if __name__ == "__main__":
    print(create_rollups(), end="")
