"""A small crowd, half of it slow; and a floor of many people."""

import asyncio

import msgspec

from tests.board.crowd import crowd
from tests.board.stands import PEOPLE, Ground, open_stand


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


def test_a_turn_forgets_nobody_whom_a_view_is_about_to_show(ground: Ground) -> None:
    many = 1_500
    one = next(row for row in ground.engine.found.snapshots.values() if row.grouping == "annotator")
    ground.redis.write(
        [msgspec.structs.replace(one, dims={**one.dims, "annotator": f"p{n}"}) for n in range(many)]
    )

    async def gather() -> None:
        async with open_stand(ground) as stand:
            asked = asyncio.create_task(stand.get("/api/snapshot?by=annotator", PEOPLE))
            while not asked.done():
                await stand.turn()
            assert (await asked)["rows_total"] >= many

    asyncio.run(asyncio.wait_for(gather(), 60))
