"""A partition that was revoked while its dead letters were sent once ended the worker."""

import asyncio

from schemas.codec import Decoder
from schemas.topics import Topics
from streams.changelog import StageSettings
from streams.core.plan import Plan
from streams.core.shard import Shard
from streams.core.terms import Book
from streams.meters import Meters
from streams.runtime import AppSettings, make_app
from streams.stage1 import Reading, Stage1


class Revoked(Stage1):
    """Loses its partition in the one wait before a flush is made."""

    async def _secure(self, partition: int, _state: Shard) -> None:
        await asyncio.sleep(0)
        self.drop(partition)


def test_a_partition_that_is_revoked_before_its_flush_is_made_is_not_flushed() -> None:
    async def flush() -> None:
        app = make_app(AppSettings(kafka="127.0.0.1:9", group="g"))
        plan = Plan()
        stage = Revoked(
            app,
            StageSettings(plan, Topics("t"), 4),
            Reading(Decoder(None), Book((), "", 0, {})),
            Meters(),
        )
        stage.states[1] = Shard(plan, 1, Decoder(None))
        await stage.flush(1)
        assert stage.states == {}

    asyncio.run(flush())
