"""Nothing is sent where it must not go, and no receiver can hold us up; on real sockets."""

import asyncio
import socket
from ipaddress import ip_address

import pytest
from aiohttp.abc import ResolveResult

from sinks.notify.answers import Answer
from sinks.notify.posting import Post, post
from sinks.notify.safety import Lookup, UnsafeTarget, check_url, masked, refusal
from tests.notify.listeners import Listener, babble, hang, listening, send_elsewhere


def send(listener: Listener, url: str | None = None, timeout_s: float = 5.0) -> Post:
    return Post(url=url or listener.url, body=b"{}", internal=True, timeout_s=timeout_s)


def answered(*answers: str) -> tuple[list[str], Lookup]:
    """A name server that gives these addresses, one after the other; and what it was asked."""
    asked: list[str] = []

    async def lookup(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        address = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    return asked, lookup


@pytest.mark.parametrize(
    ("address", "outside", "inside"),
    [
        ("93.184.216.34", None, None),
        ("2606:4700::1111", None, None),
        ("10.0.0.8", "private_address", None),
        ("172.16.3.4", "private_address", None),
        ("192.168.1.1", "private_address", None),
        ("fd00::1", "private_address", None),
        ("100.64.0.1", "shared_address", None),
        ("127.0.0.1", "loopback_address", None),
        ("::1", "loopback_address", None),
        ("::ffff:127.0.0.1", "loopback_address", None),
        ("64:ff9b::7f00:1", "loopback_address", None),
        ("2002:7f00:1::", "loopback_address", None),
        ("192.0.2.1", "private_address", None),
        ("169.254.169.254", "link_local_address", "link_local_address"),
        ("::ffff:169.254.169.254", "link_local_address", "link_local_address"),
        ("64:ff9b::a9fe:a9fe", "link_local_address", "link_local_address"),
        ("fe80::1", "link_local_address", "link_local_address"),
        ("224.0.0.1", *["multicast_or_unspecified_address"] * 2),
        ("ff02::1", *["multicast_or_unspecified_address"] * 2),
        ("0.0.0.0", *["multicast_or_unspecified_address"] * 2),
        ("::", *["multicast_or_unspecified_address"] * 2),
    ],
)
def test_an_address_is_allowed(address: str, outside: str | None, inside: str | None) -> None:
    assert refusal(ip_address(address), internal=False) == outside
    assert refusal(ip_address(address), internal=True) == inside


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.org/x", "not_https"),
        ("ftp://hooks.example.org/x", "not_https"),
        ("https:///x", "bad_url"),
        ("https://hooks.example.org:99999/x", "bad_url"),
        ("https://me:secret@hooks.example.org/x", "credentials_in_url"),
        ("https://127.0.0.1/x", "loopback_address"),
        ("https://[::1]/x", "loopback_address"),
        ("https://169.254.169.254/latest", "link_local_address"),
    ],
)
def test_an_address_is_refused_before_anything_is_resolved(url: str, why: str) -> None:
    with pytest.raises(UnsafeTarget, match=why):
        check_url(url, internal=False)


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    assert (
        masked("https://hooks.example.org/T0/B0/s3cret?k=s3cret") == "https://hooks.example.org/…"
    )


async def _a_name_for_this_machine() -> None:
    assert await post(Post(url="https://localhost/x", body=b"{}")) == Answer(
        "retry", "loopback_address"
    )
    # Other ways to write 127.0.0.1, which the client refuses by itself.
    for url in ("https://2130706433/x", "https://0x7f.1/x"):
        found = await post(Post(url=url, body=b"{}"))
        assert found.detail in {"loopback_address", "InvalidUrlClientError"}


def test_a_name_that_resolves_to_this_machine_is_refused() -> None:
    asyncio.run(_a_name_for_this_machine())


async def _rebinding() -> None:
    async with listening() as here:
        asked, lookup = answered("192.0.2.1", "127.0.0.1")
        given = Post(url=f"https://rebind.example.org:{here.port}/x", body=b"{}", timeout_s=2)
        for _ in range(3):
            found = await post(given, lookup)
            assert found.kind == "retry"
            assert found.detail in {"private_address", "loopback_address"}
        assert len(asked) == 3, "each connection resolves once"
        assert here.heard == []


def test_a_name_that_answers_differently_the_second_time_gains_nothing() -> None:
    asyncio.run(_rebinding())


async def _checked_is_connected() -> None:
    async with listening() as here:
        asked, lookup = answered("127.0.0.1", "169.254.169.254")
        given = Post(url=f"http://hook.example.org:{here.port}/x", body=b"{}", internal=True)
        assert (await post(given, lookup)).kind == "sent"
        assert asked == ["hook.example.org"]
        assert here.heard[0].headers["host"] == f"hook.example.org:{here.port}"


def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    asyncio.run(_checked_is_connected())


async def _redirected() -> None:
    async with listening(manner=send_elsewhere) as here:
        assert await post(send(here)) == Answer("retry", "redirect_refused")
        assert len(here.heard) == 1


def test_a_redirect_is_not_followed() -> None:
    asyncio.run(_redirected())


async def _hanging() -> None:
    async with listening(manner=hang) as here:
        assert await post(send(here, timeout_s=0.3)) == Answer("retry", "time_out")


def test_a_receiver_that_hangs_is_left() -> None:
    asyncio.run(_hanging())


async def _babbling() -> None:
    async with listening(manner=babble) as here:
        assert await post(send(here)) == Answer("sent", "http_200")


def test_an_answer_without_end_is_cut_off() -> None:
    asyncio.run(_babbling())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, "sent"), (204, "sent"), (410, "gone"), (500, "retry"), (404, "retry"), (400, "retry")],
)
def test_a_status_means(status: int, kind: str) -> None:
    async def ask() -> Answer:
        async with listening(status) as here:
            return await post(send(here))

    assert asyncio.run(ask()) == Answer(kind, f"http_{status}")  # type: ignore[arg-type]  # Of the list.


def test_nobody_there_is_tried_again() -> None:
    async def ask() -> Answer:
        async with listening() as here:
            url = here.url
        return await post(Post(url=url, body=b"{}", internal=True))

    assert asyncio.run(ask()).kind == "retry"
