"""Findings as a page: targets first, then ratios, then how each figure came about."""

from collections.abc import Iterable, Iterator, Sequence

from tests.bench import chart
from tests.bench.chart import Bar
from tests.bench.findings import Findings, Found, Holding, Latency, Pipeline, Plain, Scaling, Soak
from tests.bench.targets import OURS, Verdict, grouping_share, rates, verdicts, worker_bytes

#: Programs that may want each core before wall clocks stop telling the truth.
QUIET_LOAD_MAX = 1.5
_MET = {True: "met", False: "**missed**", None: "not measured"}
_INTRO = """# What the benchmark found

Written by `make bench ARGS=--record`; the next one overwrites it. {machine}. {versions}.

How it is measured: everything runs on one machine, on the stack that `watchfloor local` starts
(real Kafka, the real ClickHouse engine, Valkey), one system after the other in one run. Each reads
a backlog that lies in Kafka before it starts. The clock starts when a tenth of the events has been
read (half for the JVM, which has to warm up), counts none of what came before, and stops before
the topic ends, so that what was fetched ahead weighs the same at both ends. Other programs share
the cores, so every rate is also given per second of CPU time of the reader (all its threads), and
`busy` says how much of a core it got: far below 1.00 for a reader of one thread means that it had
to wait for the machine. **Compare ratios, and those per CPU second first**; figures of
different runs do not compare."""


