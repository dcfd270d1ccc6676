"""Commands in a space, with what they print and how they end."""

import subprocess
import sys

from tests.admin.conftest import Ran
from tests.integration.main_job.floor_processes import FloorSpace


def ask(floor: FloorSpace, *arguments: str) -> Ran:
    """Run a command as a process of its own; nobody answers what it asks."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.main", "--space", floor.name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
