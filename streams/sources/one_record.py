"""The events of one record that came alone: a webhook's body, a message of somebody's topic."""

from pydantic_core import from_json

from streams.sources.elements import cells_of
from streams.sources.mapping import Mapping
from streams.sources.memory import HeldMemory, Memory
from streams.sources.records import EventDict, RejectReason, RowRefused
from streams.sources.rows import RowMapper
from streams.sources.tables import Row, with_json_cells


class RecordMapper:
    """Applies a mapping to records one by one.

    The same record gives the same events with the same ids whenever it comes, as long as
    ``memory`` holds what it held: keep that for as long as records may come again. What the
    mapping remembers is in ``memory`` when ``events_of`` returns; store the events first.
    """

    def __init__(self, mapping: Mapping, memory: Memory | None = None) -> None:
        self._mapping = mapping
        self._mapper = RowMapper(mapping, "", {}, memory or HeldMemory())

    def events_of(
        self, record: dict[str, object], received_ms: int
    ) -> list[EventDict] | RowRefused:
        """All events of the record, or why it has none; ``[]`` where the mapping ignores it.

        ``received_ms`` (UTC) is when the record came in; it must be the same when the same
        delivery is read again. Never raises for what a record holds.
        """
        try:
            row = Row(cells_of(record), 0, 0, record)
        except RowRefused as refusal:
            return refusal
        if self._mapping.json_columns:
            found = with_json_cells(row, sorted(self._mapping.json_columns), "")
            if not isinstance(found, Row):
                return RowRefused(found.field, found.reason, found.message)
            row = found
        return self._mapper.map(row, None, received_ms)

    def events_of_bytes(
        self, value: bytes | None, received_ms: int
    ) -> list[EventDict] | RowRefused:
        """The same of a record's bytes: one JSON object."""
        try:
            record = from_json(value or b"", allow_inf_nan=False)
        except ValueError:
            return RowRefused("", RejectReason.NOT_JSON, "is not JSON")
        if not isinstance(record, dict):
            return RowRefused("", RejectReason.NOT_JSON, "is not a JSON object")
        return self.events_of(record, received_ms)
