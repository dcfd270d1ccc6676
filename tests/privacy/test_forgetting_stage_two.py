"""Stage 2 forgets: windows, rows and alerts of a person go, and nothing brings them back."""

from collections.abc import Mapping

from schemas.alerts import AlertTransition
from schemas.groupings import subject_key
from schemas.measures import key_of
from streams.core import wire
from streams.core.alerting import Alerting
from streams.core.forgotten import fingerprint
from streams.core.lookout import Lookout, LookoutKeeper
from streams.core.plan import MINUTE_MS, Plan
from streams.core.publish import Published
from streams.core.recovery import Replay
from streams.core.rollups import Rollups
from streams.core.rules import RuleBook
from tests.core.floors import CALENDAR
from tests.core.rule_floors import KINDS, SOURCE, START_MS, book, queue, rule
from tests.core.test_recovery import Log

ANNA, BO = "p_anna", "p_bo"
WRONG = {"golden_n": 20, "golden_correct": 5}
RIGHT = {"golden_n": 20, "golden_correct": 20}


def of(person: str) -> str:
    """The subject of an annotator."""
    return subject_key("annotator", ("north", person))


class Roof:
    """A partition of stage 2 with rules, and its changelog."""

    def __init__(self, rules: RuleBook) -> None:
        self.log = Log()
        self.said: list[AlertTransition] = []
        self.now_ms = START_MS
        self._rules = rules
        self._seq = 0
        self.take_over()

    def take_over(self) -> None:
        """A new owner reads what was stored."""
        epoch = self.log.claim(str(self.log.end))
        self.lookout = Lookout(Rollups(Plan(), 1), Alerting(self._rules), CALENDAR)
        replay = Replay(LookoutKeeper(self.lookout))
        for record in self.log.records:
            replay.record(*record)
        replay.finish(epoch)

    def minute(self, counts: Mapping[str, Mapping[str, int]]) -> Published:
        """A minute in which subjects count so much."""
        panes = [
            wire.PaneState(
                subject, self.now_ms, MINUTE_MS, {key_of(name): n for name, n in tally.items()}
            )
            for subject, tally in counts.items()
        ]
        self.now_ms += MINUTE_MS
        heard = {SOURCE: dict.fromkeys(KINDS, START_MS - 10**9)}
        chunk = wire.Chunk(0, 0, self._seq, self.now_ms, 0, heard, {SOURCE: self.now_ms}, panes, {})
        self._seq += 1
        self.lookout.rollups.apply(chunk)
        published = self.lookout.flush({})
        assert published is not None
        self.log.append(published.log, self.lookout.epoch, published.seq)
        self.said += published.alerts
        return published

    def naming(self, person: str) -> list[bytes]:
        """The keys whose last value names somebody."""
        last = {key: value for key, value, _, _ in self.log.records}
        text = person.encode()
        return [key for key, value in last.items() if value is not None and text in key + value]


def steps(said: list[AlertTransition], person: str) -> list[str]:
    """What was said of the alerts about somebody."""
    return [each.transition for each in said if each.labels.get("annotator") == person]


def test_windows_and_rows_go_and_do_not_come_back() -> None:
    roof = Roof(book())
    roof.minute({of(ANNA): RIGHT, of(BO): RIGHT, queue(): RIGHT})
    roof.lookout.forget(ANNA)
    # A chunk from before stage 1 forgot them, too.
    published = roof.minute({of(ANNA): RIGHT, of(BO): RIGHT, queue(): RIGHT})
    assert {row.dims.get("annotator") for row in published.rows} == {BO, None}
    assert of(ANNA) not in {subject for subject, _ in published.snapshots}
    assert roof.naming(ANNA) == []
    assert roof.naming(BO)
    assert queue() in roof.lookout.rollups.subjects


def test_the_next_owner_has_not_heard_of_them() -> None:
    roof = Roof(book())
    roof.minute({of(ANNA): RIGHT})
    roof.lookout.forget(ANNA)
    roof.minute({})
    roof.take_over()
    assert roof.lookout.rollups.forgotten.holds(fingerprint(ANNA))
    assert of(ANNA) not in roof.lookout.rollups.subjects
    assert roof.minute({of(ANNA): RIGHT}).rows == []
    roof.take_over()
    assert roof.lookout.rollups.forgotten.holds(fingerprint(ANNA))
    assert roof.naming(ANNA) == []


def test_an_alert_about_them_resolves_and_is_forgotten() -> None:
    roof = Roof(book(rule(by=["org", "annotator"], annotations={})))
    roof.minute({of(ANNA): WRONG, of(BO): WRONG})
    assert steps(roof.said, ANNA) == steps(roof.said, BO) == ["firing"]
    roof.lookout.forget(ANNA)
    for _ in range(3):
        roof.minute({of(BO): WRONG})
    assert steps(roof.said, ANNA) == ["firing", "resolved"]
    assert steps(roof.said, BO) == ["firing"]
    assert roof.naming(ANNA) == []
    assert roof.naming(BO)


def test_an_owner_who_dies_after_it_still_tells_the_end() -> None:
    roof = Roof(book(rule(by=["org", "annotator"], annotations={})))
    roof.minute({of(ANNA): WRONG})
    roof.lookout.forget(ANNA)
    roof.minute({})
    roof.take_over()
    for _ in range(3):
        roof.minute({})
    # Said again by who took over: the one before may not have sent it.
    assert steps(roof.said, ANNA) == ["firing", "resolved", "resolved"]
    assert len({each.id for each in roof.said}) == 2
    assert roof.naming(ANNA) == []


def test_alerts_about_others_no_longer_name_them() -> None:
    north = subject_key("org", ("north",))
    roof = Roof(book(rule(by=["org"], annotations={})))
    roof.minute({of(ANNA): WRONG, of(BO): RIGHT, north: WRONG})
    (alert,) = roof.lookout.alerting.state.alerts.values()
    assert roof.naming(ANNA)
    assert alert.evidence is not None
    named = {name for each in alert.evidence.contributors for name in each.dims.values()}
    assert ANNA in named
    roof.lookout.forget(ANNA)
    roof.minute({north: WRONG})
    assert roof.naming(ANNA) == []
    assert alert.is_active
