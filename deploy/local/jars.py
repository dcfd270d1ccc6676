"""The broker's jars: fetched from a Maven repository once, then remembered."""

import json
import time
import zipfile
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.processes import write_atomically
from deploy.local.progress import Progress, Step

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
    """Resolve, and fetch a jar again that another program left cut short."""
    try:
        from deploy.local import maven
    except ImportError as error:
        raise StackError(f"{error.name} is missing", "pip install 'watchfloor[local]'") from error
    problem = "no attempt was made"
    for attempt in range(_TRIES):
        try:
            jars = maven.resolve(COORDINATES, step)
        # jgo raises AssertionError when another program fetches the same file at that
        # moment, and SyntaxError for a description that such a program has half written.
        except (OSError, RuntimeError, ValueError, AssertionError, SyntaxError) as error:
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
