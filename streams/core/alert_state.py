"""The alerts and silences of one partition, and how they are stored between two owners."""

from collections.abc import Callable, Iterable

import msgspec

from schemas.alerts import AlertTransition, Silence, fingerprint
from streams.core.alerts import Alert
from streams.core.wire import LogRecord

#: The kind of all keys here, and what they are: an alert, a silence, the clock.
RULES = b"r"
_ALERT, _SILENCE, _CLOCK = b"ra", b"rs", b"rc"

#: (rule, subject); the subject of a signal is its values joined.
Key = tuple[str, str]

_pack = msgspec.msgpack.Encoder().encode
_unpack_alert = msgspec.msgpack.Decoder(Alert).decode
_unpack_silence = msgspec.msgpack.Decoder(Silence).decode
_unpack_clock = msgspec.msgpack.Decoder(int).decode


class AlertState:
    """Everything that rules remember; what changes is touched, and stored with the next flush."""

    def __init__(self) -> None:
        self.alerts: dict[Key, Alert] = {}
        self.silences: dict[str, Silence] = {}
        #: Silences to be said with the next flush: everybody hears of them, whoever made them.
        self.heard: list[Silence] = []
        #: Event time of the last evaluation, whole seconds.
        self.last_ms = 0
        self._by_fingerprint: dict[str, Key] = {}
        self._touched: set[bytes] = set()
        self._stored_clock_ms = 0

    def add(self, key: Key, alert: Alert) -> Alert:
        """Begin to remember an alert; it is stored once it is touched."""
        self.alerts[key] = alert
        self._by_fingerprint[fingerprint(alert.labels)] = key
        return alert

    def of_fingerprint(self, wanted: str) -> Key | None:
        """The alert that people know by a fingerprint; None when it is not in this partition."""
        key = self._by_fingerprint.get(wanted)
        return key if key in self.alerts else None

    def touch(self, key: Key) -> None:
        """Store an alert with the next flush."""
        self._touched.add(_alert_key(key))

    def forget(self, key: Key) -> None:
        """Remember nothing of an alert any more."""
        del self.alerts[key]
        self.touch(key)

    def forget_about(self, doomed: Callable[[str], bool]) -> None:
        """Remember nothing of alerts about subjects that are ``doomed``, once that was told."""
        for key, alert in list(self.alerts.items()):
            if not alert.is_active and not alert.said and doomed(key[1]):
                self.forget(key)

    def leave_out(self, person: str) -> None:
        """Take a person out of what alerts about others say of their reasons."""
        for key, alert in self.alerts.items():
            seen = alert.evidence
            if seen is None or all(person not in it.dims.values() for it in seen.contributors):
                continue
            kept = tuple(it for it in seen.contributors if person not in it.dims.values())
            alert.evidence = msgspec.structs.replace(seen, contributors=kept)
            self.touch(key)

    def put_silence(self, silence: Silence) -> None:
        """Take in a silence; an older word about it changes nothing."""
        known = self.silences.get(silence.id)
        if known is None or known.updated_at_ms < silence.updated_at_ms:
            self.silences[silence.id] = silence
            self.heard.append(silence)
            self._touched.add(_SILENCE + silence.id.encode())

    def take_heard(self) -> list[Silence]:
        """Silences that changed since the last call."""
        heard, self.heard = self.heard, []
        return heard

    def forget_silence(self, name: str) -> None:
        """Remember nothing of a silence any more."""
        del self.silences[name]
        self._touched.add(_SILENCE + name.encode())

    def records(self) -> list[LogRecord]:
        """What changed since the last call, without stamps: for the flush's atomic batch."""
        found: list[LogRecord] = [(key, self._payload(key)) for key in sorted(self._touched)]
        self._touched.clear()
        if self.last_ms != self._stored_clock_ms:
            self._stored_clock_ms = self.last_ms
            found.append((_CLOCK, _pack(self.last_ms)))
        return found

    def _payload(self, stored: bytes) -> bytes | None:
        if stored[:2] == _SILENCE:
            silence = self.silences.get(stored[2:].decode())
            return None if silence is None else _pack(silence)
        alert = self.alerts.get(_key_of(stored))
        if alert is None:
            return None
        payload = _pack(alert)
        # What a flush says is said again only by who takes over right after it.
        alert.said = ()
        return payload

    def put_back(self, stored: bytes, payload: bytes | None) -> None:
        """Take in what the changelog says about a key that begins with ``RULES``."""
        kind = stored[:2]
        if kind == _CLOCK:
            assert payload is not None
            self.last_ms = self._stored_clock_ms = _unpack_clock(payload)
        elif kind == _SILENCE:
            name = stored[2:].decode()
            self.silences.pop(name, None)
            if payload is not None:
                self.silences[name] = _unpack_silence(payload)
        else:
            assert kind == _ALERT, f"unknown kind of key {kind!r}"
            key = _key_of(stored)
            self.alerts.pop(key, None)
            if payload is not None:
                self.add(key, _unpack_alert(payload))

    def rewrite(self, keys: Iterable[bytes]) -> None:
        """Write what stands under these keys again: somebody else wrote there meanwhile."""
        for key in keys:
            if key == _CLOCK:
                self._stored_clock_ms = -1
            else:
                self._touched.add(key)

    def begin(self, touched: Iterable[bytes]) -> list[AlertTransition]:
        """What the flush that wrote the ``touched`` keys last may not have sent, to be sent again.

        It is stored again with what comes next, so that the next owner finds it, too. Silences are
        among what is ``heard``.
        """
        written = set(touched)
        said: list[AlertTransition] = []
        for name, silence in self.silences.items():
            if _SILENCE + name.encode() in written:
                self.heard.append(silence)
                self._touched.add(_SILENCE + name.encode())
        for key, alert in self.alerts.items():
            if alert.said and _alert_key(key) in written:
                said += alert.said
                self.touch(key)
            else:
                alert.said = ()
        return sorted(said, key=lambda each: (each.at_ms, each.fingerprint, each.seq))


def _alert_key(key: Key) -> bytes:
    return _ALERT + "/".join(key).encode()


def _key_of(stored: bytes) -> Key:
    rule, _, subject = stored[2:].decode().partition("/")
    return rule, subject
