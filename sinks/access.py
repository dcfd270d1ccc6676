"""Who may read what in ClickHouse: numbered files with placeholders, filled for a database.

``{db}`` is the database; a statement with ``{table}`` is repeated for each there is, one with
``{view}`` for each view that is not for those who may know people only. ``{whole_view}`` are those
that look past the rows their reader may see: who may see one project only gets none of them.
``{open_columns}`` are a table's columns that name no person, ``{open_rows}`` its rows that are
about none; ``{project_rows}`` are those of one project, ``{role}`` is that project's role.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from schemas.groupings import PERSONS
from sinks.ddl import quoted
from sinks.migrations import Migration
from sinks.questions.people import RESTRICTED

#: Columns that say who somebody is, in whatever table.
PEOPLE_COLUMNS = frozenset({*PERSONS, "person", "person_id"})
#: Tables that are for those who may know people, or for nobody who reads.
_CLOSED = frozenset({"people_directory", "schema_migrations"})
#: Views with a definer, and one that asks such a view: they tell of all projects, and of nobody.
_WHOLE = frozenset(
    {"agreement", "group_sizes", "hard_items", "label_confusions", "metric_values_shared"}
)
_PROJECT_FILE = 7
_FILE = re.compile(r"(\d{3})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view, and its columns."""

    name: str
    columns: tuple[str, ...]
    is_view: bool = False

    @property
    def _people(self) -> list[str]:
        return [name for name in PERSONS if name in self.columns]

    @property
    def _by_row(self) -> bool:
        """Whether persons are in rows of their own, as in the rollups."""
        return "grouping" in self.columns and bool(self._people)

    @property
    def open_columns(self) -> str:
        """The columns that name no person, or are empty in the rows that may be read."""
        hidden = PEOPLE_COLUMNS - {*PERSONS} if self._by_row else PEOPLE_COLUMNS
        if "person" in self.columns:
            hidden |= {"note"}  # What somebody said may say who said it.
        return ", ".join(f"`{name}`" for name in self.columns if name not in hidden)

    @property
    def open_rows(self) -> str:
        """Which rows are about nobody."""
        if self._by_row:
            return " AND ".join(f"{name} = ''" for name in self._people)
        if "labels" in self.columns and "fingerprint" in self.columns:
            return "labels['annotator'] = '' AND labels['reviewer'] = ''"
        return "1"

    def project_rows(self, org: str, project: str) -> str:
        """Which of these rows are of one project; of dimensions also what holds for any."""
        conditions = [] if self.open_rows == "1" else [self.open_rows]
        found = [("org", org), ("project", project)]
        if "labels['annotator']" in self.open_rows:
            conditions += [f"labels['{name}'] = {quoted(value)}" for name, value in found]
        elif self.name.startswith("dim_"):
            conditions += [
                f"{name} IN ('', {quoted(value)})" for name, value in found if name in self.columns
            ]
        elif "org" in self.columns and "project" in self.columns:
            conditions += [f"{name} = {quoted(value)}" for name, value in found]
        else:
            return "0"
        return " AND ".join(conditions) or "1"


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose users see nothing else."""

    org: str
    project: str

    @property
    def role(self) -> str:
        """The name of its role."""
        return "ops_project_" + re.sub(r"\W+", "_", f"{self.org}_{self.project}").lower()


def load() -> list[Migration]:
    """The files, in order of their numbers."""
    found = []
    for entry in (files("deploy") / "clickhouse" / "access").iterdir():
        match = _FILE.fullmatch(entry.name)
        if match:
            text = entry.read_text(encoding="utf-8").replace("\r\n", "\n")
            found.append(Migration(int(match[1]), match[2], text))
    return sorted(found, key=lambda file: file.number)


def tables(client: Client, database: str) -> list[Table]:
    """The tables and views that readers may be told of."""
    given = {"db": database}
    engines = client.query(
        "SELECT name, engine FROM system.tables WHERE database = {db:String} ORDER BY name",
        parameters=given,
    ).result_rows
    columns: dict[str, list[str]] = {}
    # Views that take parameters have none here.
    for table, column in client.query(
        "SELECT table, name FROM system.columns WHERE database = {db:String} ORDER BY position",
        parameters=given,
    ).result_rows:
        columns.setdefault(table, []).append(column)
    return [
        Table(name, tuple(columns.get(name, ())), engine == "View")
        for name, engine in engines
        if engine != "Dictionary" and name not in _CLOSED
    ]


def statements(
    database: str, known: Sequence[Table], projects: Iterable[Project] = ()
) -> Iterator[str]:
    """Everything to run on a server, in order; each statement can be run again."""
    chosen = list(projects)
    for file in load():
        if file.number != _PROJECT_FILE:
            yield from _filled(file, database, known, None)
            continue
        for project in chosen:
            yield from _filled(file, database, known, project)


def _filled(
    file: Migration, database: str, known: Sequence[Table], project: Project | None
) -> Iterator[str]:
    views = {it.name for it in known if it.is_view}
    for statement in file.statements(database):
        of_role = statement.replace("{role}", project.role) if project else statement
        if "{view}" in of_role:
            closed = RESTRICTED | _WHOLE if project else RESTRICTED
            yield from _of_views(of_role, "{view}", views - closed)
        elif "{whole_view}" in of_role:
            yield from _of_views(of_role, "{whole_view}", views & _WHOLE)
        elif "{table}" in of_role:
            yield from (_of_table(of_role, it, project) for it in known if not it.is_view)
        else:
            yield of_role


def _of_views(statement: str, placeholder: str, names: Iterable[str]) -> Iterator[str]:
    yield from (statement.replace(placeholder, name) for name in sorted(names))


def _of_table(statement: str, table: Table, project: Project | None) -> str:
    filled = statement.replace("{open_columns}", table.open_columns)
    filled = filled.replace("{open_rows}", table.open_rows)
    if project is not None:
        rows = table.project_rows(project.org, project.project)
        filled = filled.replace("{project_rows}", rows)
    return filled.replace("{table}", table.name)
