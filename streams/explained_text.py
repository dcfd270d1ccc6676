"""An explanation as people read it on one screen, and as JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import msgspec

from schemas.groupings import SEPARATOR
from schemas.rows import ItemRow, SlaRow
from streams.core.forgotten import shown
from streams.core.moments import DETAILS, HEARTBEAT, Moment
from streams.explained import Explanation
from streams.explaining import Count, Part, event_type
from streams.item_state import Place

Cells = tuple[object, ...]
Table = tuple[tuple[str, ...], list[Cells]]


def iso(t_ms: int | None) -> str | None:
    """UTC ms as ISO 8601 with ``Z``; whole seconds are written without their ms."""
    if t_ms is None:
        return None
    text = datetime.fromtimestamp(t_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def lasting(ms: int) -> str:
    """A duration as people say it: ``1 h 02 min``, ``3 min 20 s``, ``45 s``."""
    sign, seconds = ("-" if ms < 0 else ""), abs(ms) // 1000
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{sign}{hours} h {minutes % 60:02d} min"
    return f"{sign}{minutes} min {seconds % 60:02d} s" if minutes else f"{sign}{seconds} s"


def title(found: Explanation) -> str:
    """Which item it is."""
    org, source, project, item_id = found.key.split(SEPARATOR, 3)
    return f"item {item_id}: org {org}, source {source}, project {project}"


def row_lines(found: Explanation) -> Iterator[tuple[str, str]]:
    """The row's fields that say something."""
    if found.row is None:
        return
    for name, value in _row(found.row).items():
        if name in ("org", "source", "project", "item_id") or value in (None, "", ()):
            continue
        if name in ("handle_ms", "active_ms"):
            yield name.removesuffix("_ms"), lasting(value)
        elif name.endswith("_ms"):
            yield name.removesuffix("_ms"), str(iso(value))
        else:
            yield name, ", ".join(value) if isinstance(value, tuple) else str(value)


def _row(row: ItemRow) -> dict[str, Any]:
    """Its fields, but for its parts: the panes tell the same, people included."""
    return {name: it for name, it in msgspec.structs.asdict(row).items() if name != "parts"}


def events(found: Explanation) -> Table:
    """The item's events in order; ``came`` is how long after the event its record was written.

    Heartbeats in a row share a line, which says what the first of them does.
    """
    if found.known is None:
        return (), []
    places = found.known.found
    asked = ("source's id", "lies at") if places else ()
    titles = ("at", "came", "event", "who", "queue", "team", "says", "id", *asked)
    rows: list[Cells] = []
    for _, beats in groupby(enumerate(found.known.moments), key=_run):
        (_, moment), *more = beats
        says = ", ".join(f"{name}={value}" for name, value in _details(moment).items())
        rows.append(
            (
                iso(moment.t_ms),
                f"+{lasting(moment.record_ms - moment.t_ms)}",
                event_type(moment) + (f", and {len(more)} more" if more else ""),
                _who(moment),
                moment.queue,
                moment.team,
                says or None,
                f"{moment.id:016x}",
                *(_place(places.get(moment.id)) if places else ()),
            )
        )
    return titles, rows


def _run(numbered: tuple[int, Moment]) -> tuple[object, ...]:
    """What is one line: heartbeats that follow one another, and every other event by itself."""
    number, moment = numbered
    return (moment.actor,) if moment.code == HEARTBEAT else (number,)


def _place(place: Place | None) -> Cells:
    if place is None:
        return None, "gone from the topic"
    return place.event_id, f"{place.topic}/{place.partition}@{place.offset}"


def labels(found: Explanation) -> Table:
    """Labels that were given to the item or its units."""
    return ("at", "label", "kind", "who", "unit"), [
        (iso(each.occurred_ms), each.label, each.kind, each.annotator, each.unit_id)
        for each in found.labels
    ]


def _details(moment: Moment) -> dict[str, Any]:
    names = (*DETAILS.get(moment.code, ()), "assignment")
    given = zip(names, (*moment.details, moment.assignment), strict=False)
    return {
        name: shown(value) if isinstance(value, str) else value
        for name, value in given
        if value is not None
    }


