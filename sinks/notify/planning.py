"""Who is to be told of what, now: episodes gathered into notices, one receiver at a time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from schemas.notices import Reason
from schemas.receivers import Receiver
from sinks.notify.book import Book, Episode
from sinks.notify.decision import Mark, is_active, should_notify, standing_after
from sinks.notify.notice import Entry, Notice, notice_id

#: Without anything late for so long, catching up is taken to be over.
CAUGHT_UP_AFTER_MS = 60_000
#: More news than this is told in several notices; alerts without news are left out first.
ENTRIES_MAX = 100
#: One plan is one atomic batch of the log, so a storm is planned in several.
PLANNED_ENTRIES_MAX = 1000

News = tuple[Episode, Reason]
#: The values of the labels that a receiver groups by.
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a plan is made. ``watched``: the floor is heard of, so the watchdog may speak."""

    now_ms: int
    watched: bool = True
    caught_up_after_ms: int = CAUGHT_UP_AFTER_MS


def plan(book: Book, receivers: Iterable[Receiver], moment: Moment) -> list[Notice]:
    """Decide on new notices and mark them as told; append the book before sending any.

    A group of a receiver has one notice on its way at a time, so that nobody hears of the end
    before the beginning; news makes a waiting one be tried at once. A storm takes several plans.
    """
    made: list[Notice] = []
    for receiver in receivers:
        standing = book.standings.get(receiver.name)
        if standing is not None and standing.stopped == receiver.version:
            continue
        if receiver.watchdog and not moment.watched:
            continue
        room = PLANNED_ENTRIES_MAX - sum(len(each.entries) for each in made)
        made += _plan_one(book, receiver, moment, room)
    return made


def _plan_one(book: Book, receiver: Receiver, moment: Moment, room: int) -> list[Notice]:
    news, firing = _gather(book, receiver, moment)
    if not news:
        return []
    busy = {tuple(each.group.values()): each for each in book.pending(receiver.name)}
    made: list[Notice] = []
    for values, told in news.items():
        if values in busy:
            _hurry(book, busy[values], told, moment.now_ms)
        elif room > 0 and _waited(receiver, told, moment.now_ms):
            others = firing.get(values, [])
            made.append(_make(book, receiver, told[:ENTRIES_MAX], others, moment.now_ms))
            room -= len(made[-1].entries)
    return made


def _gather(
    book: Book, receiver: Receiver, moment: Moment
) -> tuple[dict[Group, list[News]], dict[Group, list[Episode]]]:
    """By group: what the receiver is to be told, and what else it knows to fire."""
    caught_up = moment.now_ms - book.meta.late_ms >= moment.caught_up_after_ms
    news: dict[Group, list[News]] = {}
    firing: dict[Group, list[Episode]] = {}
    for episode in book.live.values():
        alert, mark = episode.alert, episode.marks.get(receiver.name)
        reason = should_notify(mark, alert, receiver, moment.now_ms, caught_up=caught_up)
        if reason is not None and receiver.wants(alert.labels):
            news.setdefault(_group(receiver, episode), []).append((episode, reason))
        elif mark is not None and is_active(alert) and not alert.suppressed_by:
            firing.setdefault(_group(receiver, episode), []).append(episode)
    return news, firing


def _group(receiver: Receiver, episode: Episode) -> Group:
    return tuple(episode.alert.labels.get(name, "") for name in receiver.group_by)


def _waited(receiver: Receiver, news: list[News], now_ms: int) -> bool:
    oldest_ms = min(episode.taken_ms for episode, _ in news)
    return now_ms - oldest_ms >= receiver.group_wait_ms


def _hurry(book: Book, notice: Notice, news: list[News], now_ms: int) -> None:
    """Try a waiting notice at once if something happened since its last try."""
    newest_ms = max(episode.taken_ms for episode, _ in news)
    if notice.next_try_ms > now_ms and newest_ms > notice.tried_ms:
        book.put(msgspec.structs.replace(notice, next_try_ms=now_ms))


def _make(
    book: Book, receiver: Receiver, news: list[News], others: list[Episode], now_ms: int
) -> Notice:
    group = _group(receiver, news[0][0])
    steps = []
    for episode, reason in news:
        before = episode.marks.get(receiver.name)
        n = before.n if before else 0
        steps.append((episode.alert.id, reason, n))
        standing = standing_after(reason, episode.alert)
        episode.marks[receiver.name] = Mark(episode.alert.seq, now_ms, standing, n + 1)
        book.change(episode)
    room = ENTRIES_MAX - len(news)
    notice = Notice(
        id=notice_id(receiver.name, steps),
        receiver=receiver.name,
        group=dict(zip(receiver.group_by, group, strict=True)),
        entries=(
            *(Entry(episode.alert, reason) for episode, reason in news),
            *(Entry(episode.alert, None) for episode in others[:room]),
        ),
        left_out=max(0, len(others) - room),
        created_ms=now_ms,
        next_try_ms=now_ms,
    )
    book.put(notice)
    return notice
