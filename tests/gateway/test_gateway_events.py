"""Events over HTTP: every shape, every kind of fault, and what lies in Kafka afterwards."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.codec import Decoder
from schemas.events import ROUTES
from schemas.partitioner import partition_of
from schemas.topics import Topics
from streams.principals import hashed, new_token
from tests.contract.messages import TYPES, example
from tests.gateway.conftest import OpenGateway
from tests.gateway.running_gateway import RunningGateway, event

LINES = "application/x-ndjson"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def cloud(event_id: str) -> dict[str, Any]:
    data = event(event_id, event_id=None, event_type=None)
    return {"specversion": "1.0", "id": event_id, "source": "/acme", "type": "item.queued"} | {
        "data": data
    }


def test_one_event_of_each_type_lies_where_the_floor_reads_it(gateway: RunningGateway) -> None:
    moment = time.time_ns() // 1_000_000
    sent = [example(name) | {"occurred_at": moment, "event_id": f"x-{name}"} for name in TYPES]
    found = gateway.post(sent)
    assert (found.status, found.body) == (202, {"accepted": len(TYPES), "duplicates": 0})
    decoder, topics, read = Decoder(None), Topics(gateway.space), Counter[str]()
    for each in gateway.stored():
        role = topics.role(each.topic)
        assert role is not None
        assert each.partition == partition_of(each.key or b"", 4)
        record = _Read(each.offset, each.timestamp_ms, each.key, each.value)
        decoded = decoder.decode(role.value, each.partition, record)
        assert isinstance(decoded, dict), decoded
        if decoded["event_id"].startswith("x-"):
            read[decoded["event_type"]] += 1
    assert read == Counter(dict.fromkeys(ROUTES, 1))


class _Read:
    def __init__(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> None:
        self.offset, self.timestamp, self.key, self.value = offset, timestamp, key, value
        self.headers = ()


@pytest.mark.parametrize(
    ("kind", "count", "body"),
    [
        ("application/json", 1, event("one")),
        ("application/json", 2, [event("two-a"), event("two-b")]),
        (LINES, 2, b"\n".join(json.dumps(event(n)).encode() for n in ("l1", "l2")) + b"\n\n"),
        (STRUCTURED, 1, cloud("s1")),
        ("application/json", 1, cloud("s2")),
        (BATCH, 2, [cloud("b1"), cloud("b2")]),
        (BATCH, 0, []),
    ],
)
def test_every_shape_is_taken(gateway: RunningGateway, kind: str, count: int, body: Any) -> None:
    found = gateway.post(body, kind)
    assert found.status == 202
    assert found.body["accepted"] == count


def test_a_binary_cloudevent_is_taken_from_its_headers(gateway: RunningGateway) -> None:
    data = event("bin", event_id=None, event_type=None)
    attributes = {"ce_id": "bin%2F1", "ce_type": "item.queued", "ce_source": "/acme"}
    assert gateway.post(data, ce_specversion="1.0", **attributes).status == 202
    assert "bin/1" in gateway.stored_ids()
    assert gateway.post(data, ce_specversion="0.3", **attributes).fault[2] == "specversion"


def test_the_same_event_again_is_the_same_record(gateway: RunningGateway) -> None:
    again = event("again")
    assert gateway.post(again).body == {"accepted": 1, "duplicates": 0}
    assert gateway.post(again).body == {"accepted": 1, "duplicates": 1}
    found = [each for each in gateway.stored() if b'"again"' in (each.value or b"")]
    assert len(found) == 2
    assert len({(each.topic, each.partition, each.key) for each in found}) == 1


def test_content_never_reaches_kafka(gateway: RunningGateway) -> None:
    assert gateway.post(event("content", text="a secret text", user_email="a@b.c")).status == 202
    assert not any(b"secret text" in (each.value or b"") for each in gateway.stored())


def test_an_integer_id_is_its_digits(gateway: RunningGateway) -> None:
    assert gateway.post(event("digits", item_id=4711)).status == 202
    assert any(each.key == b"4711" for each in gateway.stored())


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"org_id": None}, "missing_field", "org_id"),
        ({"item_id": None}, "missing_field", "item_id"),
        ({"item_id": ""}, "wrong_field", "item_id"),
        ({"item_id": -1}, "wrong_field", "item_id"),
        ({"item_id": 10**30}, "wrong_field", "item_id"),
        ({"item_id": True}, "wrong_field", "item_id"),
        ({"item_id": ["a"]}, "wrong_field", "item_id"),
        ({"reason": "because"}, "wrong_field", "reason"),
        ({"event_type": "item.eaten"}, "unknown_type", "event_type"),
        ({"event_type": {}}, "unknown_type", "event_type"),
        ({"schema_version": "2.0"}, "unsupported_version", "schema_version"),
        ({"occurred_at": 1_600_000_000_000}, "time_out_of_range", "occurred_at"),
        ({"occurred_at": 4_600_000_000_000}, "time_out_of_range", "occurred_at"),
        ({"occurred_at": "yesterday"}, "wrong_field", "occurred_at"),
        ({"trace": "x" * 300_000}, "too_large", ""),
    ],
)
def test_a_batch_with_one_bad_event_is_refused_whole(
    gateway: RunningGateway, change: dict[str, Any], reason: str, field: str
) -> None:
    good = event(f"beside-{reason}-{field}")
    found = gateway.post([good, event("bad", **change)])
    assert found.status == 400
    assert found.fault == (1, reason, field)
    assert good["event_id"] not in gateway.stored_ids()


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "bad_request"),
        (b"{", "application/json", 400, "bad_request"),
        (b"\xff\xfe", "application/json", 400, "bad_request"),
        (b'{"a": NaN}', "application/json", 400, "bad_request"),
        (b"[" * 100_000, "application/json", 400, "bad_request"),
        (b'{"event_id": "\\ud800"}', "application/json", 400, "bad_request"),
        (b"7", "application/json", 400, "bad_event"),
        (b"[7]", "application/json", 400, "bad_event"),
        (b"{}", BATCH, 400, "bad_request"),
        (b"[{}]", BATCH, 400, "bad_event"),
        (b"{}\n{", LINES, 400, "bad_event"),
        (b"[" + b"{}," * 5000 + b"{}]", "application/json", 413, "too_large"),
        (b" " * (1024 * 1024 + 1), "application/json", 413, "too_large"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_type"),
        (b"{}", "text/plain", 415, "unsupported_type"),
        (b"\x00\x00\x00\x00\x01{}", "avro/binary", 415, "unsupported_type"),
    ],
)
def test_a_body_that_is_none_is_said_to_be_so(
    gateway: RunningGateway, body: bytes, kind: str, status: int, code: str
) -> None:
    found = gateway.post(body, kind)
    assert (found.status, found.body["error"]["code"]) == (status, code)
    assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_compressed_bodies_and_other_addresses_are_refused(gateway: RunningGateway) -> None:
    assert gateway.post(event("z"), Content_Encoding="gzip").status == 415
    assert gateway.post(event("z"), path="/v1/nothing").status == 404
    assert gateway.post(event("z"), Host="evil.example").status == 403


def test_tokens_name_who_sends_and_for_what(open_gateway: OpenGateway, tmp_path: Path) -> None:
    sender, limited, viewer = (new_token() for _ in range(3))
    given = [("all", "sender", ["*"], sender), ("one", "sender", ["acme/b"], limited)]
    given += [("vic", "viewer", ["*"], viewer)]
    file = tmp_path / "principals.yaml"
    entries = [
        {"name": name, "roles": [role], "projects": projects, "token_sha256": hashed(token)}
        for name, role, projects, token in given
    ]
    file.write_text(yaml.safe_dump({"principals": entries}))
    # Any address of this machine other than 127.0.0.1 is one that others may reach.
    public = open_gateway(WATCHFLOOR_GATEWAY_HOST="0.0.0.0", WATCHFLOOR_ALERTS_PRINCIPALS=str(file))
    public.url = public.url.replace("0.0.0.0", "127.0.0.1")

    def status(token: str, **more: Any) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return public.post(event("t", **more), **headers).status

    assert [status(""), status("wf_wrong"), status(viewer)] == [401, 401, 403]
    assert [status(sender), status(limited), status(limited, project_id="b")] == [202, 403, 202]
