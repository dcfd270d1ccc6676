"""Polls an annotation platform for what its webhooks missed, and tells the gateway what it saw.

The gateway compares each look with what it has seen, so it alone decides what is missing, and a
second poll of the same state sends nothing new. Nothing is kept here.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError, URLError

from schemas.field_types import iso_to_ms
from streams.refusals import Refusal

PAGE_ROWS = 100
LOOKS_AT_ONCE = 100
#: Half of what a gateway takes of one body by default.
BUNDLE_CHARS_MAX = 512 * 1024
GATEWAY = "the gateway"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
_GATEWAY_REMEDY = {
    401: "set WATCHFLOOR_RECONCILE_TOKEN_FILE; `watchfloor alerts token NAME --role sender`",
    403: "the token has to be a sender's, of these projects",
    413: "raise WATCHFLOOR_GATEWAY_BODY_BYTES_MAX",
    503: "wait until the broker answers, then run it again",
}

Look = dict[str, Any]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_given: Any) -> None:
        """Never: the token would go along."""


@dataclass(frozen=True, slots=True)
class Api:
    """A server that speaks JSON; ``remedy`` is what to do when it does not let us in."""

    name: str
    url: str
    authorization: str
    timeout_s: float
    remedy: str

    def get(self, path: str, **query: object) -> Any:
        """The answer to a GET; raises Refusal."""
        wish = urllib.parse.urlencode(query)
        return self._ask(urllib.request.Request(f"{self.url}{path}?{wish}"))

    def post(self, path: str, body: Any) -> Any:
        """The answer to a POST; raises Refusal."""
        request = urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        return self._ask(request)

    def _ask(self, request: urllib.request.Request) -> Any:
        if self.authorization:
            request.add_header("Authorization", self.authorization)
        # No proxy of the environment: it would see the token.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
        try:
            with opener.open(request, timeout=self.timeout_s) as answer:
                whole = answer.read(ANSWER_BYTES_MAX + 1)
            if len(whole) > ANSWER_BYTES_MAX:
                raise Refusal(f"{self.name} answers without end", "look at its address")
            return json.loads(whole)
        except HTTPError as error:
            with error:
                says = f"{self.name} answered {error.code}{_says(error)}"
            remedy = _GATEWAY_REMEDY.get(error.code, self.remedy)
            raise Refusal(says, remedy if self.name == GATEWAY else self.remedy) from None
        except (URLError, OSError) as error:
            kind = type(error).__name__
            raise Refusal(f"{self.name} does not answer at {self.url}: {kind}", self.remedy) from (
                None
            )
        except ValueError:
            raise Refusal(f"{self.name} does not answer in JSON", self.remedy) from None


@dataclass(frozen=True, slots=True)
class Span:
    """Only what changed after ``from_ms`` and before ``to_ms`` (UTC): later changes may still be
    on their way as webhooks.
    """

    from_ms: int
    to_ms: int

    def holds(self, moment: object) -> bool:
        """Whether an ISO 8601 time lies in it; a missing or strange one does, to be looked at."""
        if not isinstance(moment, str):
            return True
        try:
            return self.from_ms <= iso_to_ms(moment) < self.to_ms
        except ValueError:
            return True


@dataclass(slots=True)
class Outcome:
    """``looked`` things were shown to the gateway, which then stored ``sent`` events."""

    looked: int = 0
    sent: int = 0


def cvat_looks(api: Api, span: Span) -> Iterator[Look]:
    """Every job that changed in the span, as CVAT lists it; raises Refusal."""
    since = json.dumps({">=": [{"var": "updated_date"}, _iso(span.from_ms)]})
    for job in _pages(api, "/api/jobs", sort="updated_date", filter=since):
        if span.holds(job.get("updated_date")):
            yield {"job": job}


def label_studio_looks(api: Api, span: Span) -> Iterator[Look]:
    """Every task with its annotations that changed in the span; raises Refusal.

    Only ids, times and results are passed on: no data of a task, no settings of a project.
    """
    for project in _pages(api, "/api/projects"):
        told = {name: project.get(name) for name in ("id", "organization", "maximum_annotations")}
        for task in _tasks(api, project["id"]):
            made = [each for each in task.get("annotations") or [] if isinstance(each, dict)]
            settled = [each for each in made if span.holds(each.get("updated_at"))]
            if settled or span.holds(task.get("created_at")):
                yield {
                    "project": told,
                    "task": {
                        "id": task["id"],
                        "created_at": task.get("created_at"),
                        "annotations": settled,
                    },
                }


def show(looks: Iterable[Look], gateway: Api, hook: str) -> Iterator[Outcome]:
    """Show all to the gateway; yields the outcome so far after each request. Raises Refusal."""
    outcome = Outcome()
    for some in _bundles(looks):
        answer = gateway.post(f"/v1/hooks/{hook}/looks", {"looks": some})
        outcome.looked += len(some)
        outcome.sent += int(answer["accepted"])
        yield outcome


def _bundles(looks: Iterable[Look]) -> Iterator[list[Look]]:
    """Looks in lists that one request may hold."""
    held, held_chars = list[Look](), 0
    for each in looks:
        chars = len(json.dumps(each))
        if held and (len(held) == LOOKS_AT_ONCE or held_chars + chars > BUNDLE_CHARS_MAX):
            yield held
            held, held_chars = [], 0
        held.append(each)
        held_chars += chars
    if held:
        yield held


def _pages(api: Api, path: str, **query: object) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        # By number, not by the address of `next`: the token goes to the address that was set.
        answer = api.get(path, page=page, page_size=PAGE_ROWS, **query)
        yield from _rows(api, answer, "results")
        if not answer.get("next"):
            return
        page += 1


def _tasks(api: Api, project: object) -> Iterator[dict[str, Any]]:
    page, seen = 1, 0
    while True:
        answer = api.get(
            "/api/tasks", project=project, fields="all", page=page, page_size=PAGE_ROWS
        )
        rows = _rows(api, answer, "tasks")
        yield from rows
        seen += len(rows)
        if not rows or seen >= int(answer.get("total", 0)):
            return
        page += 1


def _rows(api: Api, answer: Any, name: str) -> list[dict[str, Any]]:
    rows = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(r, dict) and "id" in r for r in rows):
        raise Refusal(f"{api.name} does not answer as it is documented", api.remedy)
    return rows


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _says(error: HTTPError) -> str:
    try:
        return f": {json.load(error)['error']['says']}"
    except (ValueError, KeyError, TypeError, OSError):
        return ""
