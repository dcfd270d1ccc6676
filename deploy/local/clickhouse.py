"""The ClickHouse engine behind its HTTP interface, as a part of the stack."""

import http.client
import importlib.util
import sys
from collections.abc import Mapping

from deploy.local.errors import StackError
from deploy.local.places import Places
from deploy.local.ports import HOST
from deploy.local.service import DISK_FULL, PORT_TAKEN, Service

_HINTS = {
    "No space left on device": DISK_FULL,
    "address already in use": PORT_TAKEN,
}
_NEEDED = ("chdb", "aiohttp", "lz4", "zstandard")


def service(places: Places, ports: Mapping[str, int]) -> Service:
    """How to run the process that opens the data directory and speaks HTTP."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise StackError(
            f"the local ClickHouse needs {', '.join(missing)}",
            "pip install 'watchfloor[local]' (chdb has wheels for Linux and macOS, "
            "x86_64 and aarch64)",
        )
    where = ["--data", str(places.data("clickhouse")), "--port", str(ports["clickhouse"])]
    return Service(
        part="clickhouse",
        argv=[sys.executable, "-m", "deploy.local.clickhouse_http", *where],
        healthy=lambda: answers(ports["clickhouse"]),
        hints=_HINTS,
        env={"TZ": "UTC"},
    )


def answers(port: int) -> bool:
    """Whether the engine there answers a query."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5.0)
    try:
        connection.request("GET", "/?query=SELECT%201")
        return connection.getresponse().read() == b"1\n"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
