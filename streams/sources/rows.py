"""Maps one row to its events, all of them or none."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from pydantic import ValidationError

from schemas.events import DICT_UNION
from streams.sources.mapping import EventSpec, Mapping, Value
from streams.sources.records import EventDict, Reject, RejectReason, RowRefused
from streams.sources.scopes import Scope, ScopePlan, hash_of
from streams.sources.tables import Row
from streams.sources.values import Reader, compile_value

SCHEMA_VERSION = "1.0"
ObservedOptions = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _EventPlan:
    spec: EventSpec
    fields: tuple[tuple[str, Reader], ...]
    columns: dict[str, str]
    takes_options: bool


class RowMapper:
    """Applies a mapping to rows of one file; keeps nothing from one row to the next."""

    def __init__(self, mapping: Mapping, identity: str, options: ObservedOptions) -> None:
        self._mapping = mapping
        self._identity = identity
        self._options = options
        self._scopes = ScopePlan(mapping)
        self._events = tuple(_planned(mapping, spec) for spec in mapping.events)
        self._group = compile_value(mapping.options.by, "by") if mapping.options else None

    def map(self, row: Row, clock_ms: int | None) -> list[EventDict] | RowRefused:
        """Returns the row's events in the mapping's order; at least one, else why none."""
        scope = Scope(self._scopes, row, self._identity, clock_ms)
        try:
            for column, texts in self._mapping.allowed.items():
                if scope.cell(column) not in texts:
                    raise RowRefused(
                        column,
                        RejectReason.VALUE_UNKNOWN,
                        "is not one of the mapping's allowed values",
                    )
            events = [event for plan in self._events for event in self._events_of(plan, scope)]
        except RowRefused as refusal:
            return refusal
        return events or self._nothing_yielded(scope)

    def options_group(self, row: Row) -> tuple[str | None, set[str]]:
        """The group whose options this row's answers belong to, and these answers."""
        options = self._mapping.options
        assert options is not None
        assert self._group is not None
        scope = Scope(self._scopes, row, self._identity, None)
        try:
            group = self._group(scope)
            labels = {label for name in options.observed for label in scope.answers(name)}
        except RowRefused:
            return None, set()
        return (None if group is None else str(group)), labels

    def _events_of(self, plan: _EventPlan, scope: Scope) -> Iterator[EventDict]:
        spec = plan.spec
        if spec.when and not scope.holds(spec.when):
            return
        moment = scope.moment(spec.at)
        if moment is None:
            if spec.required_when is not None and scope.holds(spec.required_when):
                raise RowRefused(
                    self._column_of_time(spec.at),
                    RejectReason.TIME_MISSING,
                    f"{spec.type} has no time",
                )
            return
        for label in (None,) if spec.each is None else scope.answers(spec.each):
            scope.each = label
            yield self._event(plan, scope, moment[0], moment[1])
        scope.each = None

    def _event(self, plan: _EventPlan, scope: Scope, at_ms: int, quality: str) -> EventDict:
        spec = plan.spec
        received = scope.moment(spec.received) if spec.received else None
        event: EventDict = {
            "event_id": "",
            "event_type": spec.type,
            "schema_version": SCHEMA_VERSION,
            "occurred_at": at_ms,
            "received_at": at_ms if received is None else received[0],
        }
        if quality != "exact":
            event["occurred_at_quality"] = quality
        for field, reader in plan.fields:
            value = reader(scope)
            if value is not None:
                event[field] = value
        if plan.takes_options and self._group is not None:
            options = self._options.get(str(self._group(scope)))
            if options is not None:
                event["options"] = list(options)
        event["event_id"] = self._event_id(spec, scope, event)
        _refuse_outside_contract(event, plan.columns)
        return event

    def _event_id(self, spec: EventSpec, scope: Scope, event: EventDict) -> str:
        if spec.identity == "content":
            content = {k: v for k, v in event.items() if k != "received_at"}
            text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()
            return hash_of(self._mapping.id, spec.name, text)
        return hash_of(self._mapping.id, spec.name, scope.row_id(), scope.each or "")

    def _column_of_time(self, name: str) -> str:
        sources = self._mapping.times[name]
        columns = [source.column for source in sources if source.column]
        return columns[0] if columns else name

    def _nothing_yielded(self, scope: Scope) -> RowRefused:
        for plan in self._events:
            if scope.moment(plan.spec.at) is None:
                column = self._column_of_time(plan.spec.at)
                return RowRefused(
                    column,
                    RejectReason.TIME_MISSING,
                    "no event of this row has a time; give the log a clock",
                )
        return RowRefused("", RejectReason.NO_EVENT, "no event's conditions are met by this row")


def _planned(mapping: Mapping, spec: EventSpec) -> _EventPlan:
    specs: dict[str, Value] = {**mapping.fields, **spec.fields}
    fields = tuple((name, compile_value(value, name)) for name, value in specs.items())
    takes_options = mapping.options is not None and spec.type == "golden.answered"
    columns = {name: value.column for name, value in specs.items() if value.column}
    return _EventPlan(spec, fields, columns, takes_options)


def _refuse_outside_contract(event: EventDict, columns: dict[str, str]) -> None:
    """What the floor would refuse is refused here, where the row can still be named."""
    try:
        DICT_UNION.validate_python(event)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        field = next((str(step) for step in first["loc"][1:2]), "event_type")
        missing = first["type"] == "missing"
        reason = RejectReason.FIELD_MISSING if missing else RejectReason.VALUE_REFUSED
        message = f"{event['event_type']} needs it" if missing else first["msg"]
        raise RowRefused(columns.get(field, field), reason, message) from None


def reject_of(refusal: RowRefused, file: str, line: int) -> Reject:
    """The reject that tells where the refused row stands."""
    return Reject(file, line, refusal.field, refusal.reason, refusal.message)
