"""`watchfloor silence`: nobody is told of matching alerts for a while."""

from datetime import UTC, datetime

import click

from schemas.alerts import Matcher
from schemas.matchers import matcher_text, matches_everything, parse_matcher
from streams.commands.alerts import client, moment
from streams.commands.invocation import show_rows
from streams.refusals import Refusal


@click.group(
    epilog="""\b
watchfloor silence add 'queue="hate"' --for 2h --comment "known, ticket 81"
watchfloor silence ls
watchfloor silence end ID"""
)
def command() -> None:
    """Keep alerts quiet for a while."""


@command.command("add")
@click.argument("matchers", nargs=-1, required=True)
@click.option("--for", "until", required=True, help="How long (2h), or until when.")
@click.option("--comment", required=True, help="Why nobody is to be told.")
@click.option("--maintenance", is_flag=True, help="A planned window rather than a silence.")
@click.option("--yes", is_flag=True, help="Also when it matches every alert.")
def add(matchers: tuple[str, ...], until: str, comment: str, maintenance: bool, yes: bool) -> None:
    """Silence alerts that fulfil all MATCHERS, such as 'queue="hate"' or 'severity!="critical"'."""
    try:
        found = [parse_matcher(each) for each in matchers]
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if matches_everything(found) and not yes:
        raise Refusal(
            "this silence matches every alert: nobody would be told of anything",
            "name a label's value, or say --yes if that is what you want",
        )
    body = {
        "matchers": [
            {"name": m.name, "value": m.value, "isRegex": m.is_regex, "isEqual": m.is_equal}
            for m in found
        ],
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": moment(until),
        "comment": comment,
        "kind": "maintenance" if maintenance else "silence",
    }
    done = client().ask("POST", f"v2/silences?everything={'true' if yes else 'false'}", body)
    click.echo(done["silenceID"])


@command.command("ls")
@click.option("--all", "all_of_them", is_flag=True, help="Also those that are over.")
def list_them(all_of_them: bool) -> None:
    """Silences that are in force or to come."""
    rows = []
    for each in client().ask("GET", "v2/silences"):
        state = each["status"]["state"]
        if state != "expired" or all_of_them:
            shown = " ".join(
                matcher_text(Matcher(m["name"], m["value"], m["isRegex"], m["isEqual"]))
                for m in each["matchers"]
            )
            until = str(each["endsAt"])[:19]
            rows.append((each["id"], state, until, each["createdBy"], shown, each["comment"]))
    show_rows(("id", "state", "until", "by", "matchers", "comment"), rows)


@command.command("end")
@click.argument("silence_id")
def end(silence_id: str) -> None:
    """End a silence now; what still fires is told at once."""
    client().ask("DELETE", f"v2/silence/{silence_id}")
    click.echo(f"{silence_id}: ended")
