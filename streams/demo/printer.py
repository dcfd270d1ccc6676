"""A webhook receiver on this machine that prints what it is told of alerts, and remembers it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

#: Labels whose place in the line is their own, or that it has no need of.
_HEADLINE = ("alertname", "severity")


def alert_line(alert: Mapping[str, Any]) -> str:
    """One alert of Alertmanager's webhook body: what, where, how much, why, and what to do."""
    labels, said = alert["labels"], alert["annotations"]
    where = " ".join(f"{name}={text}" for name, text in labels.items() if name not in _HEADLINE)
    line = (
        f"ALERT {alert['status']} {labels['alertname']} {where}"
        f"  value {said.get('value', 'unknown')} {said.get('unit', '')} (n={said.get('n', '0')})"
        f"  threshold {said.get('threshold', '')}"
    )
    if alert["status"] == "resolved":
        return f"{line}  held from {alert['startsAt']} to {alert['endsAt']}"
    return f"{line}  why: {said.get('summary', '')}  runbook: {said.get('runbook', '')}"


class Printer:
    """Says each alert that is new to it: a notice that is sent again changes nothing."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._changed = threading.Condition()
        #: What was told of each episode, by (fingerprint, its start).
        self._told: dict[tuple[str, str], set[str]] = {}

    @property
    def fired(self) -> int:
        """Episodes that we were told of as firing."""
        return sum("firing" in told for told in self._told.values())

    @property
    def resolved(self) -> int:
        """Those of them that we were told the end of."""
        return sum({"firing", "resolved"} <= told for told in self._told.values())

    def take(self, body: bytes) -> None:
        """Take in a notice; raises orjson.JSONDecodeError or KeyError when it is none."""
        for alert in orjson.loads(body)["alerts"]:
            with self._changed:
                told = self._told.setdefault((alert["fingerprint"], alert["startsAt"]), set())
                if alert["status"] in told:
                    continue
                told.add(alert["status"])
                self._changed.notify_all()
            self._say(alert_line(alert))

    def await_resolved(self, timeout_s: float) -> bool:
        """Whether the beginning and the end of an alert came; waits for them that long."""
        with self._changed:
            return self._changed.wait_for(lambda: self.resolved > 0, timeout_s)

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Listen on a free port of 127.0.0.1 meanwhile; gives the address to post to."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, name="printer", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(printer: Printer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                printer.take(body)
            except (orjson.JSONDecodeError, KeyError, TypeError):
                self.send_response(400)
            else:
                self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing: a line for each request would tear the picture."""

    return Handler
