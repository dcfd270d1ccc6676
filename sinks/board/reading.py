"""What can be asked of the board: views, lists, history, alerts, definitions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from schemas.groupings import Grouping, is_of_persons
from schemas.metrics import METRIC_BY_ID, METRICS
from sinks.board import alerts as shown_alerts
from sinks.board import hands, runbooks
from sinks.board import history as past
from sinks.board.access import Door
from sinks.board.active import PLACE as ITEM_PLACE
from sinks.board.answers import Failed, answer
from sinks.board.asking import HistoryAway
from sinks.board.channels import Channel
from sinks.board.declared import declared
from sinks.board.history import History, stretch
from sinks.board.hub import Hub, TooManyViews, now_ms
from sinks.board.ids import id_of
from sinks.board.live import Held, agrees
from sinks.board.scope import Scope
from sinks.board.sql_text import value_sql
from sinks.board.standing import goal_of
from sinks.board.stream import serve
from sinks.board.view import described
from sinks.board.wishes import WINDOWS, Asker, metrics_of
from sinks.board.words import CAUSES, STATUSES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HISTORY_REMEDY = "watchfloor local up, or see ClickHouse's log; live numbers go on"


@dataclass(slots=True)
class Reading:
    """The handlers of GET; ``runbooks`` is a folder."""

    hub: Hub
    history: History
    door: Door
    groupings: Mapping[str, Grouping]
    runbooks: Path
    streams_max: int = 1000

    def routes(self) -> dict[str, Handler]:
        """Paths below ``/api/``."""
        return {
            "snapshot": self.snapshot,
            "subject": self.subject,
            "stream": self.stream,
            "subjects": self.subjects,
            "people": self.people,
            "history": self.past,
            "sparklines": self.sparklines,
            "alerts": self.alerts,
            "definitions": self.definitions,
            "sql": self.sql,
            "health": self.health,
            "runbooks/{name}": self.runbook,
        }

    def asker(self, request: web.Request) -> Asker:
        """Who asks; raises Failed."""
        self.door.requests.check(request.remote or "")
        scope = Scope.of(self.door.reader(request))
        return Asker(scope, self.hub.reader.live, self.groupings)

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        """One view, as of the last turn."""
        channel = await self._open(self.asker(request), request.query)
        return answer(channel.body)

    async def subject(self, request: web.Request) -> web.StreamResponse:
        """One subject with all its windows."""
        query = {**request.query, "by": "none", "detail": "1"}
        channel = await self._open(self.asker(request), query)
        return answer(channel.body)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """One view, and what becomes of it."""
        asker = self.asker(request)
        if sum(each.clients for each in self.hub.channels.values()) >= self.streams_max:
            raise Failed("too_many", "The board has as many clients as it takes.", "try later")
        channel = await self._open(asker, request.query)
        last_id = request.headers.get("Last-Event-ID", "")[:200]
        return await serve(request, channel, last_id, self.hub.bye)

    async def subjects(self, request: web.Request) -> web.StreamResponse:
        """The subjects of a grouping inside a place."""
        asker = self.asker(request)
        grouping = asker.grouping(request.query, "by", "queue")
        place = asker.live.subjects.get(asker.place(request.query))
        if is_of_persons(grouping):
            found = await self._people(asker, grouping)
        else:
            inside = asker.live.inside(grouping, place)
            found = [described(held) for held in inside if asker.scope.sees(held)]
        names = [name for name in self.groupings if asker.scope.sees_grouping(name)]
        return answer({"subjects": found, "groupings": names})

    async def people(self, request: web.Request) -> web.StreamResponse:
        """Who worked at a place in the last day."""
        asker = self.asker(request)
        asker.grouping({}, "by", "annotator")
        held = await self.held(asker, request)
        if not asker.scope.is_everything or held.dims.keys() - ITEM_PLACE:
            raise Failed("not_allowed", "People are listed for whole floors and places only.", "")
        as_of_ms = asker.live.as_of_ms or now_ms()
        return answer(hands.shown(await self.away(self.history.hands(held, as_of_ms))))

    async def past(self, request: web.Request) -> web.StreamResponse:
        """Metrics of one subject over time."""
        asker = self.asker(request)
        held, at_ms = await self.held(asker, request), now_ms()
        names = metrics_of(request.query)
        as_of_ms = asker.live.as_of_ms or at_ms
        try:
            asked = stretch(request.query.get("span", "6h"), request.query.get("step"), as_of_ms)
        except (KeyError, ValueError) as error:
            raise Failed("bad_request", f"No such span or step: {error}.", "6h, 5m") from None
        found = {}
        for name in names:
            if not past.has_history(name):
                raise Failed("no_history", f"{name} is known now only.", "")
            series = await self.away(self.history.series(held, name, asked, at_ms))
            goal = goal_of(self.hub.targets(), name, held.dims, as_of_ms)
            found[name] = series | {
                "target": None if goal is None else goal.target,
                "warn": None if goal is None else goal.warn,
            }
        head = asdict(asked) | {"place": id_of(held.key), "as_of_ms": asker.live.as_of_ms}
        return answer(head | {"series": found})

    async def sparklines(self, request: web.Request) -> web.StreamResponse:
        """One metric of many subjects over the last while."""
        asker = self.asker(request)
        grouping = asker.grouping(request.query, "by", "queue")
        (name,) = metrics_of(request.query, 1)
        if not past.has_history(name):
            raise Failed("no_history", f"{name} is known now only.", "")
        asked = stretch("1h", "2m", asker.live.as_of_ms or now_ms())
        series = await self.away(self.history.sparklines(grouping, name, asked))
        live, place = asker.live, asker.live.subjects.get(asker.place(request.query))
        wanted = {} if place is None else place.dims
        seen = {
            key: values
            for key, values in series.items()
            if key in live.subjects
            and asker.scope.sees(live.subjects[key])
            and agrees(live.subjects[key].dims, wanted)
        }
        return answer({"metric": name, **asdict(asked), "series": past.by_id(seen)})

    async def alerts(self, request: web.Request) -> web.StreamResponse:
        """Alerts that fire, or all that are known."""
        asker = self.asker(request)
        if request.query.get("state") == "all":
            found = shown_alerts.recent(asker.live, asker.scope)
        else:
            found = shown_alerts.visible(asker.live, None, asker.scope)
        return answer({"alerts": [shown_alerts.shown(each, asker.live) for each in found]})

    async def definitions(self, request: web.Request) -> web.StreamResponse:
        """What every metric means."""
        self.asker(request)
        body = {"causes": CAUSES, "statuses": STATUSES, "windows": WINDOWS}
        return answer({"metrics": [declared(each.id) for each in METRICS], **body})

    async def sql(self, request: web.Request) -> web.StreamResponse:
        """The query that gives a number again."""
        asker = self.asker(request)
        held = await self.held(asker, request)
        (name,) = metrics_of(request.query, 1)
        window = held.windows.get(request.query.get("window", "") or "1h")
        if window is None:
            raise Failed("not_found", "The subject has no such window now.", ", ".join(WINDOWS))
        metric, length_ms = METRIC_BY_ID[name], window["end_ms"] - window["start_ms"]
        place = {"start_ms": window["start_ms"], "end_ms": window["end_ms"]}
        place["span_ms"] = round(window["covered"] * length_ms)
        database = self.history.clickhouse.database
        text = value_sql(database, metric, held.grouping, held.dims, place)
        return answer(
            {
                "sql": text,
                "command": f'watchfloor sql "{_shell(text)}"',
                "note": f"As of the window that ended at {place['end_ms']} ms; {metric.caveat}",
            }
        )

    async def health(self, request: web.Request) -> web.StreamResponse:
        """How the parts do."""
        asker = self.asker(request)
        if asker.scope.is_client:
            raise Failed("not_allowed", "That is not for clients.", "")
        scenery = self.hub.scenery()
        return answer({"health": scenery.health, "pipeline": scenery.pipeline})

    async def runbook(self, request: web.Request) -> web.StreamResponse:
        """What to do about an alert."""
        if self.asker(request).scope.is_client:
            raise Failed("not_allowed", "Runbooks are not for clients.", "")
        found = runbooks.read(self.runbooks, request.match_info["name"])
        if found is None:
            raise Failed("not_found", "There is no such runbook.", "see deploy/runbooks")
        return answer(found)

    # -- inside

    async def held(self, asker: Asker, request: web.Request) -> Held:
        await self.hub.bring(asker.place(request.query))
        return asker.held(request.query)

    async def _open(self, asker: Asker, query: Mapping[str, str]) -> Channel:
        try:
            return await self.hub.open(asker.wish(query))
        except TooManyViews:
            raise Failed("too_many", "Too many different views are open.", "close some") from None

    async def _people(self, asker: Asker, grouping: str) -> list[dict[str, Any]]:
        """Persons by their pseudonyms; only those of a whole floor can be listed."""
        if not asker.scope.is_everything:
            return []
        dimensions = self.groupings[grouping].dimensions
        found = []
        for key in sorted(asker.live.names):
            name, *values = key.split("\x1f")
            if name == grouping:
                dims = dict(zip(dimensions, values, strict=True))
                found.append({"subject": id_of(key), "grouping": name, "name": values[-1],
                              "path": " / ".join(values[:-1]), "dims": dims})  # fmt: skip
        return found

    async def away(self, asked: Awaitable[Any]) -> Any:
        try:
            return await asked
        except HistoryAway as error:
            says = f"ClickHouse does not answer ({error})."
            raise Failed("history_away", says, _HISTORY_REMEDY) from None


def _shell(text: str) -> str:
    """A text inside double quotes of a shell."""
    return "".join(f"\\{each}" if each in '\\"$`' else each for each in text)
