"""``watchfloor chart``: a view's metric over time as a picture, without a notebook."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, cast

import click
from clickhouse_connect.driver.client import Client

from sinks.view_catalog import ViewInfo
from sinks.view_series import Series, Steps, metrics_of, select, series
from streams.commands.view_options import Asking, asking, view_options
from streams.refusals import Refusal
from streams.view_question import ArgumentRefused, Question

_HOUR_S = 3600
#: Steps that people read easily; the first that leaves no more than this many is taken.
_STEPS_S = (60, 300, 900, _HOUR_S, 4 * _HOUR_S, 24 * _HOUR_S, 7 * 24 * _HOUR_S)
_STEPS_WANTED = 96
_STEPS_MAX = 2_000


@click.command(
    "chart",
    epilog="""\b
watchfloor chart throughput --out today.svg
watchfloor chart review_yield --metric first_pass_yield --grouping queue --step 1h \\
    --from 2026-03-02 --to 2026-03-03 --tz Asia/Manila --out yield.png
watchfloor chart sla --metric sla_attainment --where queue=reports --out sla.svg

Needs the extra `charts` (pip install 'watchfloor[charts]').
Exit codes: 0 written, 1 not written, 2 wrong usage.""",
)
@click.argument("view")
@view_options
@click.option("--metric", help="Which column of the view; default: its first metric.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FILE.svg or FILE.png")
@click.option("--force", is_flag=True, help="Replace FILE when it exists.")
def command(view: str, metric: str | None, out: Path, force: bool, **said: Any) -> None:
    """Draw a metric of VIEW over time; without --from and --to the last day that has counts.

    Intervals are bands, the observations n stand below. What is unknown is a gap, and a last step
    that was not over is hatched.
    """
    shape = out.suffix.lstrip(".").lower()
    if shape not in ("svg", "png"):
        raise ArgumentRefused(f"--out {out.name} is no picture", "accepted: FILE.svg or FILE.png")
    if out.exists() and not force:
        raise Refusal(f"{out} is there already", "name another file, or say --force")
    if find_spec("matplotlib") is None:
        raise Refusal("matplotlib is not installed", "pip install 'watchfloor[charts]'")
    with asking(view, said, complete=_last_day) as asked:
        chart = _ask(asked, metric)
    _write(chart, out, cast(Literal["svg", "png"], shape))
    told = sum(point.value is not None for each in chart.found for point in each.points)
    click.echo(f"wrote {out}: {chart.metric}, {len(chart.found)} series, {told} values")


def _known_until(client: Client, before: datetime | None = None) -> datetime | None:
    """The end of the last minute in which anything was counted (before a time)."""
    where = f"AND pane_start < '{before:%Y-%m-%d %H:%M:%S}'" if before else ""
    query = (
        "SELECT maxOrNull(toUnixTimestamp(pane_start) + pane_s) FROM rollups "
        f"WHERE grouping = 'all' {where}"
    )
    found = client.query(query).result_rows[0][0]
    return None if found is None else datetime.fromtimestamp(found, UTC)


def _last_day(client: Client, view: ViewInfo, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was said, with a range and a step where none was given."""
    if "step_s" not in view.arguments or "step_start" not in [c.name for c in view.columns]:
        raise ArgumentRefused(
            f"{view.name} has no steps over time", "`watchfloor export` writes it as a table"
        )
    since, until = said["since"], said["until"]
    if since is None and until is None:
        known = _known_until(client)
        if known is None:
            raise Refusal("nothing was counted yet", "see `watchfloor lag`, then try again")
        end_s = -(-int(known.timestamp()) // _HOUR_S) * _HOUR_S
        since, until = (
            datetime.fromtimestamp(s, UTC).isoformat() for s in (end_s - 24 * _HOUR_S, end_s)
        )
    return {**said, "since": since, "until": until}


@dataclass(frozen=True, slots=True)
class _Chart:
    metric: str
    found: list[Series]
    steps: Steps
    question: Question
    definition: Mapping[str, Any]


def _ask(asked: Asking, metric: str | None) -> _Chart:
    asked, client = _with_step(asked), asked.client
    view = asked.question.view
    names = metrics_of(view)
    if names == [""]:
        rows = client.query("SELECT id FROM metric_definitions ORDER BY number")
        names = [str(row[0]) for row in rows.result_rows]
    chosen = metric or (names[0] if names else "")
    if chosen not in names:
        raise ArgumentRefused(
            f"--metric {chosen!r}: {view.name} has no such metric", f"metrics: {', '.join(names)}"
        )
    answer = select(view, chosen, asked.with_metric(chosen).sql)
    if metrics_of(view) == [""]:
        answer += " WHERE metric = {metric:String}"
    question = asked.question
    assert question.since is not None
    assert question.until is not None
    known = _known_until(client, question.until) or question.since
    steps = Steps(_ms(question.since), _ms(question.until), question.step_s * 1000, _ms(known))
    points = client.query(answer, parameters={"metric": chosen}).named_results()
    definitions = client.query(
        "SELECT * FROM metric_definitions WHERE id = {id:String}", parameters={"id": chosen}
    ).named_results()
    return _Chart(chosen, series(points, steps), steps, question, next(iter(definitions), {}))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _with_step(asked: Asking) -> Asking:
    """The same with a step that people read easily when none was said."""
    question = asked.question
    assert question.since is not None
    assert question.until is not None
    seconds = (question.until - question.since).total_seconds()
    step_s = question.step_s or next(
        (each for each in _STEPS_S if seconds / each <= _STEPS_WANTED), _STEPS_S[-1]
    )
    if seconds / step_s > _STEPS_MAX:
        raise ArgumentRefused(
            f"--step makes {seconds / step_s:.0f} steps", f"accepted: at most {_STEPS_MAX}"
        )
    return asked.with_step(step_s)


def _write(chart: _Chart, out: Path, shape: Literal["svg", "png"]) -> None:
    # Imported here: matplotlib takes a second, and may be missing.
    from sinks import charting

    about, question = chart.definition, chart.question
    said = question.said
    words = charting.Words(
        title=str(about.get("title", chart.metric)),
        subtitle=", ".join(
            [
                f"view {question.view.name}",
                f"by {said.get('grouping', 'all')}",
                f"steps of {question.step_s // 60} min",
                f"{chart.metric} version {about.get('version', '?')}",
                *question.conditions,
            ]
        ),
        unit=str(about.get("unit", "")),
        zone_name=str(question.zone),
        notes=(str(about["caveat"]),) if about.get("caveat") else (),
    )
    part = out.with_name(f"{out.name}.part")
    try:
        charting.save(charting.draw(chart.found, chart.steps, question.zone, words), part, shape)
        os.replace(part, out)
    except OSError as error:
        raise Refusal(f"{out} can't be written: {error}", "make room, or rights") from error
    finally:
        part.unlink(missing_ok=True)
