"""What a flush of stage 1 sends once it is durable: chunks for stage 2, item and label rows."""

from collections.abc import Callable

from schemas.groupings import SEPARATOR
from schemas.rows import ItemRow, LabelRow, SlaRow, revision
from streams.core import moments, wire
from streams.core.flush import Flush
from streams.core.forgotten import is_mark, shown
from streams.core.items import Item
from streams.core.ledger import sla_row
from streams.core.moments import Moment
from streams.core.plan import Plan

_CLOSING = frozenset({moments.COMPLETED, moments.CANCELLED, moments.DELETED})


def chunks(
    flush: Flush, source_partition: int, epoch: int, targets: int, target_of: Callable[[str], int]
) -> list[wire.Chunk]:
    """One chunk for each of the ``targets`` partitions of stage 2, empty ones as marks."""
    meta = flush.meta
    found = [
        wire.Chunk(
            source_partition=source_partition,
            epoch=epoch,
            seq=flush.seq,
            watermark_ms=meta.watermark_ms,
            sealed_ms=meta.sealed_ms,
            first_seen_ms=meta.first_seen_ms,
            last_seen_ms=meta.last_seen_ms,
            panes=[],
            gauges={},
            dead_ms=meta.dead_ms,
        )
        for _ in range(targets)
    ]
    for pane in flush.panes:
        state = wire.PaneState(pane.subject, pane.start_ms, pane.size_ms, pane.tally)
        found[target_of(pane.subject)].panes.append(state)
    for subject, gauge in flush.gauges.items():
        found[target_of(subject)].gauges[subject] = gauge
    return found


def item_row(key: str, item: Item, written: int, plan: Plan) -> ItemRow:
    """One item as it stands."""
    org, source, project, item_id = key.split(SEPARATOR, 3)
    life = item.life
    return ItemRow(
        org=org,
        source=source,
        project=project,
        item_id=item_id,
        revision=written,
        state=life.state or "unopened",
        queue=life.queue,
        team=life.team,
        site=life.site,
        annotator=shown(life.annotator),
        reviewer=shown(life.reviewer),
        outcome=life.outcome,
        labels=life.labels,
        attempt=life.attempt,
        claims=life.claims,
        submissions=life.submissions,
        reviews=life.reviews,
        events=len(item.moments),
        created_ms=life.created_ms,
        queued_ms=life.queued_ms,
        first_claimed_ms=life.first_claimed_ms,
        last_claimed_ms=life.last_claimed_ms,
        started_ms=life.started_ms,
        submitted_ms=life.submitted_ms,
        reviewed_ms=life.reviewed_ms,
        completed_ms=life.completed_ms,
        due_ms=life.due_ms,
        handle_ms=life.handle_ms,
        active_ms=life.active_ms if life.active_known else None,
        parts=item.parts(plan),
    )


def label_rows(key: str, item: Item, written: int) -> list[LabelRow]:
    """The labels in an item's moments since its last flush."""
    org, source, project, item_id = key.split(SEPARATOR, 3)
    rows = []
    for moment in item.fresh:
        if is_mark(moment.actor):
            continue  # What somebody judged went with them.
        for unit_id, label, weight in _labels(moment):
            rows.append(
                LabelRow(
                    org=org,
                    source=source,
                    project=project,
                    item_id=item_id,
                    unit_id=unit_id or item_id,
                    annotator=moment.actor or "",
                    label=label,
                    occurred_ms=moment.t_ms,
                    event_id=f"{moment.id:016x}",
                    kind="submitted" if moment.code == moments.SUBMITTED else "recorded",
                    revision=written,
                    weight=weight,
                )
            )
    return rows


def _labels(moment: Moment) -> list[tuple[str | None, str, int]]:
    """(unit, label, weight in thousandths) of each label a moment gives."""
    if moment.code == moments.SUBMITTED:
        labels, unit_id = moment.details[2], moment.details[6]
        return [(unit_id, label, 1000) for label in dict.fromkeys(labels or ())]
    if moment.code == moments.LABELLED:
        unit_id, label, weight = moment.details
        return [(unit_id, label, 1000 if weight is None else round(weight * 1000))]
    return []


def sla_rows(flush: Flush, epoch: int) -> list[SlaRow]:
    """What a flush says about SLA clocks, in the order in which it was told."""
    written = revision(epoch, flush.seq)
    return [sla_row(key, entry, written) for key, entries in flush.sla for entry in entries]


def rows(flush: Flush, epoch: int) -> tuple[list[ItemRow], list[LabelRow]]:
    """Item and label rows of a flush; call once, before further events are applied."""
    written = revision(epoch, flush.seq)
    items, labels = [], []
    for key, item in flush.items:
        items.append(item_row(key, item, written, flush.plan))
        labels += label_rows(key, item, written)
        item.fresh = []
        if item.moments[-1].code in _CLOSING:
            # It seldom comes again, and its moments tell all of it.
            item.shares = None
    return items, labels
