"""``python -m tests.label_studio``: Watchfloor's numbers beside those of a real Label Studio."""

import logging
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from streams.demo.steps import Steps
from streams.refusals import Refusal
from tests.label_studio.client import LabelStudio
from tests.label_studio.floor import Floor, floor
from tests.label_studio.proof import SUMS, Work, found, spent_ms
from tests.label_studio.recorder import recording
from tests.label_studio.recording import PAYLOADS, write_payloads
from tests.label_studio.scenario import SECRET_HEADER, Scenario
from tests.label_studio.server import VERSION, installed, label_studio


@click.group()
@click.option(
    "--home",
    default=Path(".local/label-studio"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where Label Studio is installed, once.",
)
@click.pass_context
def main(context: click.Context, home: Path) -> None:
    """A real Label Studio, installed and run on this machine, for proof and for recordings."""
    context.obj = home.resolve()


@main.command()
@click.pass_obj
def record(home: Path) -> None:
    """Record what it sends into payloads/, anew."""
    click.echo(f"installing Label Studio {VERSION}, unless it is there (1 GB, minutes)", err=True)
    command = installed(home)
    click.echo("starting it (minutes on a slow machine)", err=True)
    with label_studio(command) as studio, recording() as recorder:
        count = write_payloads(Scenario(studio, recorder).play(), PAYLOADS)
    click.echo(f"{count} steps in {PAYLOADS}")


@main.command()
@click.option("--tasks", default=24, show_default=True, type=click.IntRange(3, 2000))
@click.pass_obj
def run(home: Path, tasks: int) -> None:
    """Annotate TASKS through its API and compare its numbers with Watchfloor's."""
    steps = Steps()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # It retries, aloud.
    with ExitStack() as undo:
        with steps.step(f"installing Label Studio {VERSION}, unless it is there (1 GB)"):
            command = installed(home)
        with steps.step("starting Kafka, ClickHouse, Valkey, gateway, worker and deliver"):
            here = undo.enter_context(floor(home))
        with steps.step("starting Label Studio, which makes its database first"):
            studio = undo.enter_context(label_studio(command))
        same = _same(steps, here, studio, tasks)
        steps.say("stopping and deleting what this run started")
    if not same:
        raise click.ClickException("Label Studio and Watchfloor DIFFER")
    click.echo("Label Studio and Watchfloor have the same numbers.")


def _same(steps: Steps, here: Floor, studio: LabelStudio, tasks: int) -> bool:
    work = prepared(studio, here)
    with steps.step(f"{tasks} tasks are imported and answered or skipped through its API"):
        ids = studio.import_tasks(work.project, [{"data": {"text": "text"}}] * tasks)
        answers = work.answer(ids)
    same = compared("after the work", work, here)
    with steps.step("the gateway is away, and an answer's webhook is lost"):
        here.stop_gateway()
        work.answer_one(ids[-1])
        here.start_gateway()
    was_missing = found(here.space) != work.told()
    click.echo(f"watchfloor reconcile label-studio\n{here.reconcile(studio)}")
    same = compared("after reconciling", work, here) and same and was_missing
    with steps.step("answers are edited, so that their lead times grow"):
        work.edit(answers)
    spent = {"active_ms, edits included": work.told().active_ms}
    with_edits = {"active_ms, edits included": spent_ms(here.space)}
    same = shown("after the edits", spent, with_edits) and same
    click.echo(f'\nwatchfloor sql "{SUMS}"\n{here.space.run("sql", SUMS)}')
    return same


def compared(title: str, work: Work, here: Floor) -> bool:
    """Prints both sides once all that was sent has gone all the way; whether they are equal."""
    here.space.settle()
    return shown(title, asdict(work.told()), asdict(found(here.space)))


def prepared(studio: LabelStudio, here: Floor) -> Work:
    """A project whose webhook is the gateway, and two people."""
    project = studio.create_project("Watchfloor's proof")
    studio.add_webhook(here.hook, project, {SECRET_HEADER: here.secret})
    first = int(studio.call("GET", "/api/current-user/whoami")["id"])
    return Work(studio, project, (first, studio.add_person("second")))


def shown(title: str, theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Prints both sides of every number; whether all are equal."""
    click.echo(f"\n{title:<26}{'Label Studio':>24}{'Watchfloor':>24}")
    for name, value in theirs.items():
        mark = "" if ours[name] == value else "   DIFFERENT"
        click.echo(f"{name:<26}{_text(value):>24}{_text(ours[name]):>24}{mark}")
    return theirs == ours


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count}" for name, count in sorted(value.items()))
    return f"{value:,}"


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        click.echo(f"label-studio: {refusal}", err=True)
        sys.exit(refusal.exit_code)
