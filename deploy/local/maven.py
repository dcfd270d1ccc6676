"""Resolve Maven coordinates to files with ``jgo``, so that a crash leaves no half file."""

import fcntl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.maven import Artifact, MavenContext, PythonResolver

from deploy.local.progress import Step

_RUN_SCOPES = (None, "compile", "runtime")


def resolve(coordinates: Sequence[str], step: Step) -> list[Path]:
    """The jars that ``coordinates`` need at run time, in the local Maven cache.

    One process at a time: jgo writes in place. Raises what jgo and the network raise.
    """
    cache: Path = GlobalSettings.load().repo_cache
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "watchfloor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        resolver = _Resolver(step, cache / "watchfloor.part")
        context = MavenContext(resolver=resolver, repo_cache=cache)
        wanted = [context.create_dependency(coordinate) for coordinate in coordinates]
        inputs, transitive = resolver.resolve(wanted)
        needed = [d.artifact for d in (*inputs, *transitive) if d.scope in _RUN_SCOPES]
        return _fetch(needed, step)


def _fetch(artifacts: Sequence[Artifact], step: Step) -> list[Path]:
    jars: list[Path] = []
    for number, artifact in enumerate(artifacts, start=1):
        step.text = f"kafka: jar {number} of {len(artifacts)}"
        step.detail = f"{step.text}, {artifact.filename}"
        jars.append(artifact.resolve())
    return jars


class _Resolver(PythonResolver):
    """Notes which file it writes, and deletes it when the writing was cut short."""

    def __init__(self, step: Step, note: Path) -> None:
        super().__init__(progress_callback=_Meter(step))
        self._note = note
        if note.exists():
            Path(note.read_text()).unlink(missing_ok=True)

    def download(self, artifact: Artifact) -> Path | None:
        """Fetch one file; afterwards it is whole or absent, also after kill -9."""
        path = artifact.cached_path
        if path is None or path.exists():
            return super().download(artifact)
        self._note.write_text(str(path))
        try:
            return super().download(artifact)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._note.unlink(missing_ok=True)


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
