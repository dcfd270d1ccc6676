"""The broker goes and comes back: nothing that was answered with 202 is lost."""

import asyncio
import json

import aiohttp

from deploy.local.stack import Stack
from tests.gateway.conftest import OpenGateway
from tests.gateway.running_gateway import event


async def _until_taken(
    session: aiohttp.ClientSession, url: str, event_id: str, seen: set[int]
) -> None:
    body = json.dumps(event(event_id))
    while True:
        kind = {"Content-Type": "application/json"}
        async with session.post(f"{url}/v1/events", data=body, headers=kind) as answer:
            seen.add(answer.status)
            if answer.status == 202:
                return
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
        await asyncio.sleep(0.3)


def test_events_sent_while_the_broker_is_killed_all_arrive(
    gateway_stack: Stack, open_gateway: OpenGateway
) -> None:
    gateway = open_gateway(WATCHFLOOR_GATEWAY_BROKER_S="2")
    assert gateway.post(event("before")).status == 202
    seen: set[int] = set()

    async def outage() -> None:
        gateway_stack.kill("kafka")
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            for number in range(40):
                group.create_task(_until_taken(session, gateway.url, f"during-{number}", seen))
            async with asyncio.timeout(60):
                while (await asyncio.to_thread(gateway.get, "/readyz"))[0] != 503:
                    await asyncio.sleep(0.1)
            # All have been turned away once before the broker is there again.
            while 503 not in seen:
                await asyncio.sleep(0.1)
            await asyncio.to_thread(gateway_stack.start, "kafka")

    asyncio.run(outage())
    assert seen == {202, 503}
    assert set(gateway.stored_ids()) == {"before", *(f"during-{n}" for n in range(40))}
    assert gateway.post(event("after")).status == 202
    assert gateway.get("/readyz")[0] == 200


def test_a_stop_waits_for_what_is_being_stored(
    gateway_stack: Stack, open_gateway: OpenGateway
) -> None:
    gateway = open_gateway()

    async def stop_meanwhile() -> list[int]:
        async with aiohttp.ClientSession() as session:
            kind = {"Content-Type": "application/json"}
            posts = [
                session.post(
                    f"{gateway.url}/v1/events",
                    data=json.dumps([event(f"s{n}-{m}") for m in range(500)]),
                    headers=kind,
                )
                for n in range(8)
            ]
            asked = [asyncio.ensure_future(post) for post in posts]
            await asyncio.sleep(0.05)
            gateway.child.ask_to_stop()
            done = await asyncio.gather(*asked, return_exceptions=True)
            return [each.status for each in done if isinstance(each, aiohttp.ClientResponse)]

    statuses = asyncio.run(stop_meanwhile())
    assert gateway.child.await_end() == 0
    taken = statuses.count(202)
    assert set(statuses) <= {202, 503}
    assert len(set(gateway.stored_ids())) >= 500 * taken
