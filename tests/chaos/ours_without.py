"""A worker of ``tests/faust_traps/ours.py`` without the guard that ``CHAOS_WITHOUT`` names."""

import os
import runpy
from pathlib import Path

from tests.chaos.guards import leave_out

if __name__ == "__main__":
    leave_out(os.environ["CHAOS_WITHOUT"])
    ours = Path(__file__).parents[1] / "faust_traps" / "ours.py"
    runpy.run_path(str(ours), run_name="__main__")
