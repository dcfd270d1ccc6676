"""What strangers send, and what every answer keeps: nonsense, large bodies, headers."""

import asyncio

import pytest

from schemas.metrics import METRICS
from sinks.board import app
from tests.board.stands import OPERATOR, WRITES, Ground, open_stand

ACK = "/api/alerts/{}/acknowledgement"

HOSTILE = [
    "/api/snapshot?place=%00", "/api/snapshot?place=queue~a", "/api/snapshot?place=" + "a" * 5000,
    "/api/snapshot?by=<script>", "/api/snapshot?window=1y", "/api/snapshot?place=queue~a~b~c~%FF",
    "/api/history?metric=throughput;DROP", "/api/history?metric=throughput&span=9y",
    "/api/history?metric=throughput&span=28d&step=1m", "/api/history?metric=",
    "/api/sparklines?metric=throughput&by=x", "/api/sql?metric=throughput&window='",
    "/api/alerts/../../x", "/api/alerts/zzzz", "/api/runbooks/..%2F..%2Fprincipals.yaml",
    "/api/runbooks/%2e%2e%2fpolicies", "/static/../app.py", "/static/%2e%2e/app.py",
    "/static/..%2fapp.py", "/static/nothing.js", "/api/nothing", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_whatever_is_asked_is_answered_in_words(ground: Ground, path: str) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            found, body = await stand.ask(path)
            assert found in (400, 403, 404), body
            assert body["error"]["says"]
            assert "Traceback" not in str(body)

    asyncio.run(ask())


def test_every_metric_is_defined_in_words(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            body = await stand.get("/api/definitions")
            assert [each["id"] for each in body["metrics"]] == [each.id for each in METRICS]
            for each in body["metrics"]:
                assert each["formula"]
                assert each["source"]
                assert each["unit"]

    asyncio.run(ask())


def test_bodies_are_limited(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            body = {"note": "x" * (app.BODY_BYTES_MAX + 1)}
            found, _ = await stand.ask(ACK.format("0" * 16), OPERATOR, "POST", body, **WRITES)
            assert found == 413

    asyncio.run(ask())


def test_every_answer_keeps_a_page_tame(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            for path in ("/", "/api/snapshot", "/api/nothing", "/api/stream"):
                async with stand.session.get(f"{stand.url}{path}") as answer:
                    assert answer.headers["Content-Security-Policy"].startswith(
                        "default-src 'self'"
                    )
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    asyncio.run(ask())
