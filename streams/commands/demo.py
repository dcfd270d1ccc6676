"""``watchfloor demo``: everything set up, a simulated floor, its numbers live, and the proof."""

import logging
import os
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial

import click
from clickhouse_connect.driver.client import Client
from rich.console import Console

from deploy.local.errors import StackError
from deploy.local.stack import Stack
from schemas.topics import Topics
from sinks.redis import RedisSink
from streams import logs, settings_sources, setup
from streams.admin import Kafka
from streams.commands.invocation import read_settings
from streams.commands.simulate import ahead, incident_option
from streams.demo import guide
from streams.demo.accounts import Books, compare, read_books
from streams.demo.alarm import Alarm, planned
from streams.demo.crew import Crew, hold
from streams.demo.lookout import Lookout
from streams.demo.pacing import now_ms
from streams.demo.page import DemoPage
from streams.demo.printer import Printer
from streams.demo.script import Tally, cues
from streams.demo.settling import await_members, settle
from streams.demo.show import Show
from streams.demo.steps import Steps
from streams.demo.undoing import undoing
from streams.refusals import Refusal
from streams.settings import Settings
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.simulate.incidents import Incident
from streams.spaces import Names

_ELSEWHERE = ("WATCHFLOOR_KAFKA", "WATCHFLOOR_CLICKHOUSE", "WATCHFLOOR_REDIS")
#: How long before now the simulated floor began: long enough for slow work to be done by now.
HEAD_START_MS = 30 * 60_000
INTERRUPTED_EXIT = 130


