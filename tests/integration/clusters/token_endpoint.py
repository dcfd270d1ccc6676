"""A company's endpoint for tokens: OAuth's client credentials (RFC 6749, 4.4), over TLS."""

import base64
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.integration.clusters.authority import HOST, Pair


@dataclass(slots=True)
class Endpoint:
    """What it knows and what it was asked: the forms, in order."""

    user: str
    password: str
    make: Callable[[], str]
    life_s: float = 300.0
    url: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, authorization: str, body: str) -> tuple[int, dict[str, object]]:
        """Status and JSON for a request."""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if authorization != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        self.asked.append(urllib.parse.parse_qs(body))
        return 200, {"access_token": self.make(), "expires_in": self.life_s}


@contextmanager
def listening(endpoint: Endpoint, pair: Pair) -> Iterator[Endpoint]:
    """Serve ``endpoint`` with this certificate; its ``url`` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, said = endpoint.answer(self.headers.get("Authorization", ""), body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint.url = f"https://{HOST}:{server.server_address[1]}/token"
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