def _who(moment: Moment) -> str | None:
    """The person's pseudonym; nothing of somebody who was forgotten."""
    return shown(moment.actor or "") or None


def clocks(found: Explanation) -> Table:
    """Every step that was told, in the order in which it was, and whether it still holds."""
    titles = ("policy", "cycle", "step", "holds", "at", "told", "deadline", "ran", "cause", "where")
    return titles, [
        (
            f"{step.policy} v{step.version}",
            step.cycle,
            step.kind,
            "yes" if step.holds else "no, taken back",
            iso(step.at_ms),
            f"+{lasting(step.told_ms - step.at_ms)}" + ("*" if step.restated_ms else ""),
            iso(step.deadline_ms),
            f"{lasting(step.elapsed_ms)} of {lasting(step.target_ms)}",
            step.cause + (f" {step.event_id}" if step.event_id else ""),
            "/".join(filter(None, (step.queue, step.team))) or None,
        )
        for step in found.clocks
    ]


def burned(found: Explanation) -> list[str]:
    """Whose the time was, for each breach and end that has it and holds."""
    return [_burned(step) for step in found.clocks if step.burned and step.holds]


def _burned(step: SlaRow) -> str:
    spent = (
        f"{lasting(ms)} {state or 'unopened'} in {queue or 'no queue'}"
        + (f" with {team}" if team else "")
        for state, queue, team, ms in step.burned
    )
    return f"{step.policy} cycle {step.cycle}, {step.kind}: {'; '.join(spent)}"


def panes(found: Explanation) -> Iterator[tuple[str, str, str]]:
    """(start and length, counts, subjects): subjects with the same counts share a line."""
    for (start_ms, size_s), of_pane in groupby(
        found.panes, key=lambda part: (part.pane_start_ms, part.pane_s)
    ):
        alike: dict[str, list[str]] = {}
        for part in of_pane:
            counts = ", ".join(_counted(count) for count in part.counts)
            alike.setdefault(counts, []).append(_subject(part))
        for counts, subjects in alike.items():
            yield f"{iso(start_ms)} {size_s // 60} min", counts, "; ".join(subjects)


def _counted(count: Count) -> str:
    if count.bin_ms is not None:
        return f"{count.n:+d} {count.measure}[{lasting(round(count.bin_ms))}]"
    if count.measure.endswith("_ms"):
        return f"{'+' if count.n >= 0 else ''}{lasting(count.n)} {count.measure[:-3]}"
    return f"{count.n:+d} {count.measure}"


def _subject(part: Part) -> str:
    values = "/".join(value or "-" for value in part.dims.values())
    return f"{part.grouping} {values}".strip()


def as_json(found: Explanation) -> dict[str, Any]:
    """All of it; times are UTC ms."""
    org, source, project, item_id = found.key.split(SEPARATOR, 3)
    known = found.known
    return {
        "item": {"org": org, "source": source, "project": project, "item_id": item_id},
        "notes": found.notes,
        "row": None if found.row is None else _row(found.row),
        "events": [] if known is None else [_event(each, known.found) for each in known.moments],
        "refused": [msgspec.structs.asdict(each.to_row()) for each in found.refused],
        "labels": [msgspec.structs.asdict(each) for each in found.labels],
        "clocks": [msgspec.structs.asdict(each) for each in found.clocks],
        "panes": [
            {
                "grouping": part.grouping,
                "dims": part.dims,
                "pane_start_ms": part.pane_start_ms,
                "pane_s": part.pane_s,
                "counts": [
                    {"measure": each.measure, "n": each.n, "bin_ms": each.bin_ms}
                    for each in part.counts
                ],
            }
            for part in found.panes
        ],
    }


def _event(moment: Moment, places: dict[int, Place]) -> dict[str, Any]:
    place = places.get(moment.id)
    return {
        "at_ms": moment.t_ms,
        "record_ms": moment.record_ms,
        "event_type": event_type(moment),
        "id": f"{moment.id:016x}",
        "actor": _who(moment),
        "queue": moment.queue,
        "team": moment.team,
        "site": moment.site,
        **_details(moment),
        "source_event_id": place and place.event_id,
        "topic": place and place.topic,
        "partition": place and place.partition,
        "offset": place and place.offset,
    }
