"""Webhooks and REST answers of CVAT and Label Studio, built to their documented schemas."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "s3cret-of-the-hook"
AUTHORIZATION = "Token a-token-of-the-platform"


def moment(minutes_ago: float) -> str:
    """A time as both platforms write it."""
    return datetime.fromtimestamp(time.time() - 60 * minutes_ago, UTC).isoformat()


def job(number: int, minutes_ago: float, **change: Any) -> dict[str, Any]:
    """A job as CVAT's ``JobRead`` has it."""
    return {
        "id": number,
        "task_id": 5,
        "project_id": 3,
        "organization": 2,
        "type": "annotation",
        "assignee": None,
        "stage": "annotation",
        "state": "new",
        "status": "annotation",
        "frame_count": 12,
        "created_date": moment(600),
        "updated_date": moment(minutes_ago),
        "issues": {"count": 0, "url": ""},
        "labels": {"count": 0, "url": ""},
        **change,
    }


def updated(changed: dict[str, Any], **before: Any) -> dict[str, Any]:
    """The webhook of a change."""
    sender = {"id": 9, "username": "ana"}
    whole = {"event": "update:job", "job": changed, "before_update": before, "sender": sender}
    return {**whole, "webhook_id": 1}


def signed(body: bytes, secret: str = SECRET) -> str:
    """CVAT's signature of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def annotation(number: int, task: int, minutes_ago: float, **change: Any) -> dict[str, Any]:
    """An annotation as Label Studio has it."""
    choice = {"from_name": "sentiment", "type": "choices", "value": {"choices": ["Positive"]}}
    return {
        "id": number,
        "task": task,
        "completed_by": 7,
        "result": [choice],
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 12.5,
        "created_at": moment(minutes_ago),
        "updated_at": moment(minutes_ago),
        **change,
    }


@dataclass(slots=True)
class Platform:
    """A server with some of the answers of both; change its lists between looks."""

    jobs: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """What a GET gets; None: there is no such page."""
        page, size = int(query.get("page", ["1"])[0]), int(query.get("page_size", ["10"])[0])
        match path:
            case "/api/jobs":
                listed = sorted(self.jobs, key=lambda each: str(each["updated_date"]))
            case "/api/projects":
                listed = self.projects
            case "/api/tasks":
                wanted = int(query["project"][0])
                listed = [each for each in self.tasks if each["project"] == wanted]
            case _:
                return None
        shown = listed[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return None
        if path == "/api/tasks":
            return {"tasks": shown, "total": len(listed), "total_annotations": 0}
        more = page * size < len(listed)
        following = f"http://elsewhere.example{path}?page={page + 1}" if more else None
        return {"count": len(listed), "next": following, "previous": None, "results": shown}


@contextmanager
def platform() -> Iterator[Platform]:
    """Serve meanwhile."""
    served = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = urlsplit(self.path)
            status, body = 200, served.answer(found.path, parse_qs(found.query))
            if self.headers.get("Authorization") != AUTHORIZATION:
                status, body = 401, {"detail": "Invalid token."}
            elif body is None:
                status, body = 404, {"detail": "Invalid page."}
            whole = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        def log_message(self, *_given: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
