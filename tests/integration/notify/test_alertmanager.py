"""The real Alertmanager 0.25 of Debian: takes what we push, and computes the same fingerprints."""

import asyncio
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.alerts import AlertTransition, fingerprint
from sinks.notify.answers import Answer, settle
from sinks.notify.bodies import Links
from sinks.notify.book import Book
from sinks.notify.planning import Moment, plan
from sinks.notify.targets import Targets
from streams.notifier import now_ms
from tests.integration.notify.conftest import OpenNotify
from tests.integration.notify.notify_space import NotifySpace, program
from tests.notify.receivers import receiver
from tests.notify.transitions import evidence, labels, step

CONFIG = "route: {receiver: none, group_by: [alertname]}\nreceivers: [{name: none}]\n"
TARGETS = Targets(Links("https://floor.example.org"), "live", "127.0.0.1:9")


class Alertmanager:
    """One of Debian's, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.config = folder / "alertmanager.yml"
        self.config.write_text(CONFIG)
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [
                program("prometheus-alertmanager"),
                f"--config.file={self.config}",
                f"--storage.path={folder}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until_s = time.monotonic() + 60
        while not self._ready():
            assert self.process.poll() is None
            assert time.monotonic() < until_s, "it did not start"
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            self.ask("status")
        except OSError:
            return False
        return True

    def ask(self, path: str, body: Any = None) -> Any:
        """One request of its API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v2/{path}", data)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def amtool(self, *arguments: str) -> str:
        """What amtool prints of it."""
        command = [program("amtool"), f"--alertmanager.url={self.url}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    found = Alertmanager(tmp_path_factory.mktemp("alertmanager"))
    yield found
    found.process.terminate()
    found.process.wait()


def test_amtool_takes_its_configuration(alertmanager: Alertmanager) -> None:
    assert "SUCCESS" in alertmanager.amtool("check-config", str(alertmanager.config))


def told(book: Book, url: str, *steps: AlertTransition) -> Answer:
    """Take steps in, and push what follows from them."""
    who = receiver("am", alertmanager={"url": url}, internal=True)
    for each in steps:
        book.take(each, now_ms())
    (notice,) = plan(book, [who], Moment(now_ms()))
    answer = asyncio.run(TARGETS.send(notice, who, now_ms()))
    settle(book, notice, answer, who, now_ms())
    return answer


def test_it_takes_what_we_push_and_hears_of_the_end(alertmanager: Alertmanager) -> None:
    book, starts_ms = Book(), now_ms() - 60_000
    given = [labels(queue=name) for name in ("hate", "spam")]
    fired = [step("firing", 1, given=g, starts_at_ms=starts_ms, evidence=evidence()) for g in given]
    assert told(book, alertmanager.url, *fired) == Answer("sent", "http_200")
    shown = json.loads(alertmanager.amtool("alert", "query", "-o", "json", "project=comments-en"))
    assert {each["fingerprint"] for each in shown} == {each.fingerprint for each in fired}
    assert {each["annotations"]["value"] for each in shown} == {"1260"}
    over = step("resolved", 2, given=given[0], starts_at_ms=starts_ms)
    assert told(book, alertmanager.url, over).kind == "sent"
    left = json.loads(alertmanager.amtool("alert", "query", "-o", "json", "project=comments-en"))
    assert [each["labels"]["queue"] for each in left] == ["spam"]


def test_what_fires_is_told_again_so_that_it_does_not_end_by_itself(
    alertmanager: Alertmanager,
) -> None:
    book, name = Book(), labels(queue="again")
    who = receiver("am", alertmanager={"url": alertmanager.url, "resend": "1m"}, internal=True)
    assert told(book, alertmanager.url, step("firing", 1, given=name)).kind == "sent"
    ends = set()
    for later_ms in (60_000, 120_000):
        at_ms = now_ms() + later_ms
        assert asyncio.run(TARGETS.tell_again(book, who, at_ms)) == Answer("sent", "http_200")
        (found,) = alertmanager.ask("alerts?filter=queue=again")
        ends.add(found["endsAt"])
    assert len(ends) == 2
    over = step("resolved", 2, given=name)
    told(book, alertmanager.url, over)
    assert asyncio.run(TARGETS.tell_again(book, who, now_ms() + 299_000)) is not None
    assert asyncio.run(TARGETS.tell_again(book, who, now_ms() + 301_000)) is None


async def kept_firing(space: NotifySpace, alertmanager: Alertmanager) -> set[str]:
    """The ends that Alertmanager sees of one alert, which the notifier keeps alive."""
    target = {"url": alertmanager.url, "resend": "500ms"}
    space.receivers(
        {"name": "am", "alertmanager": target, "internal": True, "matchers": ["queue=kept"]}
    )
    child = space.notifier()
    ends: set[str] = set()
    await space.say(step("firing", 1, given=labels(queue="kept")))
    async with asyncio.timeout(120):
        while len(ends) < 3:
            for each in await asyncio.to_thread(alertmanager.ask, "alerts?filter=queue=kept"):
                ends.add(str(each["endsAt"]))
            await asyncio.sleep(0.2)
    child.ask_to_stop()
    assert await asyncio.to_thread(child.await_end) == 0
    return ends


def test_the_notifier_keeps_an_alert_firing_there(
    opened: OpenNotify, alertmanager: Alertmanager
) -> None:
    assert len(asyncio.run(kept_firing(opened(), alertmanager))) >= 3


def test_a_body_it_refuses_is_not_sent_again(alertmanager: Alertmanager) -> None:
    nameless = step("firing", 1, given={"not a name": "x"})
    assert told(Book(), alertmanager.url, nameless) == Answer("refused", "http_400")


def random_labels(random: Random) -> dict[str, str]:
    names = [
        "alertname",
        *(f"{random.choice('abcxyz_')}{random.randrange(10**6)}" for _ in range(5)),
    ]
    alphabet = "aZ09 -_./:=,\"'\\\n\tÄß€😀漢字"
    return {
        name: "".join(random.choices(alphabet, k=random.randint(1, 20))).strip() or "x"
        for name in random.sample(names, random.randint(1, 6))
    }


def test_it_computes_the_same_fingerprint_for_a_thousand_sets_of_labels(
    alertmanager: Alertmanager,
) -> None:
    random = Random(5)
    given = {fingerprint(found): found for found in (random_labels(random) for _ in range(1000))}
    assert len(given) == 1000
    alertmanager.ask("alerts", [{"labels": {**each, "of": "us"}} for each in given.values()])
    theirs = {
        each["fingerprint"]: each["labels"] for each in alertmanager.ask('alerts?filter=of="us"')
    }
    assert len(theirs) == 1000
    assert all(fingerprint(found) == name for name, found in theirs.items())
