"""Start parts together, wait until each answers, and explain it when one does not."""

import time
from collections.abc import Mapping, Sequence

from deploy.local import clickhouse, kafka, ports, processes, valkey
from deploy.local.errors import PortTaken, StackError
from deploy.local.launch import DIRECTORY_OPEN
from deploy.local.places import Part, Places
from deploy.local.processes import ProcessRecord
from deploy.local.progress import Progress
from deploy.local.service import PORT_TAKEN, Service

GRACE_S = 30.0
_POLL_S = 0.05
_LOG_LINES = 5
#: Times that ports are chosen: others may take one before the part that it was chosen for does.
_CHOICES = 3
_LOG_TAIL_BYTES = 64 * 1024


def start(
    places: Places, asked: Mapping[str, int], parts: Sequence[Part], progress: Progress
) -> None:
    """Start ``parts``, none of which runs; returns when all of them answer.

    Raises StackError, and then has stopped those it started.
    """
    broker = kafka.prepare(places, progress) if "kafka" in parts else None
    for left in reversed(range(_CHOICES)):
        try:
            _start_once(places, asked, parts, broker, progress)
            break
        except PortTaken as error:
            if not left:
                raise
            progress.say(f"{error.problem}; choosing another")


def _start_once(
    places: Places,
    asked: Mapping[str, int],
    parts: Sequence[Part],
    broker: kafka.Program | None,
    progress: Progress,
) -> None:
    with ports.reserved():
        chosen = ports.choose_all(_names(parts), asked, places.ports, progress)
        services = [_service(part, places, chosen, broker) for part in parts]
        started: dict[Part, ProcessRecord] = {}
        try:
            with progress.step(f"starting {', '.join(parts)}") as step:
                for service in services:
                    started[service.part] = spawn(service, places)
                for service in services:
                    step.detail = f"waiting for {service.part}"
                    await_answer(service, started[service.part], places)
        except BaseException:
            for part, process in started.items():
                processes.stop(process, GRACE_S)
                places.record(part).unlink(missing_ok=True)
            raise


def _names(parts: Sequence[Part]) -> list[str]:
    """The names of the ports that parts need."""
    return [
        name for part in parts for name in ((part, "controller") if part == "kafka" else (part,))
    ]


def _service(
    part: Part, places: Places, chosen: Mapping[str, int], broker: kafka.Program | None
) -> Service:
    if part == "clickhouse":
        return clickhouse.service(places, chosen)
    if part == "redis":
        return valkey.service(places, chosen)
    assert broker is not None, "the broker is prepared before its ports are chosen"
    return kafka.service(places, chosen, broker)


def spawn(service: Service, places: Places) -> ProcessRecord:
    """Start a part's process, its output in the part's log."""
    part = service.part
    log = places.log(part)
    # One log of the last run is kept; a longer history fills disks that nobody looks at.
    if log.exists():
        log.replace(log.with_suffix(".last.log"))
    return processes.spawn(service.argv, places.record(part), places.data(part), log, service.env)


def await_answer(service: Service, process: ProcessRecord, places: Places) -> None:
    """Return when a part answers; StackError says why it does not."""
    until_s = time.monotonic() + service.start_s_max
    while not service.healthy():
        if not process.alive():
            raise _explained(service, places, "ended while starting")
        if time.monotonic() > until_s:
            raise _explained(service, places, f"does not answer after {service.start_s_max:.0f} s")
        time.sleep(_POLL_S)


def _explained(service: Service, places: Places, what: str) -> StackError:
    """Say why a part did not start, from its log."""
    log = places.log(service.part)
    text = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace") if log.exists() else ""
    if DIRECTORY_OPEN in text:
        data = places.data(service.part)
        remedy = f"find it (`fuser {data / 'claim'}`), stop it, then start again"
        return StackError(f"{service.part}: its {DIRECTORY_OPEN} ({data})", remedy)
    for mark, (problem, remedy) in service.hints.items():
        if mark in text:
            kind = PortTaken if (problem, remedy) == PORT_TAKEN else StackError
            return kind(f"{service.part}: {problem}", f"{remedy} (log: {log})")
    last = "\n    ".join(text.strip().splitlines()[-_LOG_LINES:])
    return StackError(f"{service.part} {what}; its last words:\n    {last}", f"read {log}")
