"""Who sees and changes what: by page, stream and JSON alike; and what strangers send."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from streams import settings, settings_sources
from streams.board import make_board, parts
from streams.board_settings import Board as BoardSettings
from streams.notify_settings import Alerts, Notify
from streams.principals import new_token
from streams.refusals import Refusal
from tests.board.stands import (
    CLIENT,
    LIMITED,
    OPERATOR,
    PEOPLE,
    VIEWER,
    WRITES,
    Ground,
    Stand,
    open_stand,
)
from tests.notify.transitions import evidence, labels, step

ACK = "/api/alerts/{}/acknowledgement"
NOBODY, STRANGER = "", new_token()
#: Who, and the status of: the floor, persons, an own project, another's, a change.
MATRIX = [
    (NOBODY, 200, 403, 200, 200, 401),
    (STRANGER, 401, 401, 401, 401, 401),
    (VIEWER, 200, 403, 200, 200, 403),
    (OPERATOR, 200, 403, 200, 200, 503),
    (PEOPLE, 200, 200, 200, 200, 403),
    (LIMITED, 404, 200, 200, 404, 503),
    (CLIENT, 404, 403, 404, 200, 403),
]


async def projects(stand: Stand) -> dict[str, str]:
    """The ids of projects by their names."""
    found = (await stand.get("/api/subjects?by=project"))["subjects"]
    return {each["name"]: quote(each["subject"]) for each in found}


@pytest.mark.parametrize("row", MATRIX, ids=[
    "nobody", "stranger", "viewer", "operator", "people", "limited", "client"
])  # fmt: skip
def test_each_sees_and_changes_what_it_may(ground: Ground, row: tuple[Any, ...]) -> None:
    token, *expected = row

    async def ask() -> None:
        async with open_stand(ground) as stand:
            known = await projects(stand)
            for kind in ("snapshot", "stream"):
                asked = (
                    f"/api/{kind}?place=all",
                    f"/api/{kind}?by=annotator",
                    f"/api/{kind}?place={known['moderation']}",
                    f"/api/{kind}?place={known['street']}",
                )
                found = [await status(stand, path, token) for path in asked]
                assert found == expected[:4], kind
            alert = step("firing", 1, given=labels(project="moderation"), evidence=evidence())
            ground.say(alert)
            await stand.turn()
            path = ACK.format(alert.fingerprint)
            found_status, _ = await stand.ask(path, token, "POST", {"note": "mine"}, **WRITES)
            assert found_status == expected[4]

    asyncio.run(ask())


async def status(stand: Stand, path: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with stand.session.get(f"{stand.url}{path}", headers=headers) as answer:
        return answer.status


def test_what_may_not_be_seen_is_in_no_answer(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            paths = ("/api/snapshot", "/api/snapshot?by=project", "/api/subjects?by=queue",
                     "/api/subjects?by=team", "/api/sparklines?metric=throughput",
                     "/api/snapshot?by=team", "/api/snapshot?by=label")  # fmt: skip
            for path in paths:
                body = str(await stand.get(path, CLIENT))
                for foreign in ("moderation", "assistant", "annotator~", "remedy': 'watchfloor"):
                    assert foreign not in body, (path, foreign)
            assert "moderation" in str(await stand.get("/api/snapshot", LIMITED))
            assert "street" not in str(await stand.get("/api/snapshot", LIMITED))

    asyncio.run(ask())


def test_people_with_few_observations_are_not_ranked(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            body = await stand.get("/api/snapshot?by=annotator&window=5m", PEOPLE)
            assert body["rows"]
            for row in body["rows"]:
                assert row["ranked"] is (row["cells"]["throughput"]["n"] >= 30)

    asyncio.run(ask())


def test_the_past_of_a_person_can_be_asked_by_those_who_may(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            person = (await stand.get("/api/subjects?by=annotator", PEOPLE))["subjects"][0]
            for path in ("history?metric=throughput&span=3h", "sql?metric=throughput&window=24h"):
                asked = f"/api/{path}&place={quote(person['subject'])}"
                assert (await stand.ask(asked, PEOPLE))[0] == 200
                assert (await stand.ask(asked, VIEWER))[0] == 403
            await stand.turn()
            held = stand.parts.hub.reader.live.subjects
            assert not any(key.startswith("annotator") for key in held)

    asyncio.run(ask())


def test_a_token_typed_once_becomes_a_cookie_that_scripts_cannot_read(ground: Ground) -> None:
    async def log_in() -> None:
        async with open_stand(ground) as stand:
            wrong, _ = await stand.ask("/api/login", "", "POST", {"token": "wf_x"}, **WRITES)
            assert wrong == 401
            async with stand.session.post(
                f"{stand.url}/api/login", json={"token": OPERATOR}, headers=WRITES
            ) as answer:
                cookie = answer.headers["Set-Cookie"]
                assert (await answer.json())["name"] == "ada"
            assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
            headers = {"Cookie": cookie.partition(";")[0]}
            _, me = await stand.ask("/api/me", **headers)
            assert me["may"] == {"read": True, "change": True, "people": False}

    asyncio.run(log_in())


def test_tokens_cannot_be_guessed_at_speed(ground: Ground) -> None:
    async def guess() -> None:
        async with open_stand(ground) as stand:
            found = [
                (await stand.ask("/api/login", "", "POST", {"token": new_token()}, **WRITES))[0]
                for _ in range(7)
            ]
            assert found == [401] * 5 + [429] * 2

    asyncio.run(guess())


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Content-Type": "application/json"}, "not_from_the_board"),
        ({**WRITES, "Origin": "https://evil.example"}, "not_from_the_board"),
        ({**WRITES, "Content-Type": "text/plain"}, "not_from_the_board"),
        ({**WRITES, "Origin": "null"}, "not_from_the_board"),
    ],
)
def test_another_site_changes_nothing(
    ground: Ground, headers: dict[str, str], expected: str
) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            for path in (ACK.format("0" * 16), "/api/silences", "/api/login", "/api/logout"):
                _, body = await stand.ask(path, OPERATOR, "POST", {}, **headers)
                assert body["error"]["code"] == expected

    asyncio.run(ask())


def test_a_name_of_the_web_that_leads_here_gets_nothing(ground: Ground) -> None:
    async def ask() -> None:
        async with open_stand(ground) as stand:
            found, _ = await stand.ask("/api/snapshot", Host="evil.example")
            assert found == 401

    asyncio.run(ask())


def test_a_public_address_without_principals_is_refused(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = tmp_path / "principals.yaml"
    nobody.write_text("principals: []\n")
    monkeypatch.setenv("WATCHFLOOR_ALERTS_PRINCIPALS", str(nobody))
    monkeypatch.setenv("WATCHFLOOR_BOARD_HOST", "0.0.0.0")

    async def make() -> None:
        found, board = settings.read(ground.space), settings_sources.read(BoardSettings)
        async with parts(found, settings_sources.read(Alerts)) as made:
            make_board(made, found, board, settings_sources.read(Notify))

    with pytest.raises(Refusal, match="everybody"):
        asyncio.run(make())
