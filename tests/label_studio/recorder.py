"""A small HTTP server that keeps what is posted to it, to see what Label Studio really sends."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: to which path, with which headers (names in lower case) and JSON body."""

    path: str
    headers: dict[str, str]
    body: Any


class Recorder:
    """What arrived since the last :meth:`take`; filled by the server's threads."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []

    def keep(self, delivery: Delivery) -> None:
        """Adds one delivery."""
        with self._lock:
            self._deliveries.append(delivery)

    def take(self) -> list[Delivery]:
        """Returns the deliveries in their order of arrival, and forgets them."""
        with self._lock:
            taken, self._deliveries = self._deliveries, []
        return taken


@contextmanager
def recording() -> Iterator[Recorder]:
    """Serves on a free local port until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    recorder = Recorder(f"http://127.0.0.1:{server.server_port}")

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            recorder.keep(Delivery(self.path, headers, json.loads(content)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Says nothing: the run prints what it does itself."""

    server.RequestHandlerClass = Keep
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
