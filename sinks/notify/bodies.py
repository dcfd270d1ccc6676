"""A notice as bodies that existing tools read: Alertmanager's webhook (4) and CloudEvents. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.alerts import AlertTransition
from schemas.receivers import Receiver
from sinks.notify.audience import for_client
from sinks.notify.decision import is_active
from sinks.notify.notice import Entry, Notice

NEVER = "0001-01-01T00:00:00Z"
EVENT_TYPE = "dev.watchfloor.alerts.v1"


@dataclass(frozen=True, slots=True)
class Links:
    """Where people can look: ``public_url`` opens on a phone; '' when there is none."""

    public_url: str = ""

    def alert(self, fingerprint: str) -> str:
        """The page of an alert."""
        return f"{self.public_url}/alerts/{fingerprint}" if self.public_url else ""

    def runbook(self, given: str) -> str:
        """A runbook: its own address, else one below the public one."""
        if not given or given.startswith(("https://", "http://")) or not self.public_url:
            return given
        return f"{self.public_url}/{given.lstrip('/')}"


def iso(at_ms: int) -> str:
    """UTC ms as RFC 3339."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visible(notice: Notice, receiver: Receiver) -> list[Entry]:
    """The entries as this receiver may see them."""
    if receiver.audience == "internal":
        return list(notice.entries)
    projects = frozenset(receiver.projects)
    seen = (
        (for_client(each.alert, projects, with_items=receiver.item_ids), each.reason)
        for each in notice.entries
    )
    return [Entry(alert, reason) for alert, reason in seen if alert is not None]


def annotations(alert: AlertTransition, links: Links) -> dict[str, str]:
    """What the alert says, its numbers and evidence included, as text."""
    found = dict(alert.annotations)
    if "runbook" in found:
        found["runbook"] = links.runbook(found["runbook"])
    seen = alert.evidence
    if seen is not None:
        numbers = {"value": seen.value, "low": seen.low, "high": seen.high, "n": seen.n}
        found |= {name: f"{value:g}" for name, value in numbers.items() if value is not None}
        found |= {"window": seen.window, "metric": seen.metric, "unit": seen.unit}
        found["threshold"] = f"{seen.op} {seen.threshold:g}"
        if seen.contributors:
            found["contributors"] = "; ".join(_contributor(each.dims) for each in seen.contributors)
        if seen.item_ids:
            found["items"] = ", ".join(seen.item_ids)
        if seen.sql:
            found["sql"] = seen.sql
    if alert.acknowledged_by:
        found["acknowledged_by"] = alert.acknowledged_by
    if alert.transition == "corrected":
        found["correction"] = alert.note or "It was no alert: later data withdrew it."
    return found


def _contributor(dims: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in dims.items())


def webhook(notice: Notice, receiver: Receiver, links: Links) -> dict[str, Any]:
    """Alertmanager's webhook body, version 4; ``reason`` of each alert is an addition of ours."""
    entries = visible(notice, receiver)
    alerts = [_webhook_alert(each, links) for each in entries]
    key = ",".join(f'{name}="{value}"' for name, value in notice.group.items())
    return {
        "version": "4",
        "groupKey": f"{{}}/{receiver.name}:{{{key}}}",
        "truncatedAlerts": notice.left_out,
        "status": "firing" if any(is_active(each.alert) for each in entries) else "resolved",
        "receiver": receiver.name,
        "groupLabels": notice.group,
        "commonLabels": _common([each.alert.labels for each in entries]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": links.public_url,
        "alerts": alerts,
    }


def _webhook_alert(entry: Entry, links: Links) -> dict[str, Any]:
    alert = entry.alert
    active = is_active(alert)
    found: dict[str, Any] = {
        "status": "firing" if active else "resolved",
        "labels": alert.labels,
        "annotations": annotations(alert, links),
        "startsAt": iso(alert.starts_at_ms),
        "endsAt": NEVER if active else iso(alert.ends_at_ms or alert.at_ms),
        "generatorURL": links.alert(alert.fingerprint),
        "fingerprint": alert.fingerprint,
    }
    return found if entry.reason is None else found | {"reason": entry.reason}


def _common(given: Sequence[dict[str, str]]) -> dict[str, str]:
    if not given:
        return {}
    first, *rest = given
    return {name: value for name, value in first.items() if all(r.get(name) == value for r in rest)}


def cloudevent(notice: Notice, receiver: Receiver, links: Links, space: str) -> dict[str, Any]:
    """A structured CloudEvent whose data is the webhook's body; its id is the notice's."""
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/watchfloor/{space}",
        "type": EVENT_TYPE,
        "subject": receiver.name,
        "time": iso(notice.created_ms),
        "datacontenttype": "application/json",
        "data": webhook(notice, receiver, links),
    }


def encode(body: object) -> bytes:
    """A body as JSON."""
    return msgspec.json.encode(body)
