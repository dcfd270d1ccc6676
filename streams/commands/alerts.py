"""`watchfloor alerts` and `ack`: what fires, why, who takes care of it, and what it was worth."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from schemas.rules_amounts import duration_ms
from streams import settings_sources
from streams.alerts_client import AlertsClient
from streams.commands.invocation import read_settings, show_rows
from streams.notify_settings import Alerts
from streams.principals import hashed, new_token

_SHOWN_FIRST = ("summary", "value", "low", "high", "n", "threshold", "window", "runbook")


def client() -> AlertsClient:
    """The API of this call's settings."""
    read_settings()
    return AlertsClient(settings_sources.read(Alerts))


def moment(text: str) -> str:
    """A duration from now (``2h``) or a time (RFC 3339), as RFC 3339; raises UsageError."""
    try:
        if re.match(r"\d{4}-", text):
            return datetime.fromisoformat(text).astimezone(UTC).isoformat()
        return (datetime.now(UTC) + timedelta(milliseconds=duration_ms(text))).isoformat()
    except ValueError:
        raise click.UsageError(f"{text!r}: write 30m, 2h, 1d or 2026-03-02T18:00:00Z") from None


@click.group(invoke_without_command=True)
@click.option("--all", "all_of_them", is_flag=True, help="Also what is silenced or inhibited.")
@click.pass_context
def command(ctx: click.Context, all_of_them: bool) -> None:
    """What fires now; `alerts show` tells why, `alerts close` what it was worth."""
    if ctx.invoked_subcommand is not None:
        return
    found = client().alerts(all_of_them=all_of_them)
    rows = [_row(each) for each in sorted(found, key=lambda each: str(each["startsAt"]))]
    show_rows(("fingerprint", "alert", "severity", "since", "state", "owner", "summary"), rows)


def _row(alert: dict[str, Any]) -> tuple[object, ...]:
    labels, said = alert["labels"], alert["annotations"]
    return (
        alert["fingerprint"],
        labels.get("alertname"),
        labels.get("severity"),
        str(alert["startsAt"])[:19],
        alert["status"]["state"],
        said.get("acknowledged_by"),
        said.get("summary"),
    )


@command.command("show")
@click.argument("fingerprint")
def show(fingerprint: str) -> None:
    """One alert with its evidence. The beginning of FINGERPRINT will do."""
    api = client()
    name = api.named(fingerprint)
    (alert,) = [each for each in api.alerts() if each["fingerprint"] == name]
    said = alert["annotations"]
    for key in (*_SHOWN_FIRST, *sorted(said.keys() - set(_SHOWN_FIRST))):
        if key in said:
            click.echo(f"{key}: {said[key]}")
    click.echo("labels: " + " ".join(f'{k}="{v}"' for k, v in alert["labels"].items()))
    click.echo(f"since: {alert['startsAt']}  state: {alert['status']['state']}")


@command.command("close")
@click.argument("fingerprint")
@click.argument("verdict", type=click.Choice(["useful", "noise"]))
@click.option("--note", default="", help="Why.")
def close(fingerprint: str, verdict: str, note: str) -> None:
    """Say what an alert was worth, once it is over. FINGERPRINT in full."""
    body = {"verdict": verdict, "note": note}
    done = client().ask("POST", f"watchfloor/v1/alerts/{fingerprint}/verdict", body)
    click.echo(f"{fingerprint}: {verdict}, says {done['owner']}")


@command.command("token")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["viewer", "operator", "people", "client", "sender"]),
    help="What NAME may do, more than one if you like; default: operator.",
)
@click.option("--project", "projects", multiple=True, help="One of its projects; default: all.")
def token(name: str, roles: tuple[str, ...], projects: tuple[str, ...]) -> None:
    """Make a token for NAME: it is shown once, only its hash goes into the file."""
    made = new_token()
    click.echo(f"token (shown once): {made}", err=True)
    shown = ", ".join(f'"{each}"' for each in projects or ("*",))
    may = ", ".join(roles or ("operator",))
    click.echo(
        f"  - name: {name}\n    roles: [{may}]\n    projects: [{shown}]\n"
        f"    token_sha256: {hashed(made)}"
    )


@click.command()
@click.argument("fingerprint")
@click.option("--note", default="", help="What you do about it.")
@click.option("--until", help="2h, or a time; default: until it resolves.")
@click.option("--undo", is_flag=True, help="Nobody takes care of it any more.")
def acknowledge(fingerprint: str, note: str, until: str | None, undo: bool) -> None:
    """Take care of an alert: nobody is told again until it resolves.

    The beginning of FINGERPRINT will do; `watchfloor alerts` shows it.
    """
    api = client()
    name = api.named(fingerprint)
    path = f"watchfloor/v1/alerts/{name}/acknowledgement"
    if undo:
        done = api.ask("DELETE", path)
        click.echo(f"{name}: given up by {done['owner']}")
        return
    body = {"note": note} | ({} if until is None else {"until": moment(until)})
    done = api.ask("POST", path, body)
    click.echo(f"{name}: {done['owner']} takes care of it")
