"""Watchfloor as a wheel, in an environment of its own: nothing of the clone is in reach.

Built without the network. The libraries it needs are those of the environment of the tests.
"""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("streams", "schemas", "sinks", "deploy")
_PIP = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")


def installed(folder: Path) -> Path:
    """Build the wheel and install it under ``folder``; the programs' directory."""
    source, wheels, home = folder / "source", folder / "wheels", folder / "environment"
    for package in PACKAGES:
        copytree(ROOT / package, source / package, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy2(ROOT / name, source / name)
    offline = ("--no-deps", "--no-index")
    build = (*_PIP, "wheel", *offline, "--no-build-isolation", "-w", str(wheels), str(source))
    subprocess.run(build, check=True)
    venv.create(home, symlinks=True)
    (wheel,) = wheels.glob("watchfloor-*.whl")
    programs = home / "bin"
    into = (*_PIP, "--python", str(programs / "python"), "install", *offline, str(wheel))
    subprocess.run(into, check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    # A plain path: what makes the clone importable there is not read a second time.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return programs
