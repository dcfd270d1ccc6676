"""Where the gateway refuses to start, in one line with its remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.running_gateway import RunningGateway


def start(gateway: RunningGateway, space: str = "", **given: str) -> tuple[int, str]:
    """Exit code and output of another gateway beside a running one, in its space."""
    command = [sys.executable, "-m", "streams.main", "--space", space or gateway.space, "gateway"]
    more = {f"WATCHFLOOR_GATEWAY_{name}": value for name, value in given.items()}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | more
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ({"HOST": "0.0.0.0"}, 1, "would take events from everybody who reaches 0.0.0.0"),
        ({"CVAT_SECRET_FILE": "/nowhere/at/all"}, 2, "WATCHFLOOR_GATEWAY_CVAT_SECRET_FILE"),
        ({"CVAT_MAPPING": "nothing"}, 1, "is no mapping file"),
        ({"MEMORY": "/nowhere/at/all"}, 1, "set WATCHFLOOR_GATEWAY_MEMORY"),
        ({"BODY_BYTES_MAX": "1"}, 2, "WATCHFLOOR_GATEWAY_BODY_BYTES_MAX"),
    ],
)
def test_a_setting_that_is_not_safe_or_not_there_is_named(
    gateway: RunningGateway, given: dict[str, str], code: int, says: str
) -> None:
    found = start(gateway, **given)
    assert found[0] == code, found[1]
    assert says in found[1]
    assert "Traceback" not in found[1]


def test_a_taken_port_and_a_space_without_topics_are_named(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    port = gateway.url.rpartition(":")[2]
    code, said = start(gateway, PORT=port)
    assert (code, "set WATCHFLOOR_GATEWAY_PORT" in said, "Traceback" in said) == (1, True, False)
    code, said = start(gateway, space="never-made")
    assert (code, "`watchfloor setup`" in said, "Traceback" in said) == (1, True, False)
