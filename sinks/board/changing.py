"""What can be changed from the board, and the one alert it is about; see ``desk`` for the truth."""

import time
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from schemas.alerts import AlertTransition
from sinks.board import alerts as shown_alerts
from sinks.board.access import Door
from sinks.board.answers import Failed, answer
from sinks.board.asking import HistoryAway
from sinks.board.desk import Desk, rfc3339
from sinks.board.history import History
from sinks.board.hub import Hub
from sinks.board.scope import Scope
from sinks.ddl import quoted

Body = TypeVar("Body", bound=msgspec.Struct)

MINUTES_MAX = 30 * 24 * 60
_STEPS_MAX = 200


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody takes care; ``until`` is RFC 3339."""

    note: str = ""
    until: str | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an alert was worth."""

    verdict: str
    note: str = ""


class Matcher(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A condition on a label, as Alertmanager has it."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nobody is told of matching alerts for so many minutes."""

    matchers: tuple[Matcher, ...]
    minutes: float
    comment: str
    kind: str = "silence"


@dataclass(slots=True)
class Changing:
    """The handlers of one alert and of silences."""

    hub: Hub
    history: History
    door: Door
    desk: Desk

    def add_to(self, router: web.UrlDispatcher) -> None:
        """All of its paths."""
        one = "/api/alerts/{fingerprint:[0-9a-f]{16}}"
        router.add_get(one, self.alert)
        router.add_post(f"{one}/acknowledgement", self.acknowledge)
        router.add_delete(f"{one}/acknowledgement", self.give_up)
        router.add_post(f"{one}/verdict", self.judge)
        router.add_get("/api/silences", self.silences)
        router.add_post("/api/silences", self.silence)
        router.add_delete("/api/silences/{id}", self.end_silence)

    async def alert(self, request: web.Request) -> web.StreamResponse:
        """One alert: evidence and history."""
        self.door.requests.check(request.remote or "")
        principal = self.door.reader(request)
        scope = Scope.of(principal)
        found = self._known(request, scope)
        steps, says, evidence = None, None, shown_alerts.evidence(found)
        try:
            steps = await self._steps(found, scope)
            if evidence is not None and not scope.is_client:
                evidence["item_ids"] = evidence["item_ids"] or await self._items(found)
        except HistoryAway as error:
            says = f"ClickHouse does not answer ({error})."
        return answer(
            {
                "alert": shown_alerts.shown(found, self.hub.reader.live),
                "evidence": evidence,
                "annotations": found.annotations,
                "history": steps,
                "history_says": says,
                "may_change": principal is not None and principal.may_change,
            }
        )

    async def acknowledge(self, request: web.Request) -> web.StreamResponse:
        """Take care of an alert."""
        token, given = self._change(request), await _body(request, Acknowledgement)
        path = self._path(request, "acknowledgement")
        done = await self.desk.ask("POST", path, token, msgspec.to_builtins(given))
        return answer({"owner": done["owner"]})

    async def give_up(self, request: web.Request) -> web.StreamResponse:
        """Take care of it no more."""
        token = self._change(request)
        done = await self.desk.ask("DELETE", self._path(request, "acknowledgement"), token)
        return answer({"owner": done["owner"]})

    async def judge(self, request: web.Request) -> web.StreamResponse:
        """Say what an alert was worth."""
        token, given = self._change(request), await _body(request, Verdict)
        path = self._path(request, "verdict")
        done = await self.desk.ask("POST", path, token, msgspec.to_builtins(given))
        return answer({"owner": done["owner"]})

    async def silences(self, request: web.Request) -> web.StreamResponse:
        """All silences that may be seen."""
        self.door.requests.check(request.remote or "")
        self.door.reader(request)
        return answer({"silences": await self.desk.silences(self.door.token(request))})

    async def silence(self, request: web.Request) -> web.StreamResponse:
        """Keep alerts quiet."""
        token, given = self._change(request), await _body(request, NewSilence)
        if not 0 < given.minutes <= MINUTES_MAX:
            raise Failed("bad_request", "A silence lasts up to 30 days.", "give minutes")
        begins_ms = int(time.time() * 1000)
        body: dict[str, Any] = {
            "matchers": msgspec.to_builtins(given.matchers),
            "startsAt": rfc3339(begins_ms),
            "endsAt": rfc3339(begins_ms + int(given.minutes * 60_000)),
            "comment": given.comment,
            "kind": given.kind,
        }
        done = await self.desk.ask("POST", "/api/v2/silences", token, body)
        return answer({"id": done["silenceID"]})

    async def end_silence(self, request: web.Request) -> web.StreamResponse:
        """Let alerts be told again."""
        token, name = self._change(request), request.match_info["id"]
        if not name.replace("-", "").isalnum():
            raise Failed("not_found", "There is no such silence.", "")
        await self.desk.ask("DELETE", f"/api/v2/silence/{name}", token)
        return answer({"id": name})

    # -- inside

    def _change(self, request: web.Request) -> str:
        """The token of whoever may change something; raises Failed."""
        self.door.requests.check(request.remote or "")
        self.door.check_origin(request)
        self.door.changer(request)
        return self.door.token(request)

    def _path(self, request: web.Request, what: str) -> str:
        return f"/api/watchfloor/v1/alerts/{request.match_info['fingerprint']}/{what}"

    def _known(self, request: web.Request, scope: Scope) -> AlertTransition:
        given = self.hub.reader.live.alerts.get(request.match_info["fingerprint"])
        found = None if given is None else scope.alert(given)
        if found is None:
            raise Failed("not_found", "There is no such alert.", "it may have ended a week ago")
        return found

    async def _items(self, alert: AlertTransition) -> list[str]:
        """Some of the items behind an episode, as its notices named them."""
        clickhouse = self.history.clickhouse
        rows = await clickhouse.rows(
            f"SELECT item_ids FROM {clickhouse.database}.alert_log FINAL "
            f"WHERE fingerprint = {quoted(alert.fingerprint)} AND kind = 'transition' "
            f"AND toUnixTimestamp64Milli(starts_at) = {alert.starts_at_ms} "
            "AND notEmpty(item_ids) ORDER BY seq DESC LIMIT 1"
        )
        return list(rows[0]["item_ids"]) if rows else []

    async def _steps(self, alert: AlertTransition, scope: Scope) -> list[dict[str, Any]]:
        """What happened to an alert, latest first; a client sees its transitions only."""
        kinds = "'transition'" if scope.is_client else "'transition', 'notice', 'command'"
        database = self.history.clickhouse.database
        rows = await self.history.clickhouse.rows(
            "SELECT toUnixTimestamp64Milli(at) AS at_ms, kind, what, state, person, note, "
            "receiver, outcome, value, toInt64(n) AS n, toUnixTimestamp64Milli(starts_at) AS "
            f"starts_ms, suppressed_by FROM {database}.alert_log FINAL "
            f"WHERE fingerprint = {quoted(alert.fingerprint)} AND kind IN ({kinds}) "
            f"ORDER BY alert_log.at DESC, seq DESC LIMIT {_STEPS_MAX}"
        )
        if scope.is_client:
            hidden: dict[str, Any] = {"person": "", "note": "", "suppressed_by": []}
            return [row | hidden for row in rows]
        return rows


async def _body(request: web.Request, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise Failed("bad_request", str(error), "") from None
