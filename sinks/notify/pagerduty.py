"""Alerts as events of PagerDuty's Events API v2: one incident per episode. Pure."""

from typing import Any, Final

from sinks.notify.bodies import Links, annotations, iso
from sinks.notify.decision import is_active
from sinks.notify.notice import Entry

SUMMARY_MAX: Final = 1024
#: A wrong event is wrong again.
REFUSALS: Final = frozenset({400})
_SEVERITIES: Final = {"critical": "critical", "error": "error", "warning": "warning"}


def event(entry: Entry, routing_key: str, links: Links) -> dict[str, Any]:
    """One event; ``dedup_key`` is the episode's, so a repeat opens nothing."""
    alert = entry.alert
    found: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": "trigger" if is_active(alert) else "resolve",
        "dedup_key": f"{alert.fingerprint}-{alert.starts_at_ms}",
    }
    if not is_active(alert):
        return found
    said = annotations(alert, links)
    where = [alert.labels[name] for name in ("project", "queue") if name in alert.labels]
    found["payload"] = {
        "summary": (said.get("summary") or alert.rule)[:SUMMARY_MAX],
        "source": "/".join(where) or "watchfloor",
        "severity": _SEVERITIES.get(alert.labels.get("severity", ""), "info"),
        "timestamp": iso(alert.starts_at_ms),
        "component": alert.labels.get("queue", ""),
        "group": alert.labels.get("project", ""),
        "class": alert.rule,
        "custom_details": said | {"labels": alert.labels},
    }
    shown = {"Alert": links.alert(alert.fingerprint), "Runbook": said.get("runbook", "")}
    found["links"] = [
        {"href": href, "text": text}
        for text, href in shown.items()
        if href.startswith(("https://", "http://"))
    ]
    return found
