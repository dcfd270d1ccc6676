"""Fetch the broker's jars from a Maven repository, once per machine and version."""

import fcntl
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.errors import StackError
from deploy.local.processes import write_atomically
from deploy.local.progress import Progress, Step

if TYPE_CHECKING:
    from jgo.maven import Artifact

# The broker logs nothing without a binding; this one brings no jar but the slf4j-api
# version that Kafka itself asks for, so it moves none of Kafka's own.
COORDINATES = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
_TRIES = 3


def class_path(listing: Path, progress: Progress) -> list[Path]:
    """The jars of the broker, downloaded when they are not in the local Maven cache.

    ``listing`` remembers them with their sizes, so that a later start resolves nothing.
    """
    if jars := listed(listing):
        return jars
    with progress.step("kafka: looking up its jars") as step:
        jars = _resolve_whole(step)
    sizes = {str(jar): jar.stat().st_size for jar in jars}
    write_atomically(listing, json.dumps({"coordinates": COORDINATES, "jars": sizes}))
    progress.say(f"kafka: {len(jars)} jars, {sum(sizes.values()) / 1e6:.0f} MB")
    return jars


def listed(listing: Path) -> list[Path] | None:
    """The remembered jars; None when one is missing or has another size."""
    try:
        found = json.loads(listing.read_text())
        if tuple(found["coordinates"]) != COORDINATES:
            return None
        sizes = {Path(jar): size for jar, size in found["jars"].items()}
        whole = all(jar.stat().st_size == size for jar, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return list(sizes) if whole else None


def _resolve_whole(step: Step) -> list[Path]:
    """Resolve under a lock, and fetch a jar again that an earlier crash cut short."""
    problem = "no attempt was made"
    for attempt in range(_TRIES):
        try:
            jars = _resolve(step)
        # jgo raises AssertionError when another program fetches the same jar at that moment.
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            problem = f"{type(error).__name__}: {error}"
            time.sleep(1 + attempt)
            continue
        broken = [jar for jar in jars if not zipfile.is_zipfile(jar)]
        if not broken:
            return jars
        problem = f"broken jars: {', '.join(jar.name for jar in broken)}"
        for jar in broken:
            jar.unlink(missing_ok=True)
    raise StackError(
        f"the jars of {COORDINATES[0]} can't be fetched ({problem})",
        "check the network and the proxy settings (HTTPS_PROXY), then start again: "
        "what is there already is kept",
    )


def _resolve(step: Step) -> list[Path]:
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext, PythonResolver

    settings = GlobalSettings.load()
    resolver = PythonResolver(progress_callback=_Meter(step))
    context = MavenContext(resolver=resolver, repo_cache=settings.repo_cache)
    context.repo_cache.mkdir(parents=True, exist_ok=True)
    with (context.repo_cache / "watchfloor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = [context.create_dependency(coordinate) for coordinate in COORDINATES]
        inputs, transitive = resolver.resolve(wanted)
        needed = [d.artifact for d in (*inputs, *transitive) if d.scope in _RUN_SCOPES]
        return _fetch(needed, step)


_RUN_SCOPES = (None, "compile", "runtime")


def _fetch(artifacts: Sequence["Artifact"], step: Step) -> list[Path]:
    jars: list[Path] = []
    for number, artifact in enumerate(artifacts, start=1):
        step.text = f"kafka: jar {number} of {len(artifacts)}"
        step.detail = f"{step.text}, {artifact.filename}"
        jars.append(artifact.resolve())
    return jars


class _Meter:
    """Counts what jgo downloads; jgo calls it once per file."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._bytes = 0
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, name: str, size: int) -> Iterator[Callable[[int], None]]:
        def add(count: int) -> None:
            with self._lock:
                self._bytes += count
            megabytes = self._bytes / 1e6
            self._step.detail = f"{self._step.text}, {megabytes:.1f} MB so far, now {name}"

        yield add
