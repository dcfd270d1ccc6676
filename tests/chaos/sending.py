"""Sends letters to real Kafka at a steady pace, straight to the broker and past all proxies.

Idempotent and patient: what it counts as sent lies in the topic exactly once, through restarts of
the broker too.
"""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from kafka import KafkaProducer

from tests.chaos.maker import Letter
from tests.chaos.promises import Promises
from tests.chaos.truth import Sent

_ANSWER_S = 120


class Sending:
    """A producer for the input topics of one space; ``sent`` is what Kafka has taken."""

    def __init__(self, servers: str, prefix: str, promises: Promises) -> None:
        self.sent = Sent()
        self.promises = promises
        self._prefix = prefix
        self._taking = threading.Lock()
        self._producer = KafkaProducer(
            bootstrap_servers=servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            request_timeout_ms=20_000,
            delivery_timeout_ms=_ANSWER_S * 1000,
        )

    def __enter__(self) -> "Sending":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._producer.close()

    def send(self, letters: Sequence[Letter], seconds: float) -> None:
        """Send all within about so many seconds, stamped as they are sent, and await them all."""
        began_s, done = time.monotonic(), 0
        answers: list[tuple[Letter, Any]] = []
        while done < len(letters):
            share = min(1.0, (time.monotonic() - began_s) / seconds) if seconds else 1.0
            due = max(done + 1, int(share * len(letters)))
            answers += [(each, self._one(each)) for each in letters[done:due]]
            done = due
            time.sleep(0.02)
        self._producer.flush()
        for letter, answer in answers:
            metadata = answer.get(_ANSWER_S)
            with self._taking:
                self.sent.took(letter, (letter.topic, metadata.partition, metadata.offset))
                self.promises.took(letter, metadata.timestamp)

    def _one(self, letter: Letter) -> Any:
        return self._producer.send(
            f"{self._prefix}ops.{letter.topic}",
            key=letter.key.encode(),
            value=letter.value,
            timestamp_ms=int(time.time() * 1000) - letter.slow_ms,
        )
