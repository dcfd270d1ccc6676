"""A small crowd, half of it slow: everybody else hears every turn."""

import asyncio

from tests.board.crowd import crowd
from tests.board.stands import Ground, open_stand


def test_slow_clients_keep_nobody_waiting(ground: Ground) -> None:
    async def gather() -> None:
        async with open_stand(ground, running=True) as stand:
            ground.beat()
            heard = await crowd(stand.url, 12, 3.5, per_s=100)
            assert heard.lost == 0
            # Six fast clients, at least two turns each, a beat with every turn.
            assert heard.events >= 6 * 3
            channels = stand.parts.hub.channels.values()
            while any(channel.clients for channel in channels):
                await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(gather(), 60))
