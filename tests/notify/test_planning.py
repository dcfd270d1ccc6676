"""Notices: gathered by group, in order, tried again, and never decided twice."""

from schemas.alerts import AlertTransition
from sinks.notify import own
from sinks.notify.answers import Answer, pause_ms, settle
from sinks.notify.book import Book
from sinks.notify.planning import Moment, plan
from tests.notify.receivers import receiver
from tests.notify.transitions import START_MS, evidence, labels, step

NOW_MS = START_MS
RETRY = Answer("retry", "http_500")


def fired(queue: str) -> AlertTransition:
    return step("firing", 1, given=labels(queue=queue))


def resolved(queue: str) -> AlertTransition:
    return step("resolved", 2, given=labels(queue=queue))


def copied(book: Book) -> Book:
    """The book as the log gives it back."""
    other = Book()
    for key, value in book.records():
        other.put_back(key, value)
    other.begin(1, set(), set())
    return other


def test_a_group_is_one_notice_after_its_wait() -> None:
    book, who = Book(), receiver(group_by=["project"], group_wait="5s")
    book.take(fired("a"), NOW_MS)
    book.take(fired("b"), NOW_MS + 4000)
    assert plan(book, [who], Moment(NOW_MS + 4999)) == []
    (notice,) = plan(book, [who], Moment(NOW_MS + 5000))
    assert [each.alert.labels["queue"] for each in notice.news] == ["a", "b"]
    assert notice.group == {"project": "comments-en"}


def test_other_values_are_other_notices() -> None:
    book, who = Book(), receiver(group_by=["queue"])
    book.take(fired("a"), NOW_MS)
    book.take(fired("b"), NOW_MS)
    assert len(plan(book, [who], Moment(NOW_MS))) == 2


def test_a_notice_shows_what_else_fires_in_its_group() -> None:
    book, who = Book(), receiver()
    book.take(fired("a"), NOW_MS)
    (first,) = plan(book, [who], Moment(NOW_MS))
    settle(book, first, Answer("sent"), who, NOW_MS)
    book.take(fired("b"), NOW_MS)
    (second,) = plan(book, [who], Moment(NOW_MS))
    assert [(e.alert.labels["queue"], e.reason) for e in second.entries] == [
        ("b", "firing"),
        ("a", None),
    ]


def test_who_died_after_deciding_sends_the_same_notice() -> None:
    book, who = Book(), receiver()
    book.take(fired("a"), NOW_MS)
    (notice,) = plan(book, [who], Moment(NOW_MS))
    after = copied(book)
    assert plan(after, [who], Moment(NOW_MS + 1)) == []
    assert after.pending("ops") == [notice]


def test_who_died_before_deciding_was_durable_decides_the_same_id() -> None:
    ids = set()
    for now_ms in (NOW_MS, NOW_MS + 777):
        book = Book()
        book.take(fired("a"), now_ms)
        ids |= {each.id for each in plan(book, [receiver()], Moment(now_ms))}
    assert len(ids) == 1


def test_a_repeat_has_an_id_of_its_own() -> None:
    book, who, now_ms, ids = Book(), receiver(repeat_interval="1h"), NOW_MS, set()
    book.take(fired("a"), NOW_MS)
    for _ in range(3):
        (notice,) = plan(book, [who], Moment(now_ms))
        settle(book, notice, Answer("sent"), who, now_ms)
        ids.add(notice.id)
        now_ms += 3_600_000
    assert len(ids) == 3


def test_the_end_waits_for_the_beginning_and_hurries_it() -> None:
    book, who = Book(), receiver()
    book.take(fired("a"), NOW_MS)
    (first,) = plan(book, [who], Moment(NOW_MS))
    for n in range(4):
        first = settle(book, first, RETRY, who, NOW_MS + n)
    assert first.next_try_ms > NOW_MS + 3_600_000
    book.take(resolved("a"), NOW_MS + 10_000)
    assert plan(book, [who], Moment(NOW_MS + 10_000)) == []
    (hurried,) = book.pending("ops")
    assert hurried.next_try_ms == NOW_MS + 10_000
    later = settle(book, hurried, RETRY, who, NOW_MS + 10_001)
    assert plan(book, [who], Moment(NOW_MS + 20_000)) == []
    assert book.pending("ops") == [later]
    settle(book, later, Answer("sent"), who, NOW_MS + 20_001)
    (end,) = plan(book, [who], Moment(NOW_MS + 20_002))
    assert [each.reason for each in end.news] == ["resolved"]


def test_pauses_follow_the_list_with_jitter_and_the_last_is_repeated() -> None:
    book, who = Book(), receiver(retries=["5s", "5m", "30m", "2h"])
    book.take(fired("a"), NOW_MS)
    (notice,) = plan(book, [who], Moment(NOW_MS))
    pauses = []
    for _ in range(6):
        notice = settle(book, notice, RETRY, who, NOW_MS)
        pauses.append(notice.next_try_ms - NOW_MS)
    for pause, wanted in zip(pauses, (5, 300, 1800, 7200, 7200, 7200), strict=True):
        assert 0.8 * wanted * 1000 <= pause <= 1.2 * wanted * 1000
    assert len(set(pauses[3:])) == 3
    assert pause_ms(who, notice) == pauses[-1]


def test_a_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    book, who = Book(), receiver()
    book.take(fired("a"), NOW_MS)
    (notice,) = plan(book, [who], Moment(NOW_MS))
    asked = settle(book, notice, Answer("retry", "http_429", 10**12), who, NOW_MS)
    assert asked.next_try_ms == NOW_MS + 3_600_000


