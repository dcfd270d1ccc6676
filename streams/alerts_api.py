"""Alertmanager's API v2 over the notifier's book, and what it lacks: acknowledging and closing.

Part of the notifier's process, so there is one truth and nothing to keep in step; a process that
does not own the alerts answers 503.
"""

from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from schemas.alerts import AlertTransition, Close, Silence
from schemas.principals import Principal
from sinks.notify.bodies import Links, iso
from sinks.notify.views import View
from streams import logs
from streams.alert_access import Gate, failed
from streams.alert_commands import Commands, PostedSilence, check_owner, read_silence
from streams.alert_requests import Asked, read_body, read_filters, read_time, read_wish, worded
from streams.notifier import Notifier, now_ms
from streams.postman import Receivers

log = logs.get(__name__)

BODY_BYTES_MAX = 256 * 1024
_VERSION = {"branch": "", "buildDate": "", "buildUser": "", "goVersion": "", "revision": ""}


@dataclass(slots=True)
class AlertsApi:
    """The handlers; ``receivers`` is None in a space that tells nobody."""

    notifier: Notifier
    receivers: Receivers | None
    links: Links
    gate: Gate
    commands: Commands
    began_ms: int = field(default_factory=now_ms)

    def application(self) -> web.Application:
        """What serves it."""
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[worded])
        app.router.add_get("/-/healthy", self._healthy)
        for path, handler in {
            "status": self._status,
            "alerts": self._alerts,
            "alerts/groups": self._groups,
            "silences": self._silences,
            "silence/{id}": self._silence,
            "receivers": self._receivers,
        }.items():
            app.router.add_get(f"/api/v2/{path}", handler)
        app.router.add_post("/api/v2/silences", self._post_silence)
        app.router.add_delete("/api/v2/silence/{id}", self._end_silence)
        ours = "/api/watchfloor/v1/alerts/{fingerprint}"
        app.router.add_post(f"{ours}/acknowledgement", self._acknowledge)
        app.router.add_delete(f"{ours}/acknowledgement", self._unacknowledge)
        app.router.add_post(f"{ours}/verdict", self._close)
        return app

    # -- reading

    async def _healthy(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _status(self, request: web.Request) -> web.Response:
        view = self._view(self.gate.reader(request))
        names = "".join(f"# receiver: {each['name']}\n" for each in view.receiver_names())
        return web.json_response(
            {
                "cluster": {"status": "disabled", "peers": []},
                "versionInfo": {**_VERSION, "version": "watchfloor"},
                "config": {"original": names},
                "uptime": iso(self.began_ms),
            }
        )

    async def _alerts(self, request: web.Request) -> web.Response:
        view = self._view(self.gate.reader(request))
        return web.json_response(view.alerts(read_wish(request, view.principal)))

    async def _groups(self, request: web.Request) -> web.Response:
        view = self._view(self.gate.reader(request))
        return web.json_response(view.groups(read_wish(request, view.principal)))

    async def _silences(self, request: web.Request) -> web.Response:
        view = self._view(self.gate.reader(request))
        return web.json_response(view.silences(read_filters(request, view.principal)))

    async def _silence(self, request: web.Request) -> web.Response:
        view = self._view(self.gate.reader(request))
        for each in view.silences():
            if each["id"] == request.match_info["id"]:
                return web.json_response(each)
        raise failed(web.HTTPNotFound, "there is no such silence")

    async def _receivers(self, request: web.Request) -> web.Response:
        return web.json_response(self._view(self.gate.reader(request)).receiver_names())

    # -- changing

    async def _post_silence(self, request: web.Request) -> web.Response:
        owner = self.gate.changer(request)
        view, given = self._view(owner), await read_body(request, PostedSilence)
        if given.id:
            check_owner(self._known(view, given.id).matchers, owner)
        span_ms = (read_time(given.starts_at), read_time(given.ends_at))
        everything = request.query.get("everything") == "true"
        silence = read_silence(given, span_ms, owner, view.now_ms, everything=everything)
        await self.commands.silence(silence)
        log.info("silence_set", silence=silence.id, by=owner.name)
        return web.json_response({"silenceID": silence.id})

    async def _end_silence(self, request: web.Request) -> web.Response:
        owner = self.gate.changer(request)
        view = self._view(owner)
        known, at_ms = self._known(view, request.match_info["id"]), view.now_ms
        check_owner(known.matchers, owner)
        if known.ends_at_ms > at_ms:
            begun_ms = min(known.starts_at_ms, at_ms)
            ended = msgspec.structs.replace(
                known, starts_at_ms=begun_ms, ends_at_ms=at_ms, updated_at_ms=at_ms
            )
            await self.commands.silence(ended)
            log.info("silence_ended", silence=known.id, by=owner.name)
        return web.json_response(known.id)

    async def _acknowledge(self, request: web.Request) -> web.Response:
        owner = self.gate.changer(request)
        given = await read_body(request, Asked)
        until_ms = None if given.until is None else read_time(given.until)
        if until_ms is not None and until_ms <= now_ms():
            raise failed(web.HTTPBadRequest, "`until` has passed already")
        alert = self._alert(owner, request)
        sent = await self.commands.acknowledge(alert, owner, given.note, until_ms)
        return web.json_response({"id": sent.id, "owner": owner.name})

    async def _unacknowledge(self, request: web.Request) -> web.Response:
        owner = self.gate.changer(request)
        sent = await self.commands.unacknowledge(self._alert(owner, request), owner)
        return web.json_response({"id": sent.id, "owner": owner.name})

    async def _close(self, request: web.Request) -> web.Response:
        owner = self.gate.changer(request)
        given = await read_body(request, Asked)
        if given.verdict is None:
            raise failed(web.HTTPBadRequest, "`verdict` is useful or noise")
        view, name = self._view(owner), request.match_info["fingerprint"]
        episode = view.book.present().get(name)
        if episode is None or not owner.sees(episode.alert.labels):
            raise _no_alert(name)
        close = Close(
            f"{name}-{episode.alert.starts_at_ms}-{owner.name}", name, episode.alert.starts_at_ms,
            given.verdict, owner.name, now_ms(), given.note, episode.alert.labels,
        )  # fmt: skip
        await self.commands.close(close)
        return web.json_response({"id": close.id, "owner": owner.name})

    # -- inside

    def _view(self, principal: Principal | None) -> View:
        if self.notifier.book is None:
            raise failed(web.HTTPServiceUnavailable, "another process tells of alerts, or none yet")
        receivers = () if self.receivers is None else self.receivers.current
        return View(self.notifier.book, receivers, self.links, principal, now_ms())

    def _known(self, view: View, name: str) -> Silence:
        known = view.book.silences.get(name)
        if known is None:
            raise failed(web.HTTPNotFound, "there is no such silence")
        return known

    def _alert(self, owner: Principal, request: web.Request) -> AlertTransition:
        name = request.match_info["fingerprint"]
        found = self._view(owner).alert(name)
        if found is None:
            raise _no_alert(name)
        return found


def _no_alert(name: str) -> web.HTTPError:
    return failed(
        web.HTTPNotFound, f"no alert {name} fires; `watchfloor alerts` lists those that do"
    )