@click.command(
    epilog="""\b
watchfloor demo                            until Ctrl-C, which stops everything
watchfloor demo --seconds 60               ends by itself and proves that nothing was lost
watchfloor demo --incident surge@30+120    five times the work, half a minute from now"""
)
@click.option("--seconds", type=click.FloatRange(min=1), help="End by itself, with the proof.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16))
@click.option(
    "--rate",
    default=20.0,
    show_default=True,
    type=click.FloatRange(1, 1000),
    help="Events per second, averaged over a day.",
)
@click.option("--seed", default=1, show_default=True, help="Another seed, another floor.")
@incident_option
def command(
    seconds: float | None, workers: int, rate: float, seed: int, incidents: tuple[Incident, ...]
) -> None:
    """Start Kafka, ClickHouse, Valkey and two workers here, and watch a simulated floor.

    Everything is real but the floor. All files lie in .local of this directory.
    """
    _refuse_other_parts()
    ours = None if incidents else planned(seconds)
    console = Console()
    say = partial(console.print, style="bold", highlight=False, markup=False, soft_wrap=True)
    alarm = Alarm(settings_sources.local_dir() / "demo", Printer(say), ours)
    troubles = ahead(incidents if ours is None else (ours,), HEAD_START_MS)
    floor = Floor(seed, replace(FloorConfig().for_rate(rate), incidents=troubles))
    try:
        with undoing() as undo:
            code = _Demo(Steps(), undo, workers, floor, console, alarm).run(seconds)
    except KeyboardInterrupt:
        click.echo("stopped")
        code = INTERRUPTED_EXIT
    except StackError as error:
        raise Refusal(error.problem, error.remedy) from error
    sys.exit(code)


@dataclass(slots=True)
class _Demo:
    """One run, from an empty directory or on what an earlier run left."""

    steps: Steps
    undo: ExitStack
    workers: int
    floor: Floor
    console: Console
    alarm: Alarm

    def run(self, seconds: float | None) -> int:
        """Do all of it; the exit code."""
        local = settings_sources.local_dir()
        held_fd = hold(local, self.undo)
        stack = Stack(local.parent)
        kept = self._stack_up(stack)
        address = self.undo.enter_context(self.alarm.printer.listening())
        page = DemoPage(local / "demo")
        variables = self.alarm.lay_out(address) | page.lay_out()
        crew = Crew(local / "logs", held_fd, variables)
        self.undo.enter_context(_lookout(stack, crew, kept))
        settings = self._set_up()
        space = settings.space.space
        connections = settings.connections
        kafka = self.undo.enter_context(Kafka(connections.kafka, connections.timeout_s))
        client = self.undo.enter_context(closing(setup.connect_clickhouse(connections)))
        client.database = Names(space).database
        self._start(crew, kafka, space)
        with self.steps.step("waiting until all earlier events are accounted for"):
            before = self._books(kafka, client, settings)
        click.echo(f"\n{guide.to_try(space)}\n\n{page.told()}\n")
        sent, whole = self._show(settings, kafka, crew, seconds)
        code = 0 if seconds is None else INTERRUPTED_EXIT
        if seconds is not None and whole:
            with self.steps.step("waiting until everything is applied and delivered"):
                after = self._books(kafka, client, settings)
            code = _prove(sent, before, after) | self._prove_alarm()
        else:
            self.steps.say(f"sent {sent.sent} events")
            click.echo(self.alarm.told)
        click.echo(f"\n{guide.after(space, kept)}")
        self.steps.say("stopping what this demo started")
        return code

    def _stack_up(self, stack: Stack) -> bool:
        """Start Kafka, ClickHouse and Valkey; whether some ran before, and so are left running."""
        kept = any(part.state == "up" for part in stack.status())
        with self.steps.step("starting Kafka, ClickHouse and Valkey (the first time: downloads)"):
            if not kept:
                self.undo.callback(stack.down)
            endpoints = stack.up(quiet=False)
        for name, address in endpoints.as_dict().items():
            click.echo(f"             {name:<11}{address}")
        return kept

    def _set_up(self) -> Settings:
        with self.steps.step("making topics, tables and the key for people's pseudonyms"):
            setup.make_local_people_key(lambda _text: None)
            settings = read_settings()
            # Log lines would tear the picture; worker and deliver log into files.
            logs.set_up("error", space=settings.space.space)
            logging.getLogger().setLevel(logging.ERROR)
            for client in ("kafka", "aiokafka"):  # A lost broker is told as one line.
                logging.getLogger(client).setLevel(logging.CRITICAL)
            setup.set_up(settings, lambda _text: None, None)
        return settings

    def _start(self, crew: Crew, kafka: Kafka, space: str) -> None:
        names = Names(space)
        text = f"starting {self.workers} workers, the deliverers and the board (logs: {crew.logs})"
        with self.steps.step(text):
            self.undo.callback(crew.stop)
            crew.start("worker", ["--space", space, "worker", "--processes", str(self.workers)])
            crew.start("deliver", ["--space", space, "deliver"])
            crew.start("board", ["--space", space, "board"])
            wanted = dict.fromkeys(names.groups, 1) | {names.group("floor"): self.workers}
            await_members(kafka, wanted, crew.check)

    def _books(self, kafka: Kafka, client: Client, settings: Settings) -> Books:
        space, partitions = settings.space.space, settings.floor.partitions
        settle(kafka, space, partitions, self.steps.say)
        return read_books(kafka, client, Topics(space), partitions)

    def _show(
        self, settings: Settings, kafka: Kafka, crew: Crew, seconds: float | None
    ) -> tuple[Tally, bool]:
        """The live part; what was sent, and whether it came to its end undisturbed."""
        end = "until Ctrl-C" if seconds is None else f"for {seconds:.0f} s"
        self.steps.say(f"simulating a floor: its last half hour at once, then live {end}")
        click.echo(guide.incident(self.alarm.incident))
        connections = settings.connections
        password = connections.redis_password.get_secret_value() or None
        prefix = Names(settings.space.space).redis_prefix
        with closing(RedisSink(connections.redis, prefix, password=password)) as sink:
            show = Show(settings, kafka, sink, self.console, crew.check, self.alarm.arm)
            self.alarm.begin()
            script = cues(self.floor.events(now_ms() - HEAD_START_MS))
            sent = show.run(script, seconds)
        return sent, not show.interrupted

    def _prove_alarm(self) -> int:
        said, well = self.alarm.verdict()
        click.echo(said)
        if not well:
            click.echo(
                "The alert of the incident did NOT fire, resolve and arrive: read "
                ".local/logs/worker.log and deliver.log.",
                err=True,
            )
        return 0 if well else 1


def _prove(sent: Tally, before: Books, after: Books) -> int:
    fates = after.fates.since(before.fates)
    lines = list(compare(sent, fates, before, after))
    click.echo(f"\n{guide.verdict(sent, fates, lines)}\n")
    if all(line.sent == line.found for line in lines):
        click.echo("Everything that was sent is accounted for, once.")
        return 0
    click.echo("What was sent and what is found DIFFER: that is a bug of Watchfloor.", err=True)
    return 1


def _lookout(stack: Stack, crew: Crew, kept: bool) -> Lookout:
    """Ends all when Kafka has gone: nothing else here could notice within a minute."""
    log = stack.places.log("kafka")

    def stop_all() -> None:
        click.echo("stopping what this demo started")
        crew.end()
        if not kept:
            stack.down()

    return Lookout(
        lambda: next(part.state for part in stack.status() if part.part == "kafka"),
        stop_all,
        Refusal(
            "Kafka has ended or does not answer any more, so the demo can't go on",
            f"read {log} for the reason (a full disk? out of memory?); `watchfloor demo` starts "
            "Kafka again, with all that it had stored",
        ),
    )


def _refuse_other_parts() -> None:
    for name in _ELSEWHERE:
        if os.environ.get(name):
            raise Refusal(
                f"{name} is set, and a demo must not send made-up events to parts of others",
                f"unset {name}: the demo starts parts of its own",
            )
