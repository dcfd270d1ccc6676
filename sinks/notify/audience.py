"""What a receiver may see of an alert: a client gets no person and nothing of another client."""

import msgspec

from schemas.alerts import AlertTransition, Contributor, Evidence
from schemas.principals import in_projects
from schemas.receivers import PERSON_LABELS

#: The annotations that a client gets: numbers and the sentence that its own labels made.
_FOR_CLIENTS = frozenset(
    {"summary", "description", "value", "low", "high", "n", "window", "metric", "unit", "threshold"}
)


def for_client(
    alert: AlertTransition, projects: frozenset[str], *, with_items: bool = False
) -> AlertTransition | None:
    """The alert as a client of these projects may see it; None when it may not at all.

    Left out: everything about people (who acknowledged included), what suppressed it, SQL, links
    to runbooks, contributors and annotations that speak of a person or another project, and
    items' ids unless they were allowed.
    """
    if not in_projects(alert.labels, projects) or PERSON_LABELS & alert.labels.keys():
        return None
    foreign = _foreign_words(alert, projects)
    annotations = {
        name: text
        for name, text in alert.annotations.items()
        if name in _FOR_CLIENTS and not any(word in text for word in foreign)
    }
    return msgspec.structs.replace(
        alert,
        annotations=annotations,
        evidence=_evidence(alert, projects, with_items),
        suppressed_by=(),
        acknowledged_by="",
        note="",
    )


def _evidence(
    alert: AlertTransition, projects: frozenset[str], with_items: bool
) -> Evidence | None:
    seen = alert.evidence
    if seen is None:
        return None
    kept = tuple(each for each in seen.contributors if not _is_foreign(each, alert, projects))
    items = seen.item_ids if with_items else ()
    return msgspec.structs.replace(seen, contributors=kept, item_ids=items, sql="", items_sql="")


def _is_foreign(given: Contributor, alert: AlertTransition, projects: frozenset[str]) -> bool:
    of_a_person = bool(PERSON_LABELS & given.dims.keys())
    return of_a_person or not in_projects(alert.labels | given.dims, projects)


def _foreign_words(alert: AlertTransition, projects: frozenset[str]) -> set[str]:
    """Names that must not stand in a text: those of people and of others' work."""
    seen = alert.evidence
    if seen is None:
        return set()
    own = set(alert.labels.values())
    return {
        value
        for each in seen.contributors
        if _is_foreign(each, alert, projects)
        for value in each.dims.values()
        if value and value not in own
    }
