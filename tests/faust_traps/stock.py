"""Workers as Faust's documentation shows them, one function per trap.

``python stock.py SCENARIO JSON`` runs one; what it prints is for the test to read.
"""

import asyncio
import json
import logging
import sys
from typing import Any, cast

import faust
from yarl import URL

Args = dict[str, Any]


def say(**seen: Any) -> None:
    print(json.dumps(seen), flush=True)


def app_for(args: Args, **settings: Any) -> faust.App:
    return faust.App(
        args["group"],
        **{
            "broker": f"kafka://{args['kafka']}",
            "store": URL("memory://"),
            "topic_allow_declare": False,
            "topic_disable_leader": True,
            "topic_partitions": 1,
            "consumer_auto_offset_reset": "earliest",
            "broker_commit_interval": 0.2,
            "web_enabled": False,
            "stream_wait_empty": False,
            **settings,
        },
    )


def raw_topic(app: faust.App, args: Args) -> Any:
    return app.topic(args["topic"], key_serializer="raw", value_serializer="raw")


def run(app: faust.App) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    app.finalize()
    faust.Worker(app, redirect_stdouts=False, override_logging=False).execute_from_commandline()


def failed_changelog_write(args: Args) -> None:
    """L1: the changelog's topic takes nothing as large as the value."""
    app = app_for(args)
    table = app.Table("state", key_type=bytes, value_type=bytes, partitions=1)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for value in stream:
            table[b"k"] = b"x" * 1000
            say(saw=value.decode())

    run(app)


def early_flush(args: Args) -> None:
    """L2: messages for a topic that is not there for a while."""

    async def main() -> None:
        app = app_for(args)
        app.finalize()
        await app.producer.start()
        topic = raw_topic(app, args)
        sent = [topic.send_soon(value=b"x", key=None) for _ in range(args["messages"])]
        say(flushing=True)
        await app.producer.flush()
        say(unsent=sum(not one.done() for one in sent))
        await app.producer.stop()

    asyncio.run(main())


def held_message(args: Args) -> None:
    """L3, L4, D7: one message is never finished, those after it are."""
    app = app_for(args)

    @app.agent(raw_topic(app, args), concurrency=2)
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            say(saw=event.message.offset)
            if event.message.offset == args["hold"]:
                await asyncio.Event().wait()

    run(app)


def raising_agent(args: Args) -> None:
    """L5: the body raises on one message."""
    app = app_for(args)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            if event.message.offset == args["hold"]:
                say(raised=True)
                raise RuntimeError("the body failed")
            say(saw=event.message.offset)

    run(app)


def raising_take(args: Args) -> None:
    """L6: the body raises on a batch."""
    app = app_for(args)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for values in stream.take(100, within=0.5):
            say(raised=len(values))
            raise RuntimeError("the body failed")

    run(app)


def older_generation(args: Args) -> None:
    """L7: messages fetched before a rebalance wait in the queue after it.

    A rebalance begins by raising the generation; doing just that makes the moment repeatable.
    """
    app = app_for(args)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            say(saw=event.message.offset)
            await asyncio.sleep(1.0)
            app.consumer_generation_id += 1

    run(app)


def json_agent(args: Args) -> None:
    """L8: a message is not what the topic's type says."""
    app = app_for(args)

    @app.agent(app.topic(args["topic"], key_serializer="raw", value_type=cast(Any, int)))
    async def agent(stream: Any) -> None:
        async for value in stream:
            say(saw=value)

    run(app)


def threaded_producer(args: Args) -> None:
    """L9: the threaded producer still holds the message when the flush returns."""

    async def main() -> None:
        app = app_for(args, producer_threaded=True, producer_linger=3.0)
        app.finalize()
        await app.producer.start()
        await cast(Any, app.producer).threaded_producer.start()
        sent = raw_topic(app, args).send_soon(value=b"x", key=None)
        await asyncio.sleep(0.5)
        await app.producer.flush()
        say(flushed=True)
        await asyncio.wait({sent}, timeout=10)

    asyncio.run(main())


def json_table(args: Args) -> None:
    """L11: the last record of the changelog can't be decoded."""
    app = app_for(args)
    app.Table("state", key_type=bytes, value_type=int, partitions=1)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for value in stream:
            say(saw=value.decode())

    run(app)


def taking_agent(args: Args) -> None:
    """D1: a malformed message comes to an agent that uses take()."""
    app = app_for(args)

    @app.agent(app.topic(args["topic"], key_serializer="raw", value_type=cast(Any, int)))
    async def agent(stream: Any) -> None:
        async for values in stream.take(10, within=0.2):
            say(saw=list(values))

    async def look() -> None:
        for actor in cast(Any, agent)._actors:
            say(state=actor.state, ended=actor.actor_task.done())

    app.timer(0.2)(look)
    run(app)


def slow_recovery(args: Args) -> None:
    """D2: during the first recovery the broker is slower than the request time-out."""
    app = app_for(args)
    app.Table("state", key_type=bytes, value_type=bytes, partitions=1)

    @app.on_partitions_assigned.connect
    async def shorten(*_: Any, **_more: Any) -> None:
        app.conf.broker_request_timeout = 1e-6
        say(assigned=True)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for value in stream:
            say(saw=value.decode())

    run(app)


def blocked_sink(args: Args) -> None:
    """D3: the agent retries a sink for ever."""
    app = app_for(args, stream_wait_empty=True)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            say(saw=event.message.partition)
            while args["blocked"]:
                await asyncio.sleep(0.1)

    run(app)


def raising_timer(args: Args) -> None:
    """D10: a timer raises once."""
    app = app_for(args)

    @app.agent(raw_topic(app, args))
    async def agent(stream: Any) -> None:
        async for value in stream:
            say(saw=value.decode())

    async def timer() -> None:
        raise RuntimeError("the timer failed")

    app.timer(0.2)(timer)
    run(app)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    globals()[sys.argv[1]](json.loads(sys.argv[2]))
