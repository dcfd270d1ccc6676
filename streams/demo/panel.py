"""Draws the floor: a table for a terminal, or one line for a log. Unknown is said, never drawn."""

from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.readings import (
    NEVER,
    NEVER_SENT,
    NOT_APPLICABLE,
    STALE_SOURCE,
    TOO_FEW,
    WARMING_UP,
    Reading,
)
from streams.demo.glance import Glance, Subject

STALE_S = 5.0
#: Windows: rates move fast, times need more work to be told, quality even more.
RATE, TIMES, QUALITY = "5m", "15m", "1h"


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is shown at a moment. ``lags``: records not read yet, None: not asked yet."""

    glance: Glance = field(default_factory=Glance)
    elapsed_s: float = 0.0
    #: False while the floor's past is sent.
    live: bool = False
    sent: int = 0
    sent_per_s: float = 0.0
    age_s: float | None = None
    lags: dict[str, int] | None = None
    #: Why the numbers could not be read just now.
    trouble: str = ""

    @property
    def stale(self) -> bool:
        """Whether the numbers are too old to be called live."""
        return bool(self.trouble) or self.age_s is None or self.age_s > STALE_S


def duration(seconds: float) -> str:
    """A length of time as one reads it: ``31 s``, ``2.1 min``, ``3.4 h``."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    n, unit = (seconds / 60, "min") if seconds < 5_970 else (seconds / 3600, "h")
    return f"{n:.1f} {unit}" if n < 9.95 else f"{n:.0f} {unit}"


def why_unknown(reading: Reading) -> str:
    """In words why a metric has no value; with its n, so that one sees how far it is."""
    cause = reading.cause or ""
    if cause.startswith(NEVER_SENT):
        return f"no {cause.removeprefix(NEVER_SENT).replace('|', ' or ')} yet"
    texts = {
        TOO_FEW: f"not enough data (n={reading.n})",
        WARMING_UP: "warming up",
        STALE_SOURCE: "source is silent",
        NEVER: "never at this rate",
        NOT_APPLICABLE: "not applicable",
    }
    return texts.get(cause, "no data yet")


def rate_text(subject: Subject) -> str:
    """Submissions per hour."""
    reading = subject.reading(RATE, "throughput")
    return why_unknown(reading) if reading.value is None else f"{reading.value:,.0f}"


def handle_text(subject: Subject) -> str:
    """Median and 90th percentile of the handle time."""
    found = [subject.reading(TIMES, f"handle_time_{which}") for which in ("p50", "p90")]
    texts = [why_unknown(each) if each.value is None else duration(each.value) for each in found]
    return texts[0] if texts[0] == texts[1] else " / ".join(texts)


def share_text(subject: Subject, metric: str) -> str:
    """A share in per cent with its 95 % interval and n."""
    reading = subject.reading(QUALITY, metric)
    if reading.value is None:
        return why_unknown(reading)
    between = ""
    if reading.low is not None and reading.high is not None:
        between = f" [{100 * reading.low:.0f}-{100 * reading.high:.0f}]"
    return f"{100 * reading.value:.0f} %{between} n={reading.n:,}"


def oldest_text(subject: Subject) -> str:
    """How long the oldest waiting item has waited."""
    oldest_ms = subject.gauges["oldest_waiting_ms"]
    return "-" if oldest_ms is None else duration(oldest_ms / 1000)


def table(scene: Scene) -> RenderableType:
    """The floor for a terminal; grey when the numbers are old."""
    shown = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    shown.add_column("queue", no_wrap=True)
    shown.add_column(f"done/h\n({RATE})", justify="right")
    shown.add_column("waiting\n(oldest)", justify="right", no_wrap=True)
    shown.add_column("in work /\nin review", justify="right")
    shown.add_column(f"handle time\np50 / p90 ({TIMES})", justify="right", no_wrap=True)
    shown.add_column(f"golden accuracy\n[95 %] ({QUALITY})")
    shown.add_column(f"first pass\n[95 %] ({QUALITY})")
    style = "grey50" if scene.stale else ""
    whole = scene.glance.whole
    for subject in (*([] if whole is None else [whole]), *scene.glance.queues):
        shown.add_row(*_cells(subject), style=style)
    return Group(_headline(scene), Text(""), shown)


def _cells(subject: Subject) -> list[str]:
    gauges = subject.gauges
    return [
        subject.name,
        rate_text(subject),
        f"{gauges['waiting']:,} ({oldest_text(subject)})",
        f"{gauges['in_work']:,} / {gauges['in_review']:,}",
        handle_text(subject),
        share_text(subject, "golden_accuracy"),
        share_text(subject, "first_pass_yield"),
    ]


def _headline(scene: Scene) -> Text:
    text = Text(f"{_clock(scene)}  ")
    text.append(_age(scene), style="bold red" if scene.stale else "green")
    return text.append(f"  {_traffic(scene)}")


def _clock(scene: Scene) -> str:
    minutes, seconds = divmod(int(scene.elapsed_s), 60)
    return f"{minutes:02d}:{seconds:02d}"


def _age(scene: Scene) -> str:
    if scene.trouble:
        return f"STALE: {scene.trouble}"
    if scene.age_s is None:
        return "no numbers yet"
    return f"{'STALE: ' if scene.stale else ''}data {scene.age_s:.1f} s old"


def _traffic(scene: Scene) -> str:
    lags = scene.lags or {}
    behind = ", ".join(f"{name} {n:,}" for name, n in lags.items()) or "not known yet"
    what = "sent" if scene.live else "sending the last half hour:"
    return f"{what} {scene.sent:,} events ({scene.sent_per_s:,.0f}/s)  lag in records: {behind}"


def line(scene: Scene) -> str:
    """The floor as one line, for where there is no terminal."""
    head = f"{_clock(scene)}  {_age(scene)}  {_traffic(scene)}"
    whole = scene.glance.whole
    if whole is None:
        return head
    return (
        f"{head}  done/h {rate_text(whole)}"
        f"  waiting {whole.gauges['waiting']:,} (oldest {oldest_text(whole)})"
        f"  handle time {handle_text(whole)}"
        f"  golden accuracy {share_text(whole, 'golden_accuracy')}"
        f"  first pass {share_text(whole, 'first_pass_yield')}"
    )
