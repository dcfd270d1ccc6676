"""Maps one row to its events, all of them or none."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson
from pydantic import ValidationError

from schemas.events import DICT_UNION
from streams.sources.elements import elements_of
from streams.sources.mapping import EventSpec, Mapping, Value
from streams.sources.memory import HeldMemory, Memory
from streams.sources.records import EventDict, Reject, RejectReason, RowRefused
from streams.sources.remembering import Told, remember
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
    """Applies a mapping to rows of one file; only ``memory`` is kept from one row to the next."""

    def __init__(
        self,
        mapping: Mapping,
        identity: str,
        options: ObservedOptions,
        memory: Memory | None = None,
    ) -> None:
        self._mapping = mapping
        self._ids_as = mapping.ids_as or mapping.id
        self._identity = identity
        self._options = options
        self._memory = memory or HeldMemory()
        self._scopes = ScopePlan(mapping)
        self._events = tuple(_planned(mapping, spec) for spec in mapping.events)
        overs = [spec.over for spec in mapping.events]
        overs += [memo.over for memos in mapping.memory.values() for memo in memos]
        self._overs = tuple(dict.fromkeys(over for over in overs if over is not None))
        self._group = compile_value(mapping.options.by, "by") if mapping.options else None

    def map(
        self, row: Row, clock_ms: int | None, received_ms: int | None = None
    ) -> list[EventDict] | RowRefused:
        """Returns the row's events in the mapping's order; else why there are none.

        No events and no refusal mean that the mapping says to ignore such rows.
        """
        whole = Scope(self._scopes, row, self._identity, clock_ms)
        whole.received_ms = received_ms
        try:
            self._refuse_other_texts(whole)
            if any(whole.holds(conditions) for conditions in self._mapping.ignore):
                return []
            told, scopes = self._opened(whole)
            events = [
                event
                for plan in self._events
                for scope in scopes[plan.spec.over]
                for event in self._events_of(plan, scope)
            ]
            if not events and not any(whole.holds(each) for each in self._mapping.may_be_empty):
                return self._nothing_yielded(whole)
        except RowRefused as refusal:
            return refusal
        for each in told:
            self._memory.put(each.name, each.remembered)
        return events

    def _refuse_other_texts(self, scope: Scope) -> None:
        for column, texts in self._mapping.allowed.items():
            if scope.cell(column) not in texts:
                raise RowRefused(
                    column,
                    RejectReason.VALUE_UNKNOWN,
                    "is not one of the mapping's allowed values",
                )

    def _opened(self, whole: Scope) -> tuple[list[Told], dict[str | None, list[Scope]]]:
        """The record's scope and those of its elements, with what is remembered of them."""
        told = remember(self._mapping, None, whole, self._memory)
        scopes: dict[str | None, list[Scope]] = {None: [whole]}
        for over in self._overs:
            scopes[over] = []
            for element in elements_of(whole.row.value, over):
                row = replace(whole.row, cells={**whole.cells, **element.cells})
                scope = Scope(self._scopes, row, self._identity, whole.clock_ms)
                scope.received_ms, scope.place = whole.received_ms, element.place
                told += remember(self._mapping, over, scope, self._memory)
                scopes[over].append(scope)
        return told, scopes

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
            "received_at": received[0] if received else scope.received_ms or at_ms,
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
            return hash_of(self._ids_as, spec.name, text)
        if spec.identity == "row":
            row = (scope.row_id(), scope.each or "", *scope.place)
            return hash_of(self._ids_as, spec.name, *row)
        named = [scope.cell(column) for column in spec.identity]
        if not any(named):
            raise RowRefused(
                spec.identity[0], RejectReason.FIELD_MISSING, f"{spec.type} is named by it"
            )
        return hash_of(self._ids_as, spec.name, *named, scope.each or "")

    def _column_of_time(self, name: str) -> str:
        sources = self._mapping.times[name]
        columns = [source.column for source in sources if source.column]
        return columns[0] if columns else name

    def _nothing_yielded(self, scope: Scope) -> RowRefused:
        for plan in self._events:
            if scope.holds(plan.spec.when) and scope.moment(plan.spec.at) is None:
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