def test_an_answer_of_410_stops_this_version_of_a_receiver() -> None:
    book, who = Book(), receiver(group_by=["queue"])
    for queue in "ab":
        book.take(fired(queue), NOW_MS)
    first, second = plan(book, [who], Moment(NOW_MS))
    settle(book, first, Answer("gone", "http_410"), who, NOW_MS)
    assert {book.notices[each.id].outcome for each in (first, second)} == {"stopped"}
    book.take(fired("c"), NOW_MS)
    assert plan(book, [who], Moment(NOW_MS)) == []
    mended = receiver(group_by=["queue"], webhook={"url": "https://hooks.example.org/new"})
    assert len(plan(book, [mended], Moment(NOW_MS))) == 1


def test_a_notice_is_given_up_in_the_end_and_says_so() -> None:
    book, who = Book(), receiver(give_up_after="1h")
    book.take(fired("a"), NOW_MS)
    (notice,) = plan(book, [who], Moment(NOW_MS))
    settle(book, notice, RETRY, who, NOW_MS + 3_600_000)
    assert book.notices[notice.id].outcome == "abandoned"


def test_a_dead_receiver_is_an_alert_that_others_get_and_it_does_not() -> None:
    book, dead, other = Book(), receiver("dead"), receiver("other")
    book.take(fired("a"), NOW_MS)
    notice = next(each for each in plan(book, [dead], Moment(NOW_MS)))
    for _ in range(2):
        notice = settle(book, notice, RETRY, dead, NOW_MS)
    (raised,) = own.steps(book, own.failing_receivers(book), NOW_MS)
    assert raised.labels["receiver"] == "dead"
    book.take(raised, NOW_MS)
    assert own.steps(book, own.failing_receivers(book), NOW_MS) == []
    assert not dead.wants(raised.labels)
    assert other.wants(raised.labels)
    settle(book, notice, Answer("sent"), dead, NOW_MS)
    (over,) = own.steps(book, own.failing_receivers(book), NOW_MS + 1)
    assert (over.state, over.seq, over.starts_at_ms) == ("resolved", 2, raised.starts_at_ms)


def test_the_watchdog_is_for_its_receiver_only_and_keeps_quiet_when_the_floor_does() -> None:
    book = Book()
    ops, dog = receiver(), receiver("dog", watchdog=True, repeat_interval="1m")
    for each in own.steps(book, [own.watchdog(NOW_MS)], NOW_MS):
        book.take(each, NOW_MS)
    assert plan(book, [ops, dog], Moment(NOW_MS, watched=False)) == []
    (first,) = plan(book, [ops, dog], Moment(NOW_MS))
    assert (first.receiver, first.news[0].reason) == ("dog", "watchdog")
    settle(book, first, Answer("sent"), dog, NOW_MS)
    assert plan(book, [ops, dog], Moment(NOW_MS + 59_999)) == []
    assert len(plan(book, [ops, dog], Moment(NOW_MS + 60_000))) == 1


def test_more_news_than_fits_one_notice_comes_in_the_next() -> None:
    book, who = Book(), receiver()
    for n in range(130):
        book.take(fired(f"q{n}"), NOW_MS)
    (first,) = plan(book, [who], Moment(NOW_MS))
    assert len(first.entries) == 100
    settle(book, first, Answer("sent"), who, NOW_MS)
    (second,) = plan(book, [who], Moment(NOW_MS))
    assert (len(second.news), len(second.entries), second.left_out) == (30, 100, 30)


def test_a_storm_is_planned_in_batches_that_fit_the_log() -> None:
    book, who, planned = Book(), receiver(group_by=["queue"]), 0
    for n in range(2500):
        book.take(step("firing", 1, given=labels(queue=f"q{n}"), evidence=evidence()), NOW_MS)
    book.records()
    while made := plan(book, [who], Moment(NOW_MS)):
        planned += len(made)
        assert sum(len(value or b"") for _, value in book.records()) < 8_000_000
    assert planned == 2500


def test_what_is_over_and_told_is_looked_at_no_more_until_a_correction_comes() -> None:
    book, who, seen = Book(), receiver(), []
    later_ms = NOW_MS + 2 * 3_600_000
    for alert, now_ms in (
        (fired("a"), NOW_MS),
        (resolved("a"), NOW_MS),
        (step("corrected", 3, given=labels(queue="a")), later_ms),
    ):
        book.forget(now_ms, ["ops"])
        book.take(alert, now_ms)
        for notice in plan(book, [who], Moment(now_ms)):
            seen += [each.reason for each in notice.news]
            settle(book, notice, Answer("sent"), who, now_ms)
        book.forget(now_ms + 3_600_001, ["ops"])
    assert seen == ["firing", "resolved", "corrected"]
    assert book.live == {}
    assert len(book.episodes) == 1


def test_what_is_over_for_long_is_forgotten_and_what_fires_is_not() -> None:
    book = Book()
    book.take(fired("a"), NOW_MS)
    book.take(fired("b"), NOW_MS)
    book.take(resolved("b"), NOW_MS)
    book.records()
    book.forget(NOW_MS + 8 * 86_400_000, [])
    assert [each.alert.labels["queue"] for each in book.episodes.values()] == ["a"]
    assert [value for _, value in book.records()] == [None]
