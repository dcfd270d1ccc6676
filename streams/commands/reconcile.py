"""`watchfloor reconcile`: what webhooks have missed."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from pydantic import SecretStr

from schemas.rules_amounts import duration_ms
from streams import settings_sources
from streams.commands.invocation import read_settings
from streams.reconcile import (
    GATEWAY,
    Api,
    Look,
    Outcome,
    Span,
    cvat_looks,
    label_studio_looks,
    show,
)
from streams.reconcile_settings import Reconcile
from streams.refusals import Refusal, SettingsRefused

_LOOKS: dict[str, Callable[[Api, Span], Iterator[Look]]] = {
    "cvat": cvat_looks,
    "label-studio": label_studio_looks,
}


@click.command(
    epilog="""\b
export WATCHFLOOR_RECONCILE_CVAT=http://cvat.example:8080
export WATCHFLOOR_RECONCILE_CVAT_AUTHORIZATION='Token 9a8b…'
watchfloor reconcile cvat                      what changed in the last two days
watchfloor reconcile cvat --since 30d --dry-run
watchfloor reconcile label-studio --every 10m  again and again"""
)
@click.argument("platform", type=click.Choice(sorted(_LOOKS)))
@click.option("--since", default="2d", show_default=True, help="How far back to look: 6h, 30d.")
@click.option(
    "--settled",
    default="5m",
    show_default=True,
    help="Leave out what changed more recently: its webhook may be on its way.",
)
@click.option("--every", help="Do it again after so long (10m), until it is stopped.")
@click.option("--dry-run", is_flag=True, help="Count what would be looked at; tell nobody.")
def command(platform: str, since: str, settled: str, every: str | None, dry_run: bool) -> None:
    """Ask PLATFORM what has changed, and have the gateway send what its webhooks missed.

    The gateway compares with what it has seen, so a second run sends nothing new. Deletions leave
    no trace to find. WATCHFLOOR_GATEWAY_MEMORY has to be set on the gateway, or it takes all of
    the span for missed after it was started again.
    """
    read_settings()
    spans_ms = [_span_ms(name, text) for name, text in (("--since", since), ("--settled", settled))]
    pause_ms = None if every is None else _span_ms("--every", every)
    settings = settings_sources.read(Reconcile)
    api, gateway = _platform(settings, platform), _gateway(settings)
    while True:
        try:
            _once(platform, api, None if dry_run else gateway, spans_ms)
        except Refusal as refusal:
            if pause_ms is None:
                raise
            click.echo(f"watchfloor: {refusal}", err=True)
        if pause_ms is None:
            return
        time.sleep(pause_ms / 1000)


def _once(platform: str, api: Api, gateway: Api | None, spans_ms: list[int]) -> None:
    now_ms = time.time_ns() // 1_000_000
    looks = _LOOKS[platform](api, Span(now_ms - spans_ms[0], now_ms - spans_ms[1]))
    if gateway is None:
        click.echo(f"{platform}: {sum(1 for _ in looks)} would be looked at")
        return
    outcome = Outcome()
    for outcome in show(looks, gateway, platform):
        click.echo(f"{platform}: {outcome.looked} looked at …", err=True)
    click.echo(f"{platform}: {outcome.looked} looked at, {outcome.sent} events were missing")


def _platform(settings: Reconcile, name: str) -> Api:
    group = {
        "cvat": (
            settings.cvat, settings.cvat_authorization, settings.cvat_authorization_file, "CVAT",
        ),
        "label-studio": (
            settings.label_studio, settings.label_studio_authorization,
            settings.label_studio_authorization_file, "LABEL_STUDIO",
        ),
    }  # fmt: skip
    url, given, file, word = group[name]
    if not url:
        says = f"nobody said where {name} is"
        raise SettingsRefused(says, f"set WATCHFLOOR_RECONCILE_{word} to its address")
    variable = f"WATCHFLOOR_RECONCILE_{word}_AUTHORIZATION"
    return Api(
        name, url, _secret(given, file, variable), settings.timeout_s,
        f"set WATCHFLOOR_RECONCILE_{word} and {variable}(_FILE), as its API wants them",
    )  # fmt: skip


def _gateway(settings: Reconcile) -> Api:
    token = _secret(settings.token, settings.token_file, "WATCHFLOOR_RECONCILE_TOKEN")
    return Api(
        GATEWAY, settings.gateway, f"Bearer {token}" if token else "", settings.timeout_s,
        "start `watchfloor gateway`, or set WATCHFLOOR_RECONCILE_GATEWAY to its address",
    )  # fmt: skip


def _secret(given: SecretStr | None, file: Path | None, variable: str) -> str:
    try:
        text = file.read_text("utf-8") if file is not None and given is None else ""
    except (OSError, UnicodeDecodeError) as error:
        says = f"{file} can't be read: {type(error).__name__}"
        raise SettingsRefused(says, f"correct {variable}_FILE") from None
    found = (given.get_secret_value() if given is not None else text).strip()
    if not found.isprintable():
        raise SettingsRefused(f"{variable} holds control characters", "correct it")
    return found


def _span_ms(name: str, text: str) -> int:
    try:
        return duration_ms(text)
    except ValueError:
        raise click.UsageError(f"{name} {text!r}: write 30m, 2h or 1d") from None