def page(found: Findings) -> str:
    """The whole page as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    parts = [_INTRO.format(machine=found.machine, versions=versions), _targets(found)]
    sections = (
        plain(found.plain) if found.plain else (),
        pipeline(found.pipeline) if found.pipeline else (),
        latency(found.latency) if found.latency else (),
        holding(found.holding) if found.holding else (),
        scaling(found.scaling) if found.scaling else (),
        soak(found.soak) if found.soak else (),
    )
    parts += [text for section in sections if (text := "\n".join(section))]
    return "\n\n".join(parts) + "\n"


def picture(found: Plain) -> str:
    """Events a second of the plain task, as multiples of textbook Faust's."""
    wall = rates(found)
    least = min(wall.values())
    rows = [
        Bar(name, rate, f"{rate / 1000:,.1f} k/s = {rate / least:,.0f} x", name.startswith(OURS))
        for name, rate in sorted(wall.items(), key=lambda each: each[1])
    ]
    note = "events a second, count, sum and maximum per person and minute, one process each"
    return chart.bars("The same task on the same topic", note, rows)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table."""
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _targets(found: Findings) -> str:
    rows = [(it.target, it.figure, _MET[it.met]) for it in verdicts(found)]
    lines = ["## Targets", "", *table(("target", "found", ""), rows)]
    parts = (found.plain, found.pipeline, found.latency, found.holding, found.scaling, found.soak)
    load = max((max(part.load) for part in parts if part is not None), default=0.0)
    if load > QUIET_LOAD_MAX * found.cores:
        lines.append(
            f"\nThe machine was busy (load average up to {load:.0f} on {found.cores} cores): "
            "verdicts by wall clock say little then, and delays nothing."
        )
    return "\n".join(lines)


def _signed(title: str, found: Found) -> list[str]:
    load = f"load average {found.load[0]:.1f} at its begin, {found.load[1]:.1f} at its end"
    return [f"## {title}", "", f"{found.at}, `{found.command}`, {found.took_s:.0f} s; {load}.", ""]


def plain(found: Plain) -> Iterator[str]:
    """Ratios to ours, per wall and CPU second."""
    yield from _signed("The plain task, side by side", found)
    wall, cpu = rates(found), rates(found, cpu=True)
    rows = []
    for line in found.lines:
        if line.per_s is None or line.per_cpu_s is None:
            rows.append((line.name, "-", "-", "-", "-", "-", f"skipped: {line.skipped}"))
            continue
        ratio, of_cpu = wall[OURS] / line.per_s, cpu[OURS] / line.per_cpu_s
        busy = line.per_s / line.per_cpu_s
        times = (f"{ratio:.2f}", f"{of_cpu:.2f}")
        speeds = (f"{line.per_s:,.0f}", f"{line.per_cpu_s:,.0f}", f"{busy:.2f}")
        rows.append((line.name, *times, *speeds, f"{line.what}; {line.events:,} events"))
    titles = ("system", "ours is x faster", "per CPU s", "events/s", "per CPU s", "busy", "how")
    yield from table(titles, rows)
    yield "\n![bars](chart.svg)"


def pipeline(found: Pipeline) -> Iterator[str]:
    """Ratios to the empty transport, bytes per event, profile."""
    yield from _signed("The whole floor, one worker", found)
    yield (
        f"{found.events:,} events of a simulated floor of {found.floor_events_per_s:,.0f} events "
        "a second, default groupings. The first rate counts until both stages have committed all, "
        "`applied` until the last event was applied."
    )
    yield ""
    empty, of_cpu = found.empty_per_s, found.empty_per_cpu_s
    rows = [
        ("empty transport", "1.000", "1.000", f"{empty:,.0f}", f"{of_cpu:,.0f}", "-",
         f"{empty / of_cpu:.2f}")
    ]  # fmt: skip
    for flow in (found.worker, found.delivering):
        ratios = (f"{flow.per_s / empty:.3f}", f"{flow.per_cpu_s / of_cpu:.3f}")
        speeds = (f"{flow.per_s:,.0f}", f"{flow.per_cpu_s:,.0f}", f"{flow.applied_per_s:,.0f}")
        rows.append((flow.name, *ratios, *speeds, f"{flow.per_s / flow.per_cpu_s:.2f}"))
    titles = ("", "of empty", "per CPU s", "events/s", "per CPU s", "applied/s", "busy")
    yield from table(titles, rows)
    yield f"\nAll rows were in ClickHouse at {found.delivered_per_s:,.0f} events/s.\n"
    sizes = [
        (it.topic, f"{it.records:.3f}", f"{it.bytes:.0f}", f"{it.stored_bytes:.0f}")
        for it in found.volumes
    ]
    yield from table(("per event", "records", "bytes", "bytes stored, packed"), sizes)
    yield "\nThe worker's own time, by function: " + "; ".join(f"`{it}`" for it in found.hot) + "."


def latency(found: Latency) -> Iterator[str]:
    """Delays by load and sink."""
    yield from _signed("From an event to what people see", found)
    yield f"Loads are parts of {found.full_per_s:,.0f} events/s; a probe every 0.1 s beside them.\n"
    rows = [
        (f"{it.load:.0%}", f"{it.events_per_s:,.0f}", it.sink, _ms(it.ms_p50), _ms(it.ms_p99),
         f"{it.n - it.lost} of {it.n}")
        for it in found.delays
    ]  # fmt: skip
    yield from table(("load", "events/s", "sink", "p50 ms", "p99 ms", "seen"), rows)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def holding(found: Holding) -> Iterator[str]:
    """Memory and recovery by open items."""
    yield from _signed("Open items: memory and recovery", found)
    yield (
        f"The core alone: {found.core_bytes_per_item:,.0f} B per item of three events. An idle "
        f"worker: {found.idle_bytes / 1e6:.0f} MB. Below, items of one event each.\n"
    )
    rows = [
        (f"{it.items:,}", f"{size:,.0f}", f"{it.recovery_s:.1f}", f"{it.ready_s:.1f}",
         f"{it.log_records:,}", f"{it.log_bytes / 1e6:,.0f}")
        for it, size in zip(found.held, worker_bytes(Findings(holding=found)), strict=True)
    ]  # fmt: skip
    titles = ("items", "worker, B each", "recovery s", "start to ready s", "log records", "log MB")
    yield from table(titles, rows)


def scaling(found: Scaling) -> Iterator[str]:
    """One more grouping; partitions."""
    yield from _signed("Groupings and partitions", found)
    without, with_it = (
        " ".join(f"{cpu_s:.2f}" for cpu_s in rounds)
        for rounds in (found.without_cpu_s, found.with_cpu_s)
    )
    yield f"One grouping more than {found.groupings}: {grouping_share(found):+.1%} CPU"
    yield f"of both stages, in the core alone (without it {without} s, with it {with_it} s).\n"
    rows = [
        (str(count), f"{it.per_s:,.0f}", f"{it.per_cpu_s:,.0f}", f"{it.applied_per_s:,.0f}")
        for count, it in found.partitions.items()
    ]
    yield from table(("partitions", "events/s", "per CPU s", "applied/s"), rows)


def soak(found: Soak) -> Iterator[str]:
    """Memory over time."""
    yield from _signed("Soak", found)
    yield (
        f"{found.seconds:,.0f} s at {found.events_per_s:,.0f} events/s. Items stay until a month "
        "after they were closed, and panes as long as their windows, so a worker's memory follows "
        "what it holds; a sink's has to be flat.\n"
    )
    names = list(found.samples[0].resident_bytes) if found.samples else []
    rows = [
        (f"{it.at_s:.0f}", *(f"{it.resident_bytes[name] / 1e6:.0f}" for name in names),
         f"{it.items:,}", f"{it.panes:,}", f"{it.lag:,}")
        for it in found.samples
    ]  # fmt: skip
    yield from table(("s", *(f"{name} MB" for name in names), "items", "panes", "lag"), rows)


def summary(found: Findings) -> Iterator[str]:
    """One line for each target."""
    for it in verdicts(found):
        yield _summed(it)


def _summed(it: Verdict) -> str:
    met = {True: "met", False: "MISSED", None: "-"}[it.met]
    return f"{met:7} {it.target}: {it.figure}"
