"""What the notifier knows: alerts, who was told what, notices on their way, receivers in trouble.

Pure and durable: every change is a record to append, and the records put it back together. Times
are wall clock (UTC ms) unless they belong to an alert.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from schemas.alerts import AlertTransition, Silence
from schemas.forgetting import fingerprint
from sinks.notify.decision import Mark, is_active
from sinks.notify.forgotten import is_about, without
from sinks.notify.notice import Notice

Held = TypeVar("Held", bound=msgspec.Struct)
#: One record of the log: key, value (None deletes).
LogRecord = tuple[bytes, bytes | None]

META, EPISODE, NOTICE, STANDING, SILENCE = b"m", b"e", b"n", b"r", b"s"
#: Longer than anybody asks what an alert was, and than a notice may be on its way.
OVER_KEPT_MS = 7 * 86_400_000
#: After so long, an alert that is over and was told is no longer looked at, unless a step comes.
OVER_LOOKED_AT_MS = 3_600_000


class Episode(msgspec.Struct, omit_defaults=True):
    """One alert from its first step to its last, and what each receiver was told of it."""

    alert: AlertTransition
    taken_ms: int
    marks: dict[str, Mark] = {}

    @property
    def key(self) -> str:
        """Names the episode."""
        return f"{self.alert.fingerprint}/{self.alert.starts_at_ms}"

    @property
    def all_told(self) -> bool:
        """Whether all who were told that it fires were told that it is over."""
        return all(mark.standing in ("resolved", "corrected") for mark in self.marks.values())


class Standing(msgspec.Struct, omit_defaults=True):
    """How it goes with one receiver. ``stopped`` is the version of it that answered 410."""

    failing_since_ms: int | None = None
    failures: int = 0
    error: str = ""
    stopped: str = ""


class Meta(msgspec.Struct, omit_defaults=True):
    """How far ``ops.alerts`` was read, and when something late last came."""

    next_offset: int = 0
    late_ms: int = 0
    version: int = 1
    #: Fingerprints of people who were forgotten: alerts about them are not kept once told.
    forgotten: tuple[str, ...] = ()


class Book:
    """All state of the notifier, keyed so that a change is one record."""

    def __init__(self) -> None:
        self.meta = Meta()
        self.episodes: dict[str, Episode] = {}
        #: Those that somebody may have to be told of.
        self.live: dict[str, Episode] = {}
        self.notices: dict[str, Notice] = {}
        self.standings: dict[str, Standing] = {}
        self.silences: dict[str, Silence] = {}
        self._changed: set[bytes] = set()

    # -- what comes in

    def take(self, given: AlertTransition | Silence, now_ms: int) -> None:
        """Take in a step or a silence; what is not newer than what is known changes nothing."""
        if isinstance(given, Silence):
            held = self.silences.get(given.id)
            if held is None or held.updated_at_ms <= given.updated_at_ms:
                self.silences[given.id] = given
                self._changed.add(SILENCE + given.id.encode())
            return
        key = f"{given.fingerprint}/{given.starts_at_ms}"
        known = self.episodes.get(key)
        if known is not None and known.alert.seq >= given.seq:
            return
        if known is None:
            known = self.episodes[key] = Episode(given, now_ms)
        known.alert, known.taken_ms = _with_items(given, known.alert), now_ms
        self.live[key] = known
        if given.late:
            self.meta.late_ms = now_ms
        self.change(known)

    def name_items(self, given: AlertTransition) -> None:
        """Note the items behind an alert, which were found after it was taken in."""
        known = self.episodes.get(f"{given.fingerprint}/{given.starts_at_ms}")
        if known is not None:
            known.alert = _with_items(known.alert, given)
            self.change(known)

    def leave_out(self, person: str) -> None:
        """Name somebody in no alert about others, and keep none about them once it was told."""
        self.meta.forgotten = tuple(sorted({*self.meta.forgotten, fingerprint(person)}))
        self._changed.add(META)
        for episode in self.episodes.values():
            before, episode.alert = episode.alert, without(episode.alert, person)
            if episode.alert is not before:
                self.change(episode)

    def read_up_to(self, next_offset: int) -> None:
        """Everything of ``ops.alerts`` before this offset is in the book."""
        self.meta.next_offset = max(self.meta.next_offset, next_offset)
        self._changed.add(META)

    # -- what changes

    def change(self, episode: Episode) -> None:
        """An episode is not what the log says any more."""
        self._changed.add(EPISODE + episode.key.encode())

    def put(self, notice: Notice) -> None:
        """Keep a notice as it is now."""
        self.notices[notice.id] = notice
        self._changed.add(NOTICE + notice.id.encode())

    def drop_notice(self, notice_id: str) -> None:
        """Forget a notice that is over and logged."""
        self.notices.pop(notice_id, None)
        self._changed.add(NOTICE + notice_id.encode())

    def stand(self, receiver: str, standing: Standing) -> None:
        """How it goes with a receiver now."""
        if self.standings.get(receiver, Standing()) != standing:
            self.standings[receiver] = standing
            self._changed.add(STANDING + receiver.encode())

    def forget(self, now_ms: int, receivers: Iterable[str]) -> None:
        """Drop what is over for long, and receivers that are no more."""
        for key, episode in list(self.episodes.items()):
            if is_active(episode.alert):
                continue
            over_ms = now_ms - episode.taken_ms
            if over_ms > OVER_LOOKED_AT_MS and episode.all_told:
                self.live.pop(key, None)
            gone = episode.all_told and is_about(episode.alert, self.meta.forgotten)
            if gone or over_ms > OVER_KEPT_MS:
                del self.episodes[key]
                self.live.pop(key, None)
                self._changed.add(EPISODE + key.encode())
        for name, silence in list(self.silences.items()):
            if now_ms - silence.ends_at_ms > OVER_KEPT_MS:
                del self.silences[name]
                self._changed.add(SILENCE + name.encode())
        for receiver in self.standings.keys() - set(receivers):
            del self.standings[receiver]
            self._changed.add(STANDING + receiver.encode())

    # -- what is asked

    def present(self) -> dict[str, Episode]:
        """The latest episode of each alert, by fingerprint."""
        found: dict[str, Episode] = {}
        for episode in self.episodes.values():
            held = found.get(episode.alert.fingerprint)
            if held is None or held.alert.starts_at_ms < episode.alert.starts_at_ms:
                found[episode.alert.fingerprint] = episode
        return found

    def pending(self, receiver: str) -> list[Notice]:
        """Notices that a receiver has not got yet, in the order in which they were decided."""
        found = [
            each
            for each in self.notices.values()
            if each.receiver == receiver and each.outcome == "pending"
        ]
        return sorted(found, key=lambda notice: (notice.created_ms, notice.id))

    # -- the log

    def records(self) -> list[LogRecord]:
        """What changed since the last time, to be appended as one batch."""
        changed, self._changed = self._changed, set()
        return [(key, self._value(key)) for key in sorted(changed)]

    @property
    def changed(self) -> bool:
        """Whether there is anything to append."""
        return bool(self._changed)

    def _value(self, key: bytes) -> bytes | None:
        kind, name = key[:1], key[1:].decode()
        held: msgspec.Struct | None
        if kind == META:
            held = self.meta
        elif kind == EPISODE:
            held = self.episodes.get(name)
        elif kind == NOTICE:
            held = self.notices.get(name)
        elif kind == STANDING:
            held = self.standings.get(name)
        else:
            held = self.silences.get(name)
        return None if held is None else msgspec.json.encode(held)

    def put_back(self, key: bytes, payload: bytes | None) -> None:
        """Take in what the log says about a key."""
        kind, name = key[:1], key[1:].decode()
        if kind == META:
            self.meta = msgspec.json.decode(payload or b"{}", type=Meta)
        elif kind == EPISODE:
            _put(self.episodes, name, payload, Episode)
        elif kind == NOTICE:
            _put(self.notices, name, payload, Notice)
        elif kind == STANDING:
            _put(self.standings, name, payload, Standing)
        elif kind == SILENCE:
            _put(self.silences, name, payload, Silence)

    def settle(self) -> Iterator[None]:
        """Nothing takes long here."""
        return iter(())

    def begin(self, epoch: int, touched: set[bytes], stale: set[bytes]) -> None:
        """Go on from here; keys whose last record is not to be trusted are written over."""
        self.live = dict(self.episodes)
        self._changed |= stale


def _with_items(alert: AlertTransition, other: AlertTransition) -> AlertTransition:
    """The alert with the items that the other names, if it names none itself."""
    seen, named = alert.evidence, other.evidence
    if seen is None or named is None or seen.item_ids or not named.item_ids:
        return alert
    evidence = msgspec.structs.replace(seen, item_ids=named.item_ids)
    return msgspec.structs.replace(alert, evidence=evidence)


def _put(held: dict[str, Held], name: str, payload: bytes | None, kind: type[Held]) -> None:
    if payload is None:
        held.pop(name, None)
    else:
        held[name] = msgspec.json.decode(payload, type=kind)
