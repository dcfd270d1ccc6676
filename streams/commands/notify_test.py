"""`watchfloor notify-test`: a sample to one receiver, as it would be sent, without Kafka."""

import asyncio
import sys
import time
from typing import Literal

import click

from schemas.alerts import AlertTransition, fingerprint
from schemas.receivers import WATCHDOG, Receiver
from sinks.notify.answers import Answer
from sinks.notify.bodies import Links
from sinks.notify.notice import Entry, Notice, notice_id
from sinks.notify.targets import Targets
from streams import settings_sources
from streams.commands.invocation import read_settings
from streams.notify_settings import Notify
from streams.receiver_files import read_receivers
from streams.refusals import Refusal

Sample = Literal["firing", "resolved"]
SAMPLES: tuple[Sample, ...] = ("firing", "resolved")
_REMEDIES = {
    "secret_missing": "set the secret that the file of receivers names",
    "bad_secret": "a signing secret is whsec_ and base64 of 24 to 64 bytes",
    "time_out": "the receiver is too slow or can't be reached",
    "redirect_refused": "give the address that it redirects to",
    "apprise_is_not_installed": "pip install 'watchfloor[notify]'",
}


@click.command()
@click.argument("receiver")
def command(receiver: str) -> None:
    """Send RECEIVER a sample alert, and its end, as real ones would be sent."""
    settings, notify = read_settings(), settings_sources.read(Notify)
    found = {each.name: each for each in read_receivers(notify.receivers)}
    if receiver not in found:
        known = ", ".join(found) or "none"
        raise Refusal(
            f"there is no receiver {receiver} in {notify.receivers}", f"there are: {known}"
        )
    targets = Targets(Links(notify.public_url), settings.space.space, settings.connections.kafka)
    answers = asyncio.run(_send(targets, found[receiver], int(time.time() * 1000)))
    for what, answer in answers.items():
        click.echo(f"{receiver}: {what} {answer.kind} ({answer.detail})")
    failed = next((each for each in answers.values() if each.kind != "sent"), None)
    if failed is not None:
        inside = "address" in failed.detail
        hint = "an address of this house needs internal: true" if inside else "look at its log"
        click.echo(f"  remedy: {_REMEDIES.get(failed.detail, hint)}", err=True)
        sys.exit(1)


async def _send(targets: Targets, receiver: Receiver, at_ms: int) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    try:
        for what in SAMPLES:
            answers[what] = await targets.send(sample(receiver, what, at_ms), receiver, at_ms)
            if answers[what].kind != "sent":
                break
    finally:
        await targets.close()
    return answers


def sample(receiver: Receiver, reason: Sample, at_ms: int) -> Notice:
    """A notice of an alert that nobody need worry about."""
    over = reason == "resolved"
    labels = {"alertname": WATCHDOG if receiver.watchdog else "NotifyTest", "severity": "info"}
    if receiver.projects:
        labels["project"] = receiver.projects[0]
    alert = AlertTransition(
        fingerprint=fingerprint(labels),
        starts_at_ms=at_ms,
        seq=2 if over else 1,
        transition=reason,
        state=reason,
        at_ms=at_ms,
        rule="NotifyTest",
        rule_version="sample",
        labels=labels,
        annotations={"summary": f"A test of receiver {receiver.name}: nothing is wrong."},
        ends_at_ms=at_ms if over else None,
    )
    return Notice(
        id=notice_id(receiver.name, [(alert.id, reason, 0)]),
        receiver=receiver.name,
        group={name: labels.get(name, "") for name in receiver.group_by},
        entries=(Entry(alert, reason),),
        created_ms=at_ms,
        next_try_ms=at_ms,
    )
