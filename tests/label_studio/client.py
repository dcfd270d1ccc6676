"""Speaks Label Studio's HTTP API: just the calls that the scenario and the extended run make.

Times are as Label Studio sends them, ISO 8601 in UTC; lead times are seconds, and cumulative.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TIMEOUT_S = 60
LABELS = ("Yes", "No", "Unsure")
LABEL_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="kind" toName="text">'
    + "".join(f'<Choice value="{label}"/>' for label in LABELS)
    + "</Choices></View>"
)
Json = Any


class RefusedByLabelStudio(Exception):
    """Label Studio answered a call with an error; says which call, the status and its words."""


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """One server and the legacy token of one of its users."""

    address: str
    token: str

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Returns the decoded answer, or None for an empty one; raises RefusedByLabelStudio."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.address}{path}", content, headers, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:
                text = answer.read()
        except HTTPError as error:
            words = error.read()[:300].decode("utf-8", "replace")
            raise RefusedByLabelStudio(f"{method} {path}: {error.code} {words}") from error
        return json.loads(text) if text else None

    def create_project(self, title: str, **settings: Json) -> int:
        """Creates a project that asks for one of ``LABELS`` and returns its id."""
        body = {"title": title, "label_config": LABEL_CONFIG, **settings}
        return int(self.call("POST", "/api/projects/", body)["id"])

    def import_tasks(self, project: int, tasks: Sequence[Json]) -> list[int]:
        """Imports tasks in Label Studio's JSON format and returns their ids in order."""
        path = f"/api/projects/{project}/import?return_task_ids=true"
        return [int(task) for task in self.call("POST", path, list(tasks))["task_ids"]]

    def add_webhook(self, url: str, project: int, headers: Mapping[str, str]) -> int:
        """Registers a webhook of the project for all actions and returns its id."""
        body = {"url": url, "headers": dict(headers), "send_payload": True, "project": project}
        return int(self.call("POST", "/api/webhooks/", body)["id"])

    def add_person(self, name: str) -> int:
        """Returns the id of the person of that name, who is created unless there is one."""
        email = f"{name}@example.com"
        people: list[Json] = self.call("GET", "/api/users/")
        found = next((each["id"] for each in people if each["email"] == email), None)
        if found is None:
            body = {"email": email, "username": name, "password": secrets.token_hex(16)}
            found = self.call("POST", "/api/users/", body)["id"]
        return int(found)

    def bulk(self, project: int, action: str, tasks: Sequence[int]) -> Json:
        """Performs an action of the data manager on the named tasks."""
        selected = {"all": False, "included": list(tasks)}
        path = f"/api/dm/actions?id={action}&project={project}"
        return self.call("POST", path, {"selectedItems": selected})

    def export(self, project: int) -> Json:
        """Returns the JSON export of all tasks, also of those without an annotation."""
        path = f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"
        return self.call("GET", path)


def chosen(label: str) -> list[Json]:
    """A result as the editor writes it for one choice."""
    value = {"choices": [label]}
    return [{"from_name": "kind", "to_name": "text", "type": "choices", "value": value}]
