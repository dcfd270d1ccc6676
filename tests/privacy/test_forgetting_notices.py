"""The notifier forgets: an alert about somebody goes once its end was told, and no sooner."""

from schemas.alerts import AlertTransition, Contributor, Evidence, State, fingerprint
from sinks.notify.book import Book
from sinks.notify.decision import Mark
from streams.core import wire
from streams.core.recovery import Replay

ANNA = "p_annaannaannaannaann"
NOW_MS = 1_772_409_600_000


def alert(state: State, seq: int, **labels: str) -> AlertTransition:
    """A step of an alert that Anna contributed to, or that is about her."""
    given = {"alertname": "LowAccuracy", **labels}
    who = tuple(Contributor({"annotator": name}, 0.5, 9) for name in (ANNA, "p_b"))
    evidence = Evidence(
        "golden_accuracy", "golden_accuracy/1", "share", "1h", 0, 1, "<", 0.9, 0.5, 20,
        contributors=who,
    )  # fmt: skip
    return AlertTransition(
        fingerprint(given), NOW_MS, seq, "firing" if state == "firing" else "resolved", state,
        NOW_MS, "LowAccuracy", "1", given, {}, evidence,
    )  # fmt: skip


def stored(book: Book, log: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """The log after what changed was appended."""
    for key, value in book.records():
        log.pop(key, None)
        if value is not None:
            log[key] = value
    return log


def naming(log: dict[bytes, bytes]) -> list[bytes]:
    return [key for key, value in log.items() if ANNA.encode() in key + value]


def test_an_alert_about_her_goes_once_its_end_was_told() -> None:
    book, log = Book(), dict[bytes, bytes]()
    book.take(alert("firing", 1, annotator=ANNA), NOW_MS)
    (episode,) = book.episodes.values()
    episode.marks["desk"] = Mark(1, NOW_MS, "firing", 1)
    book.take(alert("resolved", 2, annotator=ANNA), NOW_MS)
    book.leave_out(ANNA)
    book.forget(NOW_MS + 1, ["desk"])
    assert naming(stored(book, log))
    episode.marks["desk"] = Mark(2, NOW_MS, "resolved", 2)
    book.forget(NOW_MS + 2, ["desk"])
    assert naming(stored(book, log)) == []
    assert book.live == {}


def test_an_alert_about_others_stays_without_her() -> None:
    book, log = Book(), dict[bytes, bytes]()
    book.take(alert("firing", 1, queue="images"), NOW_MS)
    assert naming(stored(book, log))
    book.leave_out(ANNA)
    book.forget(NOW_MS + 1, [])
    assert naming(stored(book, log)) == []
    (episode,) = book.episodes.values()
    assert episode.alert.evidence is not None
    assert [each.dims for each in episode.alert.evidence.contributors] == [{"annotator": "p_b"}]


def test_the_next_owner_goes_on_with_it() -> None:
    book = Book()
    book.take(alert("resolved", 2, annotator=ANNA), NOW_MS)
    book.leave_out(ANNA)
    again = Book()
    replay = Replay(again)
    for offset, (key, value) in enumerate(book.records()):
        payload = None if value is None else wire.stamped(0, 0, value)
        replay.record(key, payload, None, offset)
    replay.finish(9)
    assert again.episodes
    again.forget(NOW_MS + 1, [])
    assert again.episodes == {}
