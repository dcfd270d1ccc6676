"""Hostile requests by the hundred: what is honest arrives, memory stays, nothing crashes.

Ten thousand of them: ``python -m tests.bench.gateway --hostile 10000``.
"""

import asyncio
import json
import time

from tests.gateway.conftest import OpenGateway
from tests.gateway.hostile import Onslaught
from tests.gateway.running_gateway import RunningGateway, event

COUNT = 300
GROWTH_BYTES_MAX = 48 * 1024 * 1024
IMPATIENT = {"WATCHFLOOR_GATEWAY_SILENT_S": "1", "WATCHFLOOR_GATEWAY_BODY_S": "1"}


def _await_no_connection(gateway: RunningGateway) -> None:
    until_s = time.monotonic() + 30
    while gateway.measured("gateway_connections") + gateway.measured("gateway_held_bytes"):
        assert time.monotonic() < until_s, "connections or bytes are held for ever"
        time.sleep(0.1)


def test_honest_events_among_hostile_requests_arrive_once(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(**IMPATIENT)
    onslaught = Onslaught(gateway.url)
    asyncio.run(onslaught.run(COUNT, 1, "warm"))
    before = gateway.measured("process_resident_bytes")
    asyncio.run(onslaught.run(COUNT, 2, "main"))
    assert gateway.measured("process_resident_bytes") - before < GROWTH_BYTES_MAX
    assert len(onslaught.taken) == 2 * COUNT // 5
    assert set(gateway.stored_ids()) == onslaught.taken
    assert not [(kind, status) for kind, status in onslaught.answers if status == 500]
    accepted = [kind for kind, status in onslaught.answers if status == 202 and kind != "honest"]
    assert not accepted
    _await_no_connection(gateway)
    gateway.child.ask_to_stop()
    assert gateway.child.await_end() == 0
    assert "Traceback" not in gateway.child.output.read_text()


def test_silent_connections_take_no_place_from_others(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(WATCHFLOOR_GATEWAY_SILENT_S="5", WATCHFLOOR_GATEWAY_CONNECTIONS_MAX="20")

    async def crowd() -> None:
        onslaught = Onslaught(gateway.url)
        held = await asyncio.gather(*(onslaught.connect() for _ in range(60)))
        said = await asyncio.gather(*(each.read() for each, _ in held), return_exceptions=True)
        refused = [it for it in said if isinstance(it, bytes) and b" 503 " in it]
        assert len(refused) == 40
        for _, writer in held:
            writer.close()

    asyncio.run(crowd())
    assert gateway.post(event("after")).status == 202


def test_a_full_gateway_says_when_to_come_again(open_gateway: OpenGateway) -> None:
    gateway = open_gateway(
        WATCHFLOOR_GATEWAY_INFLIGHT_BYTES_MAX=str(1024 * 1024),
        WATCHFLOOR_GATEWAY_BODY_BYTES_MAX=str(2 * 1024 * 1024),
    )
    found = gateway.post([event(f"f{n}", trace="x" * 200) for n in range(4000)])
    assert found.status == 429
    assert int(found.headers["Retry-After"]) > 0
    assert gateway.post(json.loads(json.dumps(event("small")))).status == 202
    _await_no_connection(gateway)
