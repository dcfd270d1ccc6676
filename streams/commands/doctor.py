"""``watchfloor doctor``: look at everything, say what to do."""

import json

import click

from streams import access_rights, doctor
from streams.broker_refusals import principal
from streams.commands.invocation import read_settings

_SIGN = {"ok": "ok     ", "warning": "WARNING", "problem": "PROBLEM"}
_COLOUR = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print findings as a JSON array.")
@click.option("--rights", is_flag=True, help="Print the ACLs that are needed, and check nothing.")
def command(as_json: bool, rights: bool) -> None:
    """Check brokers, topics, producers, groups, ClickHouse, Redis, clock, key and disk.

    Exits with 1 when there is a problem; a warning is none.

    \b
    watchfloor doctor
    watchfloor doctor --json --space june
    watchfloor doctor --rights      as arguments of Kafka's kafka-acls.sh
    """
    settings = read_settings()
    if rights:
        who = principal(settings.connections.kafka)
        for right in access_rights.needed(
            settings.space.space, not settings.connections.topics_are_given
        ):
            click.echo(right.command(who))
        return
    findings = doctor.examine(settings)
    if as_json:
        click.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        for finding in findings:
            sign = click.style(_SIGN[finding.severity], fg=_COLOUR[finding.severity])
            click.echo(f"{sign}  {finding.check:<12} {finding.says}")
            if finding.remedy:
                click.echo(f"{'':9}{'':12} -> {finding.remedy}")
    if any(finding.severity == "problem" for finding in findings):
        click.get_current_context().exit(1)
