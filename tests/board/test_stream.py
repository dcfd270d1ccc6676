"""The stream: what changed and nothing else, whoever comes back, and whoever is slow."""

import asyncio
import json
import socket
from urllib.parse import urlsplit

import msgspec
import pytest

from schemas.measures import key_of
from sinks.board.changes import changes, merged
from tests.board.stands import CLIENT, LIMITED, NOW_MS, SPAN_MS, Ground, Stand, open_stand
from tests.notify.transitions import labels, step

FLOOR = "/api/stream?by=queue&detail=1"


def later(ground: Ground, minutes: int) -> None:
    """The simulated floor goes on, and all of it is written again."""
    ground.engine.tick(NOW_MS + minutes * 60_000)
    ground.publish()


def test_a_snapshot_and_its_deltas_are_the_snapshot_of_later(ground: Ground) -> None:
    async def follow() -> None:
        async with open_stand(ground) as stand:
            before = await stand.get("/api/snapshot?by=queue&detail=1")
            later(ground, 1)
            await stand.turn()
            after = await stand.get("/api/snapshot?by=queue&detail=1")
            delta = changes(before, after)
            assert delta is not None
            assert len(json.dumps(delta)) < len(json.dumps(after))
            rebuilt = merged(before, delta)
            for name in ("place", "strip", "rows", "alerts", "as_of_ms"):
                assert rebuilt[name] == after[name], name

    asyncio.run(follow())


def test_whoever_comes_back_hears_what_was_missed(ground: Ground) -> None:
    async def follow() -> None:
        async with open_stand(ground) as stand:
            await stand.get("/api/snapshot?by=queue&detail=1")
            first = await stand.get("/api/snapshot?by=queue&detail=1")
            for minutes in (2, 3):
                later(ground, minutes)
                await stand.turn()
            body = first
            heard = []
            async for event in stand.events(FLOOR, last_id=first["id"]):
                heard.append(event.name)
                body = merged(body, event.data)
                if len(heard) == 2:
                    break
            assert heard == ["delta", "delta"]
            latest = await stand.get("/api/snapshot?by=queue&detail=1")
            assert body["rows"] == latest["rows"]
            assert body["id"] == latest["id"]
            async for event in stand.events(FLOOR, last_id="17-0.1.1"):
                assert event.name == "snapshot"
                break

    asyncio.run(follow())


def test_a_step_of_an_alert_is_told_once_to_those_who_may_see_it(ground: Ground) -> None:
    async def follow() -> None:
        async with open_stand(ground) as stand:
            path = "/api/stream?by=none"
            everybody, client = stand.events(path), stand.events(path, CLIENT)
            assert (await anext(everybody)).name == (await anext(client)).name == "snapshot"
            given = step("firing", 1, given=labels(queue="text", project="moderation"))
            ground.say(given, given)
            await stand.turn()
            names = [(await anext(everybody)).name for _ in range(3)]
            assert names == ["delta", "alert", "beat"]
            assert (await anext(client)).name in ("delta", "beat")
            found = await stand.get("/api/alerts")
            assert [each["fingerprint"] for each in found["alerts"]] == [given.fingerprint]
            assert (await stand.get("/api/alerts", CLIENT))["alerts"] == []
            assert len((await stand.get("/api/alerts", LIMITED))["alerts"]) == 1

    asyncio.run(asyncio.wait_for(follow(), 60))


def _stuck(stand: Stand, path: str) -> socket.socket:
    """A client that asks for a stream and never reads it."""
    parts = urlsplit(stand.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((parts.hostname, parts.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return client


def test_a_client_that_was_slow_gets_a_snapshot_and_no_queue_of_deltas(ground: Ground) -> None:
    async def follow() -> None:
        async with open_stand(ground) as stand:
            client = await asyncio.to_thread(_stuck, stand, FLOOR)
            channels = stand.parts.hub.channels
            while not any(each.clients for each in channels.values()):
                await asyncio.sleep(0.01)
            turns = 25
            for minutes in range(4, 4 + turns):
                later(ground, minutes)
                await stand.turn()
            text = await asyncio.to_thread(_read_on, client)
            while text.count("event: snapshot") < 2:
                await stand.turn()
                text += await asyncio.to_thread(_read_on, client)
            assert text.count("event: delta") < turns
            client.close()
            while any(each.clients for each in channels.values()):
                await stand.turn()
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(follow(), 90))


def _read_on(client: socket.socket) -> str:
    """What has come by now."""
    client.settimeout(0.3)
    found = b""
    try:
        while part := client.recv(2**16):
            found += part
    except TimeoutError:
        pass
    return found.decode(errors="replace")


def test_late_data_restates_a_step_and_the_answer_says_so(ground: Ground) -> None:
    """What was shown of a step that is over is remembered."""

    async def follow() -> None:
        async with open_stand(ground) as stand:
            path = "/api/history?place=all&metric=throughput&span=3h&step=15m"
            before = (await stand.get(path))["series"]["throughput"]
            assert before["restated"] == []
            at_ms = NOW_MS - SPAN_MS // 2
            t_ms = at_ms - at_ms % (15 * 60_000)
            rows = [row for row in ground.engine.found.rollups.values()
                    if row.grouping == "all" and row.pane_start_ms == t_ms]  # fmt: skip
            assert rows
            tally = {**rows[0].tally, key_of("submitted"): 10_000}
            late = msgspec.structs.replace(rows[0], revision=2**60, tally=tally)
            assert ground.store.write("rollups", [late]) == []
            after = before
            while not after["restated"]:  # An answer is kept for five seconds.
                await asyncio.sleep(0.2)
                after = (await stand.get(path))["series"]["throughput"]
            (change,) = after["restated"]
            assert change["t_ms"] == t_ms
            assert change["is"] > change["was"]

    asyncio.run(follow())


@pytest.mark.parametrize("given", ["", "0-0", "x" * 5000, "1-1.2.3", "\u2603"])
def test_any_last_id_is_answered(ground: Ground, given: str) -> None:
    async def follow() -> None:
        async with open_stand(ground) as stand:
            async for event in stand.events(FLOOR, last_id=given.encode().hex()[:8000]):
                assert event.name == "snapshot"
                break

    asyncio.run(follow())
