"""The book as Alertmanager's API v2 shows it. Pure; the caller decides who asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.alerts import AlertTransition, Matcher, Silence
from schemas.principals import Principal
from schemas.receivers import Receiver
from sinks.notify.audience import for_client
from sinks.notify.bodies import Links, annotations, iso
from sinks.notify.book import Book
from sinks.notify.decision import is_active

#: Alertmanager says when an alert would end without news; so do we.
_ENDS_AFTER_MS = 300_000


@dataclass(frozen=True, slots=True)
class Wish:
    """Which alerts are asked for, with Alertmanager's meaning of each parameter."""

    matchers: tuple[Matcher, ...] = ()
    active: bool = True
    silenced: bool = True
    inhibited: bool = True
    receiver: Matcher | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What one principal (None: somebody on this machine) may see of the book at a moment."""

    book: Book
    receivers: tuple[Receiver, ...]
    links: Links
    principal: Principal | None
    now_ms: int

    def alerts(self, wish: Wish) -> list[dict[str, Any]]:
        """Alerts that fire, as ``gettableAlerts``."""
        return [self._alert(each, self._names(each, wish)) for each in self._wanted(wish)]

    def groups(self, wish: Wish) -> list[dict[str, Any]]:
        """The same by receiver and group, as ``alertGroups``; without a receiver in none."""
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for alert in self._wanted(wish):
            names = self._names(alert, wish)
            for receiver in self.receivers:
                if receiver.name not in names:
                    continue
                labels = {name: alert.labels.get(name, "") for name in receiver.group_by}
                group = found.setdefault(
                    (receiver.name, *labels.values()),
                    {"labels": labels, "receiver": {"name": receiver.name}, "alerts": []},
                )
                group["alerts"].append(self._alert(alert, names))
        return [found[key] for key in sorted(found)]

    def silences(self, matchers: Iterable[Matcher] = ()) -> list[dict[str, Any]]:
        """Silences as ``gettableSilences``; a client sees none, for they speak of others."""
        if self.principal is not None and self.principal.is_client:
            return []
        wanted = tuple(matchers)
        return [
            silence_view(each, self.now_ms)
            for each in sorted(self.book.silences.values(), key=lambda s: (-s.ends_at_ms, s.id))
            if all(_of_silence(matcher, each) for matcher in wanted)
        ]

    def receiver_names(self) -> list[dict[str, str]]:
        """Receivers; a client sees none."""
        if self.principal is not None and self.principal.is_client:
            return []
        return [{"name": each.name} for each in self.receivers]

    def alert(self, fingerprint: str) -> AlertTransition | None:
        """The latest step of an alert that fires and may be seen."""
        episode = self.book.present().get(fingerprint)
        if episode is None or not is_active(episode.alert):
            return None
        return self._visible(episode.alert)

    def _visible(self, alert: AlertTransition) -> AlertTransition | None:
        if self.principal is None:
            return alert
        if self.principal.is_client:
            return for_client(alert, frozenset(self.principal.projects))
        return alert if self.principal.sees(alert.labels) else None

    def _wanted(self, wish: Wish) -> list[AlertTransition]:
        found = []
        for episode in self.book.present().values():
            alert = episode.alert
            if not is_active(alert) or not all(m.matches(alert.labels) for m in wish.matchers):
                continue
            silenced, inhibited = self._suppressors(alert)
            if (silenced and not wish.silenced) or (inhibited and not wish.inhibited):
                continue
            if not (silenced or inhibited or wish.active):
                continue
            if wish.receiver is not None and not self._names(alert, wish):
                continue
            seen = self._visible(alert)
            if seen is not None:
                found.append(seen)
        return sorted(found, key=lambda alert: (alert.starts_at_ms, alert.fingerprint))

    def _suppressors(self, alert: AlertTransition) -> tuple[list[str], list[str]]:
        """What keeps it quiet: silences, and everything else."""
        silences = [each for each in alert.suppressed_by if each in self.book.silences]
        return silences, [each for each in alert.suppressed_by if each not in silences]

    def _names(self, alert: AlertTransition, wish: Wish) -> list[str]:
        return [
            each.name
            for each in self.receivers
            if each.wants(alert.labels)
            and (wish.receiver is None or wish.receiver.matches({"receiver": each.name}))
        ]

    def _alert(self, alert: AlertTransition, names: list[str]) -> dict[str, Any]:
        silenced, inhibited = self._suppressors(alert)
        of_client = self.principal is not None and self.principal.is_client
        return {
            "labels": alert.labels,
            "annotations": annotations(alert, self.links),
            "startsAt": iso(alert.starts_at_ms),
            "updatedAt": iso(alert.at_ms),
            "endsAt": iso(self.now_ms + _ENDS_AFTER_MS),
            "generatorURL": self.links.alert(alert.fingerprint),
            "fingerprint": alert.fingerprint,
            "receivers": [] if of_client else [{"name": name} for name in names],
            "status": {
                "state": "suppressed" if silenced or inhibited else "active",
                "silencedBy": silenced,
                "inhibitedBy": inhibited,
            },
        }


def silence_view(silence: Silence, now_ms: int) -> dict[str, Any]:
    """A silence as ``gettableSilence``."""
    state = "expired" if silence.ends_at_ms <= now_ms else "active"
    if silence.starts_at_ms > now_ms:
        state = "pending" if state == "active" else state
    return {
        "id": silence.id,
        "status": {"state": state},
        "updatedAt": iso(silence.updated_at_ms),
        "startsAt": iso(silence.starts_at_ms),
        "endsAt": iso(silence.ends_at_ms),
        "createdBy": silence.created_by,
        "comment": silence.comment,
        "matchers": [
            {
                "name": each.name,
                "value": each.value,
                "isRegex": each.is_regex,
                "isEqual": each.is_equal,
            }
            for each in silence.matchers
        ],
    }


def _of_silence(wanted: Matcher, silence: Silence) -> bool:
    """As Alertmanager filters silences: by what their matchers say of the label."""
    return any(
        each.name == wanted.name and wanted.matches({wanted.name: each.value})
        for each in silence.matchers
    )
