"""Receivers that hang, fail, redirect or refuse: they delay nobody, and are alerts themselves."""

import asyncio

from aiohttp import web

from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, hook
from tests.notify.listeners import Heard, Listener, hang, listening, send_elsewhere
from tests.notify.transitions import labels, step

SOON = {"retries": ["100ms", "200ms"], "timeout": "500ms"}


class Moody:
    """Answers 500 until it is well."""

    def __init__(self) -> None:
        self.well = False

    async def manner(self, _request: web.Request) -> web.StreamResponse:
        """200 or 500."""
        return web.Response(status=200 if self.well else 500)


def names(heard: list[Heard], status: str = "firing") -> set[str]:
    """Queues, or receivers and signals, of the alerts that were told."""
    return {
        alert["labels"].get("queue")
        or alert["labels"].get("receiver")
        or alert["labels"]["alertname"]
        for each in heard
        for alert in each.json["alerts"]
        if each.json["status"] == status
    }


async def trouble(space: NotifySpace) -> None:
    moody = Moody()
    async with (
        listening() as good,
        listening(manner=moody.manner) as failing,
        listening(manner=hang) as hanging,
        listening(manner=send_elsewhere) as redirecting,
        listening(410) as gone,
        listening() as dog,
    ):
        space.receivers(
            hook("good", good.url, group_by=["queue", "receiver", "signal"], **SOON),
            hook("failing", failing.url, matchers=['queue!=""'], **SOON),
            hook("hanging", hanging.url, **SOON),
            hook("redirecting", redirecting.url, **SOON),
            hook("gone", gone.url, **SOON),
            hook("dog", dog.url, watchdog=True, repeat_interval="300ms", **SOON),
        )
        child = space.notifier()
        await space.say(step("firing", 1, given=labels(queue="hate")))
        troubled = {"failing", "hanging", "redirecting", "gone"}
        await good.until(lambda heard: names(heard) >= {"hate", *troubled})
        await is_told_at_once(space, good)
        assert len(gone.heard) == 1, "after a 410 nothing more is sent"
        await recovers(space, moody, failing, good)
        await goes_silent(good, dog)
        await asyncio.to_thread(child.ask_to_stop)
        assert await asyncio.to_thread(child.await_end) == 0


async def is_told_at_once(space: NotifySpace, good: Listener) -> None:
    """The others' troubles delay nobody."""
    await space.say(step("firing", 1, given=labels(queue="spam")))
    await good.until(lambda heard: "spam" in names(heard), timeout_s=10)


async def recovers(space: NotifySpace, moody: Moody, failing: Listener, good: Listener) -> None:
    """It gets what it missed, each under one id, and is no alert any more."""
    moody.well = True
    await failing.until(lambda heard: names(heard) >= {"hate", "spam"})
    await good.until(lambda heard: "failing" in names(heard, "resolved"))
    for queue in ("hate", "spam"):
        tries = [each for each in failing.heard if queue in names([each])]
        assert len({each.headers["webhook-id"] for each in tries}) == 1


async def goes_silent(good: Listener, dog: Listener) -> None:
    """No worker runs: that is an alert, and the watchdog falls silent."""
    await good.until(lambda heard: "WorkerSilent" in names(heard))
    assert names(dog.heard) == {"Watchdog"}
    await asyncio.sleep(1.0)  # What is on its way arrives.
    told = len(dog.heard)
    await asyncio.sleep(2.0)  # Nothing is to come: only time can show it.
    assert len(dog.heard) == told


def test_a_receiver_in_trouble_delays_nobody_and_is_an_alert(opened: OpenNotify) -> None:
    space = opened(WATCHFLOOR_NOTIFY_SILENT_S="12")
    asyncio.run(trouble(space))
    raised = {each.labels.get("receiver", "") for each in space.alerts() if each.state == "firing"}
    assert raised >= {"failing", "hanging", "redirecting", "gone"}
    assert space.outcomes()["stopped"] == 1
