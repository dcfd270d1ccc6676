"""Where a notice may go: checked addresses only, once resolved, without redirects or long answers.

An address is checked when it was resolved and then connected to as it is, so a name that answers
differently the second time (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int, socket.AddressFamily], Awaitable[list[ResolveResult]]]

_CGNAT = ip_network("100.64.0.0/10")
#: Prefixes of IPv6 that carry an IPv4 address in their last 32 bits.
_CARRIERS = (ip_network("64:ff9b::/96"), ip_network("::/96"))


class UnsafeTarget(OSError):
    """A target that notices must not be sent to; the message names no host."""


def refusal(address: Address, *, internal: bool) -> str | None:
    """Why nothing may be sent to an address, None when it may.

    ``internal`` allows private, loopback and shared (CGNAT) addresses. Link-local ones, where
    clouds keep their credentials, and multicast are never allowed.
    """
    address = _carried(address)
    if address.is_link_local:
        return "link_local_address"
    if address.is_multicast or address.is_unspecified:
        return "multicast_or_unspecified_address"
    if internal:
        return None
    if address.is_loopback:
        return "loopback_address"
    if address in _CGNAT:
        return "shared_address"
    return None if address.is_global else "private_address"


def _carried(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return inner
    if address.teredo is not None:
        return address.teredo[1]
    carried = int(address) > 1 and any(address in each for each in _CARRIERS)
    return IPv4Address(int(address) & 0xFFFFFFFF) if carried else address


def check_url(url: str, *, internal: bool) -> None:
    """Refuse what can be refused before a name is resolved; raises UnsafeTarget."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnsafeTarget("bad_url") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and internal):
        raise UnsafeTarget("not_https")
    if not host:
        raise UnsafeTarget("bad_url")
    if parts.username or parts.password:
        raise UnsafeTarget("credentials_in_url")
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return  # A name: the resolver checks what it stands for.
    why = refusal(address, internal=internal)
    if why is not None:
        raise UnsafeTarget(why)


def masked(url: str) -> str:
    """An address to show: scheme and host, since the path of a hook is often its secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or '?'}/…"


class CheckedResolver(AbstractResolver):
    """Resolves names once per connection and hands on nothing that is not allowed."""

    def __init__(self, *, internal: bool, lookup: Lookup | None = None) -> None:
        self._internal = internal
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a host; UnsafeTarget if any of them is not allowed."""
        lookup = self._lookup or ThreadedResolver().resolve
        found = await lookup(host, port, family)
        for each in found:
            why = refusal(ip_address(each["host"].partition("%")[0]), internal=self._internal)
            if why is not None:
                raise UnsafeTarget(why)
        return found

    async def close(self) -> None:
        """Nothing is kept."""
