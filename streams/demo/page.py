"""The demo's board: where it is, and the token with which its audience may change things."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from streams.principals import hashed, new_token

HOST = "127.0.0.1"
_PRINCIPALS = "WATCHFLOOR_ALERTS_PRINCIPALS"
_BOARD, _ALERTS, _PUBLIC = (
    "WATCHFLOOR_BOARD_PORT",
    "WATCHFLOOR_ALERTS_PORT",
    "WATCHFLOOR_NOTIFY_PUBLIC_URL",
)
#: Taken when they are free; the ports that are the defaults elsewhere.
_WANTED = {_BOARD: 8200, _ALERTS: 9193}


@dataclass(slots=True)
class DemoPage:
    """Settings for a board and the API of alerts of the demo's own, in files below ``place``."""

    place: Path
    token: str = field(default_factory=new_token)
    address: str = ""

    def lay_out(self) -> dict[str, str]:
        """Choose ports and write the principal; the settings of all processes of the demo."""
        ports = {name: os.environ.get(name) or str(_free(port)) for name, port in _WANTED.items()}
        self.address = f"http://{HOST}:{ports[_BOARD]}"
        found = ports | {_PUBLIC: os.environ.get(_PUBLIC) or self.address}
        if os.environ.get(_PRINCIPALS):
            self.token = ""
            return found
        self.place.mkdir(parents=True, exist_ok=True)
        file = self.place / "principals.yaml"
        roles = ["operator", "people"]
        one = {"name": "demo", "roles": roles, "token_sha256": hashed(self.token)}
        file.write_text(yaml.safe_dump({"principals": [one]}))
        return found | {_PRINCIPALS: str(file.resolve())}

    def told(self) -> str:
        """Where to look, and how to take care of what fires."""
        lines = [f"The board: {self.address}"]
        if self.token:
            says = "to acknowledge alerts, and to see single persons, log in there with"
            lines.append(f"  {says} {self.token}")
        return "\n".join(lines)


def _free(wanted: int) -> int:
    """A port of this machine that is free now: the wanted one, or any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("the kernel has no free port")
