"""Receivers from their file, refused with file, line and what is accepted."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from schemas import receivers as shapes
from schemas.faults import Fault
from schemas.receivers import Receiver, ReceiversFile, SecretRef
from schemas.rules import keys_of
from sinks.notify.safety import UnsafeTarget, check_url
from sinks.notify.signing import BadSecret, signing_key
from sinks.notify.vault import SecretMissing, reveal
from streams import marked_yaml
from streams.marked_yaml import FileRefused, Location

_PARTS: dict[str, type[BaseModel]] = {
    "webhook": shapes.Webhook,
    "pagerduty": shapes.PagerDuty,
    "alertmanager": shapes.Alertmanager,
    "kafka": shapes.KafkaTopic,
    "apprise": shapes.Apprise,
}
_URL_FAULTS = {
    "not_https": "has to begin with https://, or with http:// when the receiver has internal: true",
    "bad_url": "is no address: write https://HOST/PATH",
    "credentials_in_url": "holds a user or password: use bearer, or make the whole url a secret",
}
_INSIDE = "is of this house: only a receiver with internal: true may use it"


def read_receivers(path: Path) -> tuple[Receiver, ...]:
    """All receivers; raises FileRefused with everything that is wrong."""
    try:
        marked = marked_yaml.read(path, ReceiversFile)
    except FileRefused as refused:
        raise FileRefused(_with_keys(fault) for fault in refused.faults) from refused
    faults = [
        marked.fault(("receivers", at, *location), message)
        for at, receiver in enumerate(marked.content.receivers)
        for location, message in _faults(receiver)
    ]
    if faults:
        raise FileRefused(faults)
    return marked.content.receivers


def _with_keys(fault: Fault) -> Fault:
    """The keys that there are, beside one that there is not."""
    if not fault.message.startswith("unknown key"):
        return fault
    path = fault.field.split(".")
    part = next((each for each in reversed(path[:-1]) if each in _PARTS), None)
    model = _PARTS[part] if part else Receiver if len(path) > 1 else ReceiversFile
    if any(each in path[:-1] for each in ("secret", "bearer", "routing_key", "urls")):
        model = SecretRef
    known = ", ".join(keys_of(model))
    return Fault(fault.file, fault.line, fault.field, f"{fault.message}; there are {known}")


def _faults(receiver: Receiver) -> Iterator[tuple[Location, str]]:
    for part in _PARTS:
        target = getattr(receiver, part)
        if target is None:
            continue
        for name, value in target:
            location: Location = (part, name)
            if isinstance(value, SecretRef):
                yield from _secret_faults(location, value, signs=name == "secret")
            elif name == "url":
                yield from _url_faults(location, value, receiver)


def _secret_faults(
    location: Location, given: SecretRef, *, signs: bool
) -> Iterator[tuple[Location, str]]:
    try:
        found = reveal(given)
        if signs:
            for each in found.split():
                signing_key(each)
    except (SecretMissing, BadSecret) as error:
        yield location, str(error)


def _url_faults(location: Location, url: str, receiver: Receiver) -> Iterator[tuple[Location, str]]:
    try:
        check_url(url, internal=receiver.internal)
    except UnsafeTarget as unsafe:
        yield location, f"the address {_URL_FAULTS.get(str(unsafe), _INSIDE)}"
