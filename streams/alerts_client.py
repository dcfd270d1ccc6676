"""The API of alerts as the commands use it; every failure is a Refusal with its remedy."""

import json
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError

from streams.notify_settings import Alerts
from streams.refusals import Refusal

TIMEOUT_S = 10.0
_REMEDIES = {
    400: "correct it",
    401: "set WATCHFLOOR_ALERTS_TOKEN or _TOKEN_FILE; `watchfloor alerts token NAME` makes one",
    403: "ask somebody with the role operator",
    404: "`watchfloor alerts` lists what fires, `watchfloor silence ls` the silences",
    503: "wait a moment; `watchfloor deliver --only notify` has to run",
}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_given: Any) -> None:
        """Never: the token would go along."""


@dataclass(frozen=True, slots=True)
class AlertsClient:
    """Asks the API at the address of the settings, with the token of whoever asks."""

    settings: Alerts

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of one request; raises Refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.settings.address}/api/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        token = self._token()
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        # No proxy of the environment: it would see the token.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            says = _said(error)
            raise Refusal(says, _REMEDIES.get(error.code, "look into the notifier's log")) from None
        except (URLError, OSError, ValueError) as error:
            raise Refusal(
                f"no API of alerts answers at {self.settings.address}: {type(error).__name__}",
                "start `watchfloor deliver --only notify`, or set WATCHFLOOR_ALERTS_URL",
            ) from None

    def alerts(self, matchers: tuple[str, ...] = (), *, all_of_them: bool = True) -> list[Any]:
        """What fires; without ``all_of_them`` only what is not suppressed."""
        flag = "true" if all_of_them else "false"
        query = [("filter", each) for each in matchers]
        query += [("silenced", flag), ("inhibited", flag)]
        return list(self.ask("GET", f"v2/alerts?{urllib.parse.urlencode(query)}"))

    def named(self, beginning: str) -> str:
        """The whole fingerprint of the one alert that fires and begins so; raises Refusal."""
        found = [
            str(each["fingerprint"])
            for each in self.alerts()
            if str(each["fingerprint"]).startswith(beginning)
        ]
        if len(found) == 1:
            return found[0]
        says = f"{len(found)} alerts that fire begin with {beginning}"
        if not found:
            says = f"no alert that fires begins with {beginning}"
        raise Refusal(says, "`watchfloor alerts` lists them")

    def _token(self) -> str:
        if self.settings.token is not None:
            return self.settings.token.get_secret_value().strip()
        if self.settings.token_file is None:
            return ""
        try:
            return self.settings.token_file.read_text("utf-8").strip()
        except OSError as error:
            says = f"{self.settings.token_file} can't be read: {type(error).__name__}"
            raise Refusal(says, "correct WATCHFLOOR_ALERTS_TOKEN_FILE") from None


def _said(error: HTTPError) -> str:
    try:
        return str(json.load(error))
    except ValueError:
        return f"the API answered {error.code}"
