"""`watchfloor gateway`: events over HTTP into Kafka."""

import asyncio

import click

from streams import settings_sources
from streams.commands.invocation import read_settings


@click.command(
    epilog="""\b
watchfloor gateway               http://127.0.0.1:8300
curl -H 'Content-Type: application/json' -d @event.json http://127.0.0.1:8300/v1/events
curl -H 'Content-Type: application/x-ndjson' --data-binary @events.jsonl \\
     -H "Authorization: Bearer $TOKEN" https://gateway.example/v1/events"""
)
def command() -> None:
    """Take events over HTTP and answer when the broker has them.

    POST /v1/events takes one event, an array, JSON lines, and CloudEvents (binary, structured,
    batch). A request is taken whole (202) or not at all (4xx, naming event and field). 429 and
    503 say when to send it again: the same event ids are counted once. Without tokens it listens
    on this machine only.
    """
    settings = read_settings()
    from streams.gateway.serving import serve
    from streams.gateway_settings import Gateway
    from streams.notify_settings import Alerts

    asyncio.run(serve(settings, settings_sources.read(Gateway), settings_sources.read(Alerts)))
