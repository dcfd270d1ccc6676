"""Sends a notice to its receiver, whatever that is."""

from dataclasses import dataclass, field

from schemas.receivers import Alertmanager, PagerDuty, Receiver, Webhook
from sinks.notify import alertmanager, bodies, chat, kafka_topic, pagerduty
from sinks.notify.answers import Answer
from sinks.notify.bodies import Links
from sinks.notify.book import Book
from sinks.notify.kafka_topic import Producers
from sinks.notify.notice import Notice
from sinks.notify.posting import Post, post
from sinks.notify.signing import BadSecret, signed_headers
from sinks.notify.vault import SecretMissing, reveal, revealed


@dataclass(frozen=True, slots=True)
class Targets:
    """``kafka`` are the brokers of a Kafka receiver that names none."""

    links: Links
    space: str
    kafka: str
    producers: Producers = field(default_factory=Producers)

    async def send(self, notice: Notice, receiver: Receiver, now_ms: int) -> Answer:
        """One attempt; never raises for what a receiver, a network or a secret may do."""
        try:
            return await self._send(notice, receiver, now_ms)
        except SecretMissing:
            return Answer("retry", "secret_missing")
        except BadSecret:
            return Answer("retry", "bad_secret")

    async def tell_again(self, book: Book, receiver: Receiver, now_ms: int) -> Answer | None:
        """Push to an Alertmanager what it was told and must not forget; None: nothing to say."""
        assert receiver.alertmanager is not None
        alerts = alertmanager.to_tell_again(book, receiver, now_ms)
        if not alerts:
            return None
        target = receiver.alertmanager
        body = alertmanager.pushed(alerts, self.links, target.resend_ms, now_ms)
        try:
            return await self._push(receiver, target, bodies.encode(body))
        except SecretMissing:
            return Answer("retry", "secret_missing")

    async def close(self) -> None:
        """Disconnect."""
        await self.producers.close()

    async def _send(self, notice: Notice, receiver: Receiver, now_ms: int) -> Answer:
        entries = [each for each in bodies.visible(notice, receiver) if each.reason is not None]
        if not entries:
            return Answer("sent", "nothing_to_see")  # What it may not see was left out.
        timeout_s = receiver.timeout_ms / 1000
        if receiver.webhook is not None:
            return await self._hook(notice, receiver, receiver.webhook, now_ms)
        if receiver.pagerduty is not None:
            return await self._page(notice, receiver, receiver.pagerduty)
        if receiver.alertmanager is not None:
            target = receiver.alertmanager
            alerts = [each.alert for each in entries]
            body = alertmanager.pushed(alerts, self.links, target.resend_ms, now_ms)
            return await self._push(receiver, target, bodies.encode(body))
        if receiver.kafka is not None:
            topic, servers = receiver.kafka.topic, receiver.kafka.servers or self.kafka
            records = [kafka_topic.record(each, notice.id, self.space) for each in entries]
            return await self.producers.send(servers, topic, records, timeout_s)
        assert receiver.apprise is not None
        title, text = chat.text(notice, receiver, self.links)
        return await chat.send(reveal(receiver.apprise.urls), title, text, timeout_s)

    async def _hook(
        self, notice: Notice, receiver: Receiver, target: Webhook, now_ms: int
    ) -> Answer:
        headers = _bearer(target)
        if target.body == "cloudevents":
            given = bodies.cloudevent(notice, receiver, self.links, self.space)
            headers["content-type"] = "application/cloudevents+json"
        else:
            given = bodies.webhook(notice, receiver, self.links)
        body = bodies.encode(given)
        if target.secret is not None:
            headers |= signed_headers(reveal(target.secret), notice.id, body, now_ms // 1000)
        else:
            headers["webhook-id"] = notice.id
        return await post(_post(receiver, revealed(target.url), body, headers))

    async def _page(self, notice: Notice, receiver: Receiver, target: PagerDuty) -> Answer:
        key, answer = reveal(target.routing_key), Answer("sent")
        for each in bodies.visible(notice, receiver):
            if each.reason is None:
                continue
            body = bodies.encode(pagerduty.event(each, key, self.links))
            answer = await post(_post(receiver, target.url, body, {}, pagerduty.REFUSALS))
            if answer.kind != "sent":
                return answer
        return answer

    async def _push(self, receiver: Receiver, target: Alertmanager, body: bytes) -> Answer:
        url = target.url.rstrip("/") + alertmanager.PATH
        return await post(_post(receiver, url, body, _bearer(target), alertmanager.REFUSALS))


def _bearer(target: Webhook | Alertmanager) -> dict[str, str]:
    return {} if target.bearer is None else {"authorization": f"Bearer {reveal(target.bearer)}"}


def _post(
    receiver: Receiver,
    url: str,
    body: bytes,
    headers: dict[str, str],
    refusals: frozenset[int] = frozenset(),
) -> Post:
    return Post(
        url=url,
        body=body,
        headers=headers,
        internal=receiver.internal,
        timeout_s=receiver.timeout_ms / 1000,
        refusals=refusals,
    )
