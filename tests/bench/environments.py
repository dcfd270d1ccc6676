"""Where the peers run: Python environments of their own, and a JVM, in the benchmark's cache.

Their pins clash with ours (quixstreams wants another pydantic, bytewax another librdkafka), so
nothing of theirs is ever installed beside the product.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import java, maven
from deploy.local.errors import StackError
from deploy.local.progress import Progress

#: Environment, and what is installed there; the first of each is the peer.
PINS: dict[str, tuple[str, ...]] = {
    "quixstreams": ("quixstreams==3.28.1", "orjson==3.13.0"),
    "bytewax": ("bytewax==0.21.1", "confluent-kafka==2.16.1", "orjson==3.13.0"),
    "py-spy": ("py-spy==0.4.3",),
}
STREAMS = ("org.apache.kafka:kafka-streams:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
PEERS = Path(__file__).parent / "peers"
_TRIES = 3


class Unavailable(Exception):
    """A peer can't run here; the text says why."""


def say(text: str) -> None:
    """Tell whoever waits; figures go to standard output, this does not."""
    print(text, file=sys.stderr, flush=True)


def python_of(name: str, home: Path) -> Path:
    """The Python of an environment, made at the first call; Unavailable when that fails."""
    folder, pins = home / "venvs" / name, PINS[name]
    python, done = folder / "bin" / "python", folder / "pins.txt"
    if done.is_file() and done.read_text().split() == list(pins):
        return python
    say(f"{name}: making an environment with {', '.join(pins)}")
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            last = (made.stderr + made.stdout).strip().splitlines()[-1:]
            raise Unavailable(f"its environment can't be made: {' '.join(last)}")
    done.write_text("\n".join(pins))
    return python


def streams_command(home: Path) -> list[str]:
    """How to run the Kafka Streams program, compiled at the first call; Unavailable without JDK."""
    home_of_java = os.environ.get("JAVA_HOME")
    javac = shutil.which("javac", path=str(Path(home_of_java) / "bin") if home_of_java else None)
    if javac is None:
        raise Unavailable("there is no JDK here (no javac)")
    runs_on = str(Path(javac).resolve().parent / "java")
    version = java.java_version(runs_on)
    if version is None or version < java.VERSION_MIN:
        raise Unavailable(f"the JDK here is older than {java.VERSION_MIN}")
    jars = os.pathsep.join(map(str, _jars()))
    classes = home / "classes"
    source = PEERS / "KafkaStreamsWindows.java"
    compiled = subprocess.run(
        [javac, "-cp", jars, "-d", str(classes), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if compiled.returncode:
        raise Unavailable(f"it does not compile: {compiled.stderr.strip()}")
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    return [runs_on, "-Xmx1g", quiet, "-cp", f"{classes}{os.pathsep}{jars}", source.stem]


def _jars() -> list[Path]:
    """As the local stack gets Kafka's."""
    for attempt in range(_TRIES):
        try:
            with Progress().step("Kafka Streams: looking up its jars") as step:
                return maven.resolve(STREAMS, step)
        # jgo raises AssertionError while another program fetches the same file.
        except (OSError, RuntimeError, ValueError, AssertionError, StackError) as error:
            problem = f"{type(error).__name__}: {error}"
        time.sleep(1 + attempt)
    raise Unavailable(f"its jars can't be fetched: {problem}")
