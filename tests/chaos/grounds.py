"""One real stack whose parts can be killed, and reached by the floor only through proxies."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import sample
from urllib.parse import urlsplit

import pytest

from deploy.local import kafka, ports
from deploy.local.endpoints import Endpoints
from deploy.local.places import Places
from deploy.local.stack import Stack
from tests.chaos.proxy import HOST, Proxy, proxied


@dataclass(frozen=True, slots=True)
class Grounds:
    """A stack; ``direct`` is for the driver, ``through`` for the processes of the floor."""

    stack: Stack
    direct: dict[str, str]
    through: dict[str, str]
    kafka: Proxy
    clickhouse: Proxy
    redis: Proxy

    @property
    def proxies(self) -> tuple[Proxy, ...]:
        """All three."""
        return self.kafka, self.clickhouse, self.redis


@contextmanager
def grounds(root: Path) -> Iterator[Grounds]:
    """Start a stack under ``root`` with proxies before all its parts; all gone at the end."""
    with ExitStack() as stack:
        behind = _free_port()
        proxy = stack.enter_context(proxied(behind))
        parts = Stack(root)
        _advertise(stack.enter_context(pytest.MonkeyPatch.context()), parts, behind, proxy.port)
        stack.callback(parts.reset)
        found = parts.up(quiet=True)
        clickhouse = stack.enter_context(proxied(_port(found.clickhouse)))
        redis = stack.enter_context(proxied(_port(found.redis)))
        through = Endpoints(
            f"{HOST}:{proxy.port}",
            f"http://{HOST}:{clickhouse.port}",
            f"redis://{HOST}:{redis.port}/0",
        )
        yield Grounds(parts, _variables(found), _variables(through), proxy, clickhouse, redis)


def _advertise(patch: pytest.MonkeyPatch, of: Stack, behind: int, before: int) -> None:
    """Have the broker listen at a second port, and say of it that it is the proxy's.

    Clients go where the broker says that it is, so a proxy that it does not name sees no more
    than their first question.
    """
    original = kafka._properties

    def properties(
        places: Places, chosen: Mapping[str, int], settings: Mapping[str, object]
    ) -> str:
        if places != of.places:
            return original(places, chosen, settings)
        broker = f"PLAINTEXT://{HOST}:{chosen['kafka']}"
        controller = f"CONTROLLER://{HOST}:{chosen['controller']}"
        more: dict[str, object] = {
            **settings,
            "listeners": f"{broker},{controller},PROXIED://{HOST}:{behind}",
            "advertised.listeners": f"{broker},PROXIED://{HOST}:{before}",
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT"
            ),
            # Compaction looks every second instead of every fifteen.
            "log.cleaner.backoff.ms": 1000,
        }
        return original(places, chosen, more)

    patch.setattr(kafka, "_properties", properties)


def _free_port() -> int:
    """Any free one, so that two of these on a machine seldom want the same."""
    spare = range(ports.USUAL["kafka"] + 15_000, ports.USUAL["kafka"] + 20_000)
    return next(port for port in sample(spare, len(spare)) if ports.is_free(port))


def _port(address: str | None) -> int:
    assert address is not None
    found = urlsplit(address if "//" in address else f"//{address}").port
    assert found is not None
    return found


def _variables(found: Endpoints) -> dict[str, str]:
    return {f"WATCHFLOOR_{name.upper()}": value for name, value in found.as_dict().items()}
