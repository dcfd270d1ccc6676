"""What a receiver answered, and what follows from it: done, again later, or never again. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import msgspec

from schemas.receivers import Receiver
from sinks.notify.book import Book, Standing
from sinks.notify.notice import Notice

RETRY_AFTER_MS_MAX = 3_600_000
#: Whatever the file says: a receiver that fails at once must not be asked without a pause.
PAUSE_MS_MIN = 50
#: A receiver that failed so often in a row is an alert itself.
FAILURES_OF_A_DEAD_ONE = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """``refused``: this body would be refused again; ``gone``: send nothing any more.

    ``detail`` is a status or a kind of error of ours, never text of the receiver's.
    """

    kind: Literal["sent", "retry", "refused", "gone"]
    detail: str = ""
    retry_after_ms: int = 0


def pause_ms(receiver: Receiver, notice: Notice) -> int:
    """How long to wait after the attempt just made: the receiver's list, give or take a fifth.

    The jitter comes from id and attempt, so notices that failed together are tried apart.
    """
    step = min(notice.attempts, len(receiver.retries_ms)) - 1
    seed = blake2b(f"{notice.id}/{notice.attempts}".encode(), digest_size=4).digest()
    share = int.from_bytes(seed) / 2**32
    return max(PAUSE_MS_MIN, int(receiver.retries_ms[max(step, 0)] * (0.8 + 0.4 * share)))


def settle(book: Book, notice: Notice, answer: Answer, receiver: Receiver, now_ms: int) -> Notice:
    """Write down what came of one attempt; the notice as it is now."""
    tried = msgspec.structs.replace(
        notice, attempts=notice.attempts + 1, tried_ms=now_ms, detail=answer.detail
    )
    if answer.kind == "sent":
        tried = msgspec.structs.replace(tried, outcome="sent")
        _recovered(book, tried, now_ms)
    elif answer.kind == "gone":
        tried = msgspec.structs.replace(tried, outcome="stopped")
        _failed(book, receiver, answer, now_ms, stopped=receiver.version)
        _end_others(book, tried)
    elif answer.kind == "refused":
        tried = msgspec.structs.replace(tried, outcome="refused")
        _failed(book, receiver, answer, now_ms)
    elif now_ms - notice.created_ms >= receiver.give_up_after_ms:
        tried = msgspec.structs.replace(tried, outcome="abandoned")
        _failed(book, receiver, answer, now_ms)
    else:
        wait_ms = max(pause_ms(receiver, tried), min(answer.retry_after_ms, RETRY_AFTER_MS_MAX))
        tried = msgspec.structs.replace(tried, next_try_ms=now_ms + wait_ms)
        _failed(book, receiver, answer, now_ms)
    book.put(tried)
    return tried


def give_up(book: Book, receiver: str, detail: str) -> list[Notice]:
    """End everything that is on its way to a receiver that is no more."""
    return _each_pending(
        book,
        receiver,
        lambda notice: msgspec.structs.replace(notice, outcome="abandoned", detail=detail),
    )


def _recovered(book: Book, sent: Notice, now_ms: int) -> None:
    if book.standings.get(sent.receiver, Standing()).failing_since_ms is not None:
        # It is there again: what waits for it need not wait for its next try.
        _each_pending(
            book, sent.receiver, lambda notice: msgspec.structs.replace(notice, next_try_ms=now_ms)
        )
    book.stand(sent.receiver, Standing())


def _failed(book: Book, receiver: Receiver, answer: Answer, now_ms: int, stopped: str = "") -> None:
    before = book.standings.get(receiver.name, Standing())
    since_ms = before.failing_since_ms if before.failing_since_ms is not None else now_ms
    final = answer.kind != "retry"
    failures = max(before.failures + 1, FAILURES_OF_A_DEAD_ONE if final else 0)
    book.stand(receiver.name, Standing(since_ms, failures, answer.detail, stopped))


def _end_others(book: Book, stopped: Notice) -> None:
    _each_pending(
        book,
        stopped.receiver,
        lambda notice: msgspec.structs.replace(notice, outcome="stopped", detail=stopped.detail),
    )


def _each_pending(book: Book, receiver: str, change: Callable[[Notice], Notice]) -> list[Notice]:
    changed = [change(each) for each in book.pending(receiver)]
    for each in changed:
        book.put(each)
    return changed
