"""Transitions, notices and commands as rows of the table ``alert_log``."""

from typing import assert_never

from schemas.alerts import Acknowledge, AlertTransition, Close, Command, Silence, Unacknowledge
from schemas.notices import Told
from schemas.rows import AlertLogRow


def of_transition(given: AlertTransition) -> AlertLogRow:
    """One step of one alert, with its evidence."""
    seen = given.evidence
    return AlertLogRow(
        fingerprint=given.fingerprint,
        kind="transition",
        id=given.id,
        what=given.transition,
        at_ms=given.at_ms,
        starts_ms=given.starts_at_ms,
        seq=given.seq,
        state=given.state,
        rule=given.rule,
        rule_version=given.rule_version,
        labels=given.labels,
        annotations=given.annotations,
        ends_ms=given.ends_at_ms,
        person=given.acknowledged_by,
        note=given.note,
        suppressed_by=given.suppressed_by,
        late=given.late,
        metric=seen.metric if seen else "",
        window=seen.window if seen else "",
        value=seen.value if seen else None,
        low=seen.low if seen else None,
        high=seen.high if seen else None,
        n=seen.n if seen else 0,
        threshold=seen.threshold if seen else None,
        item_ids=seen.item_ids if seen else (),
        sql=seen.sql if seen else "",
    )


def of_told(given: Told) -> AlertLogRow:
    """What became of one notice, as far as one alert goes; the latest try wins."""
    return AlertLogRow(
        fingerprint=given.fingerprint,
        kind="notice",
        id=given.notice_id,
        what=given.reason,
        at_ms=given.at_ms,
        starts_ms=given.starts_at_ms,
        seq=given.seq,
        receiver=given.receiver,
        outcome=given.outcome,
        attempts=given.attempts,
        detail=given.detail,
        rule=given.rule,
        rule_version=given.rule_version,
        labels=given.labels,
        # A notice that was told twice, before and after a crash, is told once more by its last row.
        revision=given.attempts * 2 + (given.outcome != "pending"),
    )


def of_command(given: Command) -> AlertLogRow:
    """What a person asked for; a silence is about many alerts, so it has no fingerprint."""
    match given:
        case Acknowledge() | Unacknowledge():
            note = given.note if isinstance(given, Acknowledge) else ""
            what = "acknowledge" if isinstance(given, Acknowledge) else "unacknowledge"
            return AlertLogRow(
                fingerprint=given.fingerprint, kind="command", id=given.id, what=what,
                at_ms=given.at_ms, person=given.owner, note=note,
                rule=given.labels.get("alertname", ""), labels=given.labels,
            )  # fmt: skip
        case Close():
            return AlertLogRow(
                fingerprint=given.fingerprint, kind="command", id=given.id, what="close",
                at_ms=given.at_ms, starts_ms=given.starts_at_ms, person=given.owner,
                note=given.note, outcome=given.verdict,
                rule=given.labels.get("alertname", ""), labels=given.labels,
            )  # fmt: skip
        case Silence():
            return AlertLogRow(
                fingerprint="", kind="command", id=f"{given.id}@{given.updated_at_ms}",
                what=given.kind, at_ms=given.updated_at_ms, starts_ms=given.starts_at_ms,
                ends_ms=given.ends_at_ms, person=given.created_by, note=given.comment,
            )  # fmt: skip
        case _:
            assert_never(given)
