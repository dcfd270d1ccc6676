"""``watchfloor rules worth``: how often each rule paged, when, and what people said of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from streams.commands.invocation import read_settings, show_rows
from streams.refusals import Refusal
from streams.rule_worth import OfficeHours, worth_of_rules
from streams.setup import connect_clickhouse
from streams.spaces import Names

_MOMENT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])
_HOURS = click.IntRange(0, 24)


@click.command("worth")
@click.option("--from", "from_", type=_MOMENT, help="UTC; default: four weeks before --to.")
@click.option("--to", "to", type=_MOMENT, help="UTC; default: now.")
@click.option("--zone", default="UTC", show_default=True, help="Where people are, as Asia/Manila.")
@click.option("--hours", nargs=2, type=_HOURS, default=(8, 18), show_default=True)
def command(from_: datetime | None, to: datetime | None, zone: str, hours: tuple[int, int]) -> None:
    """Show what each rule's pages were worth: `alerts close` takes people's verdicts.

    Precision is the useful ones of those that somebody judged. Off hours are weekends, and what is
    outside --hours in --zone.
    """
    try:
        office = OfficeHours(ZoneInfo(zone), *hours)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(f"there is no zone {zone!r}", param_hint="--zone") from error
    end = (to or datetime.now(UTC)).replace(tzinfo=UTC)
    begin = from_.replace(tzinfo=UTC) if from_ else end - timedelta(days=28)
    settings = read_settings()
    client = connect_clickhouse(settings.connections)
    span_ms = (int(begin.timestamp() * 1000), int(end.timestamp() * 1000))
    found = worth_of_rules(client, Names(settings.space.space).database, span_ms, office)
    client.close()
    if not found:
        raise Refusal("no rule fired in that time", "name another --from, --to or --space")
    titles = ("rule", "fired", "off hours", "acknowledged", "useful", "noise", "precision")
    rows = [
        (w.rule, w.fired, w.off_hours, w.acknowledged, w.useful, w.noise, _percent(w.precision))
        for w in found
    ]
    show_rows(titles, rows)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"
