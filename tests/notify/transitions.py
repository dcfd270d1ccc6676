"""Transitions as the state machine would send them, for tests of delivery."""

from typing import Any

from schemas.alerts import AlertTransition, Contributor, Evidence, State, Transition, fingerprint

START_MS = 1_772_438_400_000

_STATES: dict[Transition, State] = {
    "pending": "pending",
    "dropped": "inactive",
    "firing": "firing",
    "recovering": "recovering",
    "refired": "firing",
    "resolved": "resolved",
    "corrected": "resolved",
}


def labels(**more: str) -> dict[str, str]:
    """Labels of a review queue's alert."""
    given = {
        "alertname": "BacklogAge",
        "severity": "critical",
        "project": "comments-en",
        "queue": "hate",
    }
    return given | more


def evidence() -> Evidence:
    """What a firing alert carries, people and another client's project among it."""
    return Evidence(
        metric="backlog_age_p90",
        definition="1",
        unit="s",
        window="5m",
        start_ms=START_MS - 300_000,
        end_ms=START_MS,
        op=">",
        threshold=900.0,
        value=1260.0,
        n=41,
        contributors=(
            Contributor({"queue": "hate"}, 1260.0, 30),
            Contributor({"annotator": "p_abcdefghij0123456789"}, 1100.0, 5),
            Contributor({"project": "other-client"}, 900.0, 6),
        ),
        item_ids=("case-1", "case-2"),
        sql="SELECT 1",
    )


def step(
    transition: Transition,
    seq: int,
    *,
    given: dict[str, str] | None = None,
    starts_at_ms: int = START_MS,
    **more: Any,
) -> AlertTransition:
    """One step of one alert; ``more`` are further fields of the transition."""
    named = labels() if given is None else given
    state = more.pop("state", _STATES.get(transition, "firing"))
    defaults: dict[str, Any] = {
        "at_ms": starts_at_ms + 1000 * seq,
        "annotations": {"summary": "hate: oldest item waits 21 min", "value": "1260"},
        "ends_at_ms": starts_at_ms + 1000 * seq if state == "resolved" else None,
    }
    return AlertTransition(
        fingerprint=fingerprint(named),
        starts_at_ms=starts_at_ms,
        seq=seq,
        transition=transition,
        state=state,
        rule=named.get("alertname", "BacklogAge"),
        rule_version="1",
        labels=named,
        **(defaults | more),
    )
