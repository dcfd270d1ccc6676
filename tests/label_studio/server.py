"""Installs Label Studio into an environment of its own, and runs it on this machine.

Its data is thrown away at the end; the environment is kept, since it takes minutes to make.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from streams.refusals import Refusal
from tests.label_studio.client import LabelStudio

VERSION = "1.23.2"
START_S_MAX = 900
STOP_S_MAX = 20
_POLL_S = 0.25
_LAST_LINES = 5


def installed(home: Path) -> Path:
    """Returns the environment's command, and makes it first where it is not there or not whole.

    Raises Refusal when it can't be installed.
    """
    folder, done = home / f"label-studio-{VERSION}", home / f"label-studio-{VERSION}.installed"
    command = folder / "bin" / "label-studio"
    if done.exists() and command.exists():
        return command
    done.unlink(missing_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    wanted = f"label-studio=={VERSION}"
    ran = subprocess.run([*pip, "--no-input", wanted], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        last = (ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"])[-1]
        raise Refusal(
            f"pip could not install {wanted}: {last}",
            "give this machine a network or a package mirror (about 1 GB on disk, once), or leave "
            "this run out: no other test needs Label Studio",
        )
    done.touch()
    return command


@contextmanager
def label_studio(command: Path) -> Iterator[LabelStudio]:
    """Runs a fresh Label Studio on a free local port with one user; raises Refusal."""
    folder = Path(tempfile.mkdtemp(prefix="label-studio-"))
    port, token = free_port(), secrets.token_hex(20)
    options = ["--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    log = folder / "label-studio.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(command), "start", *options, "--data-dir", str(folder)],
            env=_variables(token),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(process, address, log)
        yield LabelStudio(address, token)
    finally:
        _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _variables(token: str) -> dict[str, str]:
    """Private addresses are refused for webhooks by default, and tokens for scripts are off."""
    ours = {
        "LABEL_STUDIO_USERNAME": "first@example.com",
        "LABEL_STUDIO_PASSWORD": secrets.token_hex(16),
        "LABEL_STUDIO_USER_TOKEN": token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "SSRF_PROTECTION_ENABLED": "false",
        "WEBHOOK_TIMEOUT": "30",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    theirs = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    return theirs | ours


def _is_ours(name: str) -> bool:
    return name.startswith(("WATCHFLOOR_", "LABEL_STUDIO_", "PYTHON", "DJANGO_"))


def _await(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until_s = time.monotonic() + START_S_MAX
    while not _answers(address):
        ended = process.poll() is not None
        if ended or time.monotonic() > until_s:
            how = f"ended with {process.returncode}" if ended else f"is silent for {START_S_MAX} s"
            lines = log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:]
            print(*lines, sep="\n", file=sys.stderr)
            raise Refusal(f"Label Studio {how}", "read its last lines above")
        time.sleep(_POLL_S)


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/health", timeout=_POLL_S * 20) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """A port that nothing listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
