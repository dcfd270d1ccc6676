"""From the topic of alerts to everywhere: receivers, the log in ClickHouse, the feed in Redis."""

import asyncio

import msgspec
from redis import Redis

from streams.spaces import Names
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, hook
from tests.notify.listeners import listening
from tests.notify.transitions import evidence, step

EVIDENCE = msgspec.structs.replace(evidence(), item_ids=(), items_sql="SELECT 'case-9'")
STEPS = [step("pending", 0), step("firing", 1, evidence=EVIDENCE), step("resolved", 2)]
HATE = ("BacklogAge", "hate")


async def live(space: NotifySpace) -> None:
    async with listening() as here:
        space.receivers(hook("ops", here.url, matchers=["alertname=BacklogAge"]))
        children = [
            space.notifier(),
            space.floor.deliver("clickhouse"),
            space.floor.deliver("redis"),
        ]
        await space.say(*STEPS[:2])
        await here.until(lambda heard: len(heard) == 1)
        assert here.heard[0].json["alerts"][0]["annotations"]["items"] == "case-9"
        await space.say(STEPS[2])
        await here.until(lambda heard: len(heard) == 2)
        await until_logged(space)
        for child in children:
            child.ask_to_stop()
        assert [await asyncio.to_thread(child.await_end) for child in children] == [0, 0, 0]


def logged(space: NotifySpace) -> list[tuple[object, ...]]:
    found = space.floor.client.query(
        "SELECT kind, what, receiver, outcome, attempts, rule, labels['queue'], item_ids "
        "FROM alert_log FINAL "
        f"WHERE fingerprint = '{STEPS[0].fingerprint}' ORDER BY kind, seq"
    )
    return [tuple(row) for row in found.result_rows]


async def until_logged(space: NotifySpace) -> None:
    async with asyncio.timeout(120):
        while len(await asyncio.to_thread(logged, space)) < 5:
            await asyncio.sleep(0.2)


def test_every_step_and_notice_is_in_the_log_and_the_feed(opened: OpenNotify) -> None:
    space = opened(WATCHFLOOR_NOTIFY_SILENT_S="3600")
    asyncio.run(live(space))
    assert logged(space) == [
        ("notice", "firing", "ops", "sent", 1, *HATE, []),
        ("notice", "resolved", "ops", "sent", 1, *HATE, []),
        ("transition", "pending", "", "", 0, *HATE, []),
        ("transition", "firing", "", "", 0, *HATE, ["case-9"]),
        ("transition", "resolved", "", "", 0, *HATE, []),
    ]
    prefix = Names(space.floor.name).redis_prefix
    with Redis.from_url(space.floor.settings.connections.redis, decode_responses=True) as redis:
        ids = [fields["id"] for _, fields in redis.xrange(f"{prefix}alerts")]
        assert [name for name in ids if name in {each.id for each in STEPS}] == [
            each.id for each in STEPS
        ]
        assert redis.hget(f"{prefix}alert:{STEPS[0].fingerprint}", "state") == "resolved"
        for key in redis.scan_iter(match=f"{prefix}*"):
            redis.unlink(key)
