"""Each kind of receiver, really told: pages, chats, topics, hooks with secrets and signatures."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from standardwebhooks.webhooks import Webhook

from schemas.alerts import AlertTransition, decode_transition
from schemas.receivers import Receiver
from schemas.topics import TopicSpec
from sinks.notify.answers import Answer
from sinks.notify.bodies import Links
from sinks.notify.book import Book
from sinks.notify.planning import Moment, plan
from sinks.notify.targets import Targets
from streams.admin import Kafka
from streams.notifier import now_ms
from tests.notify.listeners import Heard, listening
from tests.notify.receivers import receiver
from tests.notify.transitions import evidence, labels, step

# Apprise asks for a module of old Pythons, where there is one.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def tell(
    who: Receiver, *steps: AlertTransition, kafka: str = "127.0.0.1:9"
) -> tuple[str, Answer]:
    """Tell a receiver what follows from these steps; the notice's id and the answer."""
    book, targets = Book(), Targets(Links("https://floor.example.org"), "live", kafka)
    for each in steps:
        book.take(each, now_ms())
    (notice,) = plan(book, [who], Moment(now_ms()))
    answer = await targets.send(notice, who, now_ms())
    await targets.close()
    return notice.id, answer


def heard_by(target: dict[str, Any], *steps: AlertTransition, **more: Any) -> list[Heard]:
    """What a listener hears when it is such a receiver; URL stands for its address."""

    async def ask() -> list[Heard]:
        async with listening() as here:
            filled: dict[str, Any] = {
                kind: {key: here.url if value == "URL" else value for key, value in keys.items()}
                for kind, keys in target.items()
            }
            _, answer = await tell(receiver(internal=True, **filled, **more), *steps)
            assert answer.kind == "sent", answer
            return here.heard

    return asyncio.run(ask())


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return "HOOK_SECRET"


def test_a_cloudevent_arrives_signed(key: str) -> None:
    target = {"webhook": {"url": "URL", "body": "cloudevents", "secret": {"env": key}}}
    (heard,) = heard_by(target, step("firing", 1, evidence=evidence()))
    event = Webhook(SECRET).verify(heard.body, heard.headers)
    assert event["id"] == heard.headers["webhook-id"]
    assert event["data"]["alerts"][0]["labels"] == labels()
    assert heard.headers["content-type"] == "application/cloudevents+json"


def test_a_hook_may_ask_for_a_bearer_token_out_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    target = {"webhook": {"url": "URL", "bearer": {"file": str(tmp_path / "token")}}}
    (heard,) = heard_by(target, step("firing", 1))
    assert heard.headers["authorization"] == "Bearer s3cret"


def test_pagerduty_gets_an_event_for_each_alert_and_opens_one_incident(key: str) -> None:
    target = {"pagerduty": {"routing_key": {"env": key}, "url": "URL"}}
    fired = [step("firing", 1, given=labels(queue=q), evidence=evidence()) for q in ("a", "b")]
    heard = heard_by(target, *fired)
    for sent, alert in zip(heard, fired, strict=True):
        event = sent.json
        assert (event["routing_key"], event["event_action"]) == (SECRET, "trigger")
        assert event["dedup_key"] == f"{alert.fingerprint}-{alert.starts_at_ms}"
        payload = event["payload"]
        assert payload["severity"] == "critical"
        assert payload["summary"] == "hate: oldest item waits 21 min"
        assert payload["source"] == f"comments-en/{alert.labels['queue']}"
        assert payload["timestamp"] == "2026-03-02T08:00:00.000Z"
        assert payload["custom_details"]["value"] == "1260"
        assert event["links"][0]["href"].endswith(alert.fingerprint)


def test_chat_is_told_in_words_through_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask() -> list[Heard]:
        async with listening() as here:
            monkeypatch.setenv("CHAT", f"json://127.0.0.1:{here.port}/chat")
            who = receiver_of_chat()
            assert (await tell(who, step("firing", 1)))[1] == Answer("sent", "told")
            return here.heard

    (heard,) = asyncio.run(ask())
    assert heard.json["title"] == "[FIRING] BacklogAge"
    assert "firing: hate: oldest item waits 21 min" in heard.json["message"]
    assert "https://floor.example.org/alerts/" in heard.json["message"]


def receiver_of_chat() -> Receiver:
    given = {"name": "chat", "apprise": {"urls": {"env": "CHAT"}}, "group_wait": "0s"}
    return Receiver.model_validate(given)


@pytest.mark.parametrize("url", ["nonsense", "json://127.0.0.1:9/nobody"])
def test_a_chat_that_can_not_be_told_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CHAT", url)
    assert asyncio.run(tell(receiver_of_chat(), step("firing", 1)))[1].kind == "retry"


def test_a_secret_that_went_away_is_a_failure_and_no_crash(key: str, tmp_path: Path) -> None:
    gone = receiver(webhook={"url": "https://x.example", "bearer": {"file": str(tmp_path / "no")}})
    assert asyncio.run(tell(gone, step("firing", 1)))[1] == Answer("retry", "secret_missing")


async def _read_back(servers: str, topic: str) -> Any:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return await consumer.getone()
    finally:
        await consumer.stop()


def test_a_topic_gets_a_binary_cloudevent_keyed_by_fingerprint(parts: dict[str, str]) -> None:
    servers, topic = parts["WATCHFLOOR_KAFKA"], f"alerts-{secrets.token_hex(4)}"
    with Kafka(servers, 10) as kafka:
        kafka.create_topics([TopicSpec(topic, 1)], 1)
    who, alert = receiver(kafka={"topic": topic}), step("firing", 1, evidence=evidence())
    name, answer = asyncio.run(tell(who, alert, kafka=servers))
    assert answer == Answer("sent", "stored")
    record = asyncio.run(_read_back(servers, topic))
    headers = {key: value.decode() for key, value in record.headers}
    assert record.key.decode() == alert.fingerprint
    assert decode_transition(record.value) == alert
    assert (headers["ce_specversion"], headers["ce_id"]) == ("1.0", f"{name}/{alert.id}")


def test_brokers_that_are_away_are_a_failure_and_no_crash() -> None:
    who = receiver(kafka={"topic": "t", "servers": "127.0.0.1:9"}, timeout="2s")
    assert asyncio.run(tell(who, step("firing", 1)))[1].kind == "retry"
