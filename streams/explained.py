"""Everything that is known of one item, put side by side, and what does not fit together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.codec import Decoder
from schemas.dead_letters import DeadLetter
from schemas.groupings import SEPARATOR
from schemas.rows import ItemRow, LabelRow, SlaRow
from sinks import item_rows
from sinks.item_rows import PaneKey
from streams import item_state
from streams.core.items import Item
from streams.core.ledger import sla_row
from streams.core.outputs import item_row
from streams.core.plan import Plan
from streams.explaining import Part, parts
from streams.item_state import Known, OnRead, Where
from streams.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which item: its id, and what of org, source and project was said."""

    item_id: str
    named: Mapping[str, str]

    def takes(self, key: str) -> bool:
        """Whether the key of an item fits what was said."""
        identity = dict(zip(("org", "source", "project"), key.split(SEPARATOR), strict=False))
        return all(identity[name] == value for name, value in self.named.items())


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look; ``also_topics``: read the source topics even when the state has the item."""

    where: Where
    client: Client
    database: str
    decoder: Decoder
    also_topics: bool = False


@dataclass(slots=True)
class Explanation:
    """One item: its row, events, labels, clocks and panes; ``notes`` say what to know of them."""

    key: str
    row: ItemRow | None
    known: Known | None
    labels: list[LabelRow]
    clocks: list[SlaRow]
    panes: list[Part] = field(default_factory=list)
    refused: list[DeadLetter] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def explain(sources: Sources, wanted: Wanted, on_read: OnRead) -> Explanation:
    """All about one item; Refusal when there is none, or when there are several of that id."""
    where, item_id = sources.where, wanted.item_id
    known = item_state.from_state(where, item_id, on_read)
    rows = {
        _key(row): item_rows.as_row(ItemRow, row)
        for row in item_rows.rows_of(sources.client, sources.database, "items", item_id)
    }
    told: dict[str, Known] = {}
    refused: list[DeadLetter] = []
    fitting = [key for key in known.keys() | rows.keys() if wanted.takes(key)]
    if sources.also_topics or any(key not in known for key in fitting) or not fitting:
        told, refused = item_state.from_topics(where, item_id, sources.decoder, on_read)
    key = _the_one(wanted, known.keys() | rows.keys() | told.keys())
    item = known.get(key) or told.get(key)
    if item is not None and key in told:
        item.found = told[key].found
    found = Explanation(key, rows.get(key), item, *_stored(sources, key, item), refused=refused)
    if item is not None:
        found.panes = parts(item, where.plan)
    found.notes += _notes(found, where)
    found.notes += _note_panes(sources, found.panes)
    return found


def _key(row: Mapping[str, Any]) -> str:
    return SEPARATOR.join(str(row[name]) for name in ("org", "source", "project", "item_id"))


def _the_one(wanted: Wanted, keys: set[str]) -> str:
    """The key that fits; Refusal when none or several do."""
    fitting = sorted(key for key in keys if wanted.takes(key))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        choices = "; ".join(_options(key) for key in fitting)
        raise Refusal(
            f"{len(fitting)} items have the id {wanted.item_id!r}", f"say which: {choices}"
        )
    if keys:
        choices = "; ".join(_options(key) for key in sorted(keys))
        raise Refusal(f"no item {wanted.item_id!r} is there", f"there is: {choices}")
    raise Refusal(
        f"nothing is known of an item {wanted.item_id!r}: no state, no row, no event in the topics",
        "look at the spelling and at --space; `watchfloor dlq ls` shows what was refused",
    )


def _options(key: str) -> str:
    org, source, project, _ = key.split(SEPARATOR, 3)
    return f"--org {org} --source {source} --project {project}"


def _stored(sources: Sources, key: str, item: Known | None) -> tuple[list[LabelRow], list[SlaRow]]:
    """Labels, and the clocks as the floor has them now, else as ClickHouse does."""
    org, source, project, item_id = key.split(SEPARATOR, 3)
    identity, client, database = (org, source, project), sources.client, sources.database
    labels = item_rows.rows_of(client, database, "labels", item_id, identity)
    if item is not None and item.is_state:
        clocks = sorted(item.entries, key=lambda entry: (entry.transition.policy, entry.seq))
        told = [sla_row(key, entry, 0) for entry in clocks]
    else:
        ledger = item_rows.rows_of(client, database, "sla_ledger", item_id, identity)
        told = [item_rows.as_row(SlaRow, row) for row in ledger]
    return [item_rows.as_row(LabelRow, row) for row in labels], told


def _notes(found: Explanation, where: Where) -> list[str]:
    """What of the item's events is missing, or not delivered yet."""
    notes = []
    item, row = found.known, found.row
    days = where.plan.retention_ms // 86_400_000
    kept = f"the floor lets go of an item {days} d after its last event once it is closed"
    if item is None:
        return [f"its events are gone ({kept}); row, labels and clocks are what is left"]
    if not item.is_state:
        notes.append(f"{kept}; these events are what the source topics still hold")
    events = len(item.moments)
    if row is None:
        notes.append("ClickHouse has no row of it: delivery is behind, or the row has expired")
    elif row.events > events:
        notes.append(f"{row.events - events} of its {row.events} events are gone")
    elif item.is_state and not _same(found.key, item, row, where.plan):
        notes.append("ClickHouse's row is older than the floor's state: delivery is behind")
    late_ms = where.plan.late_after_ms
    if any((step.restated_ms or step.told_ms) > step.at_ms + late_ms for step in found.clocks):
        notes.append(
            "steps of its clocks were told or changed over an hour after they happened: what they "
            "count for may lie in the quarter of an hour around the minute that is shown"
        )
    return notes


def _same(key: str, known: Known, row: ItemRow, plan: Plan) -> bool:
    """Whether ClickHouse has what the floor would say of the item now."""
    extra_count = len(known.moments[0].extras) if known.moments else 0
    return item_row(key, Item(extra_count, list(known.moments)), row.revision, plan) == row


def _note_panes(sources: Sources, panes: Sequence[Part]) -> list[str]:
    keys = [PaneKey(each.grouping, each.dims, each.pane_start_ms, each.pane_s) for each in panes]
    gone = item_rows.missing(sources.client, sources.database, keys)
    if not gone:
        return []
    return [f"ClickHouse lacks {len(gone)} of its {len(keys)} panes: not delivered yet, or expired"]
