"""kill -9 of the notifier at each step: nothing is lost, and what is repeated has the same id."""

import asyncio
from collections import defaultdict

from aiohttp import web

from tests.integration.main_job.floor_processes import Child
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, hook
from tests.notify.listeners import Heard, Listener, listening
from tests.notify.transitions import labels, step

#: At which step of which alert's delivery the notifier dies.
BEFORE_READING, BEFORE_THE_ANSWER, AFTER_THE_ANSWER = "unread", "unanswered", "unlogged"
DEATHS = (BEFORE_READING, BEFORE_THE_ANSWER, AFTER_THE_ANSWER, BEFORE_THE_ANSWER)
#: Those in the middle of a request, after which its notice may come once more.
TORN = sum(death != BEFORE_READING for death in DEATHS)


class Killer:
    """Kills the notifier when a receiver is in the middle of a request."""

    def __init__(self, space: NotifySpace) -> None:
        self.child: Child = space.notifier()
        self.plan = ""
        self.died = asyncio.Event()

    async def manner(self, request: web.Request) -> web.StreamResponse:
        """Answer 200, or kill before or after doing so."""
        if self.plan == BEFORE_THE_ANSWER:
            await self.kill()
        response = web.Response()
        await response.prepare(request)
        await response.write_eof()
        if self.plan == AFTER_THE_ANSWER:
            await self.kill()
        return response

    async def kill(self) -> None:
        """Now."""
        self.plan = ""
        await asyncio.to_thread(self.child.kill)
        self.died.set()


def queues(heard: list[Heard]) -> set[str]:
    return {each.json["groupLabels"]["queue"] for each in heard}


async def live_and_die(space: NotifySpace) -> list[Heard]:
    killer = Killer(space)
    async with listening(manner=killer.manner) as here:
        space.receivers(hook("ops", here.url))
        for number, death in enumerate(DEATHS):
            killer.plan, killer.died = death, asyncio.Event()
            if death == BEFORE_READING:
                await killer.kill()
            await space.say(step("firing", 1, given=labels(queue=f"q{number}")))
            async with asyncio.timeout(120):
                await killer.died.wait()
            killer.child = await space.again(killer.child)
        await here.until(lambda heard: len(queues(heard)) == len(DEATHS))
        await space.say(
            *(step("resolved", 2, given=labels(queue=f"q{n}")) for n in range(len(DEATHS)))
        )
        await until_ended(here)
        await asyncio.to_thread(killer.child.ask_to_stop)
        assert await asyncio.to_thread(killer.child.await_end) == 0
        return here.heard


async def until_ended(here: Listener) -> None:
    def ended(heard: list[Heard]) -> bool:
        return len(queues([h for h in heard if h.json["status"] == "resolved"])) == len(DEATHS)

    await here.until(ended)


def test_no_page_is_lost_and_a_repeat_carries_the_same_id(opened: OpenNotify) -> None:
    space = opened()
    heard = asyncio.run(live_and_die(space))
    ids = defaultdict(set)
    for each in heard:
        ids[each.json["groupLabels"]["queue"], each.json["status"]].add(each.headers["webhook-id"])
    assert len(ids) == 2 * len(DEATHS)
    assert all(len(found) == 1 for found in ids.values()), ids
    assert 2 * len(DEATHS) < len(heard) <= 2 * len(DEATHS) + TORN
    assert space.outcomes() == {"sent": 2 * len(DEATHS)}


async def take_over(space: NotifySpace) -> list[Heard]:
    """A paused notifier comes back when another has taken over, and both have something to say."""
    async with listening() as here:
        space.receivers(hook("ops", here.url, matchers=["alertname=BacklogAge"]))
        first = space.notifier()
        await space.say(step("firing", 1, given=labels(queue="before")))
        await here.until(lambda heard: queues(heard) == {"before"})
        first.pause()
        second = space.another_notifier()
        await space.say(step("firing", 1, given=labels(queue="during")))
        await here.until(lambda heard: queues(heard) == {"before", "during"})
        first.resume()
        await space.say(step("firing", 1, given=labels(queue="after")))
        await here.until(lambda heard: queues(heard) == {"before", "during", "after"})
        for child in (first, second):
            await asyncio.to_thread(child.ask_to_stop)
        ended = [await asyncio.to_thread(child.await_end) for child in (first, second)]
        assert ended[1] == 0
        return here.heard


def test_a_notifier_that_was_paused_adds_nothing_of_its_own(opened: OpenNotify) -> None:
    heard = asyncio.run(take_over(opened()))
    ids = {(each.json["groupLabels"]["queue"], each.headers["webhook-id"]) for each in heard}
    assert sorted(queue for queue, _ in ids) == ["after", "before", "during"]
    # One notice may have been on its way when the paused one woke up.
    assert len(heard) <= 4
