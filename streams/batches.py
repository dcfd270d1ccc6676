"""What an agent receives: everything one fetch brought for one partition, still raw bytes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import faust
from aiokafka import ConsumerRecord
from faust.serializers.schemas import Schema
from faust.types import TP, AppT, EventT, Message, TopicT
from faust.types.serializers import SchemaT

Records = list[ConsumerRecord[bytes | None, bytes | None]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one fetch brought for one partition, in offset order; never empty."""

    tp: TP
    records: Records
    #: The group generation it was fetched in; see ``Consumer.holds``.
    generation: int

    @property
    def next_offset(self) -> int:
        """The offset to go on from once these records are durable."""
        return int(self.records[-1].offset) + 1


class BatchSchema(Schema):  # type: ignore[type-arg]  # Not generic at run time.
    """Hands a fetch to the agent as it is: nothing is decoded, so nothing can be malformed."""

    def compile(self, app: AppT, **_kwargs: Any) -> Any:
        async def decode(message: Message, **_: Any) -> "EventT[Any]":
            return app.create_event(None, message.value, message.headers, message)

        return decode


def batch_topic(app: AppT, name: str) -> TopicT:
    """A topic whose agent receives ``Batch``es; iterate with ``batches(stream)``."""
    return app.topic(name, schema=cast("SchemaT[Any, Any]", BatchSchema()), internal=False)


async def batches(stream: faust.StreamT[Any]) -> AsyncIterator[Batch]:
    """Every batch of the agent's topics, never acknowledged by Faust."""
    async for event in cast(Any, stream).noack().events():
        message = event.message
        yield Batch(message.tp, event.value, message.generation_id)
