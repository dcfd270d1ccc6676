"""What is sent: bodies that other tools read, signatures that others check, and to whom what."""

import base64
import json
import secrets
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from schemas.alerts import AlertTransition
from schemas.receivers import Receiver
from sinks.notify import bodies
from sinks.notify.bodies import Links
from sinks.notify.book import Book
from sinks.notify.notice import Notice
from sinks.notify.planning import Moment, plan
from sinks.notify.signing import BadSecret, signed_headers, signing_key
from tests.notify.receivers import receiver
from tests.notify.transitions import START_MS, evidence, labels, step

PERSON = "p_abcdefghij0123456789"
LINKS = Links("https://floor.example.org")


def secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def notice_of(who: Receiver, *alerts: AlertTransition) -> Notice:
    book = Book()
    for each in alerts:
        book.take(each, START_MS)
    (notice,) = plan(book, [who], Moment(START_MS + 10**6))
    return notice


def test_the_webhook_has_every_field_of_version_4() -> None:
    who = receiver(group_by=["project"])
    alert = step("firing", 1, evidence=evidence())
    body = bodies.webhook(notice_of(who, alert), who, LINKS)
    assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", "ops")
    assert body["groupKey"] == '{}/ops:{project="comments-en"}'
    assert body["groupLabels"] == {"project": "comments-en"}
    assert body["commonLabels"] == labels()
    assert body["externalURL"] == "https://floor.example.org"
    assert body["truncatedAlerts"] == 0
    (shown,) = body["alerts"]
    assert shown["startsAt"] == "2026-03-02T08:00:00.000Z"
    assert shown["endsAt"] == "0001-01-01T00:00:00Z"
    assert shown["fingerprint"] == alert.fingerprint
    assert shown["generatorURL"] == f"https://floor.example.org/alerts/{alert.fingerprint}"
    assert all(isinstance(text, str) for text in shown["annotations"].values())
    assert shown["annotations"]["value"] == "1260"


def test_a_runbook_opens_from_the_public_address() -> None:
    alert = step("firing", 1, annotations={"runbook": "runbooks/backlog.md"})
    assert bodies.annotations(alert, LINKS)["runbook"] == (
        "https://floor.example.org/runbooks/backlog.md"
    )
    assert bodies.annotations(alert, Links())["runbook"] == "runbooks/backlog.md"


def test_a_cloudevent_carries_the_notices_id() -> None:
    who = receiver()
    notice = notice_of(who, step("firing", 1))
    event = bodies.cloudevent(notice, who, LINKS, "live")
    assert (event["specversion"], event["id"]) == ("1.0", notice.id)
    assert event["data"] == bodies.webhook(notice, who, LINKS)


def test_a_client_sees_no_person_and_nothing_of_others() -> None:
    who = receiver(audience="client", projects=["comments-en"])
    alert = step(
        "acknowledged",
        1,
        evidence=msgspec.structs.replace(evidence(), items_sql="SELECT 2"),
        acknowledged_by="",
        note="ask ada",
        annotations={
            "summary": "hate: oldest item waits 21 min",
            "description": f"slowest: {PERSON}",
            "detail": "other-client waits too",
            "runbook": "runbooks/internal.md",
        },
    )
    text = bodies.encode(bodies.webhook(notice_of(who, alert), who, LINKS)).decode()
    for hidden in (PERSON, "other-client", "ada", "SELECT", "internal.md"):
        assert hidden not in text
    assert "hate: oldest item waits 21 min" in text
    assert "case-1" not in text
    let = receiver(audience="client", projects=["comments-en"], item_ids=True)
    allowed = bodies.encode(bodies.webhook(notice_of(let, alert), let, LINKS)).decode()
    assert "case-1" in allowed
    (entry,) = bodies.visible(notice_of(let, alert), let)
    assert b"SELECT" not in msgspec.json.encode(entry)


def test_projects_of_one_name_are_told_apart_by_their_organisation() -> None:
    who = receiver(audience="client", projects=["northwind/comments-en"])
    assert who.wants(labels(org="northwind"))
    assert not who.wants(labels(org="southwind"))
    assert not who.wants(labels())
    alert = step("firing", 1, given=labels(org="northwind"), evidence=evidence())
    (shown,) = bodies.webhook(notice_of(who, alert), who, LINKS)["alerts"]
    assert shown["annotations"]["contributors"] == "queue=hate"


@pytest.mark.parametrize(
    "hidden",
    [labels(project="other-client"), labels(annotator=PERSON), {"alertname": "WorkerSilent"}],
)
def test_a_client_is_not_told_of_others_or_of_persons(hidden: dict[str, str]) -> None:
    who = receiver(audience="client", projects=["comments-en"])
    assert not who.wants(hidden)
    assert who.wants(labels())


def test_the_own_package_of_standard_webhooks_takes_our_signature() -> None:
    key, body = secret(), b'{"a":1}'
    now_s = int(datetime.now(UTC).timestamp())
    headers = signed_headers(key, "msg_1", body, now_s)
    assert Webhook(key).verify(body, headers) == {"a": 1}


def test_while_a_secret_is_rotated_both_are_taken() -> None:
    old, new, body = secret(), secret(), json.dumps({"a": 1}).encode()
    now_s = int(datetime.now(UTC).timestamp())
    headers = signed_headers(f"{new} {old}", "msg_1", body, now_s)
    for each in (old, new):
        assert Webhook(each).verify(body, headers) == {"a": 1}


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_!!", "whsec_c2hvcnQ=", "plain text"])
def test_a_secret_that_is_none_is_refused_without_being_repeated(bad: str) -> None:
    with pytest.raises(BadSecret) as refused:
        signing_key(bad)
    assert len(bad) < 7 or bad not in str(refused.value)


@given(st.binary(max_size=300), st.integers(0, 2**33))
def test_any_body_is_signed_as_the_package_signs_it(body: bytes, now_s: int) -> None:
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    # The package signs text, and takes its time for local when it has none.
    text = body.hex()
    theirs = Webhook(key).sign("msg_1", datetime.fromtimestamp(now_s, UTC), text)
    assert signed_headers(key, "msg_1", text.encode(), now_s)["webhook-signature"] == theirs
