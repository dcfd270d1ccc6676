"""Alerts without people who were forgotten."""

from collections.abc import Collection

import msgspec

from schemas.alerts import AlertTransition
from schemas.forgetting import fingerprint
from schemas.groupings import PERSONS


def without(alert: AlertTransition, person: str) -> AlertTransition:
    """The alert whose evidence does not name a person among those who contributed."""
    seen = alert.evidence
    if seen is None or all(person not in each.dims.values() for each in seen.contributors):
        return alert
    kept = tuple(each for each in seen.contributors if person not in each.dims.values())
    return msgspec.structs.replace(alert, evidence=msgspec.structs.replace(seen, contributors=kept))


def is_about(alert: AlertTransition, listed: Collection[str]) -> bool:
    """Whether an alert is about somebody whose fingerprint is listed."""
    people = [alert.labels.get(name) for name in PERSONS] if listed else []
    return any(name is not None and fingerprint(name) in listed for name in people)
