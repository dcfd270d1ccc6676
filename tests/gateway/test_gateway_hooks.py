"""Webhooks of CVAT and Label Studio on the real gateway: who may, what they become, once."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.gateway.conftest import OpenGateway
from tests.gateway.platforms import SECRET, annotation, job, moment, signed, updated
from tests.gateway.running_gateway import Answer, RunningGateway

STUDIO, CVAT = "/v1/hooks/label-studio", "/v1/hooks/cvat"


@pytest.fixture(scope="module")
def hooked(open_gateway: OpenGateway, tmp_path_factory: pytest.TempPathFactory) -> RunningGateway:
    folder: Path = tmp_path_factory.mktemp("hooks")
    (folder / "secret").write_text(f"{SECRET}\n")
    return open_gateway(
        WATCHFLOOR_GATEWAY_CVAT_SECRET_FILE=str(folder / "secret"),
        WATCHFLOOR_GATEWAY_LABEL_STUDIO_SECRET=SECRET,
        WATCHFLOOR_GATEWAY_MEMORY=str(folder / "memory.db"),
    )


def types(gateway: RunningGateway, item: str) -> Counter[str]:
    """The types of an item's events, each event id once."""
    found = [
        json.loads(each.value or b"") for each in gateway.stored() if each.key == item.encode()
    ]
    return Counter({each["event_id"]: each["event_type"] for each in found}.values())


def send_cvat(gateway: RunningGateway, delivery: object, secret: str = SECRET) -> Answer:
    body = json.dumps(delivery).encode()
    return gateway.post(body, path=CVAT, X_Signature_256=signed(body, secret))


def send_studio(gateway: RunningGateway, delivery: object, secret: str = SECRET) -> Answer:
    return gateway.post(delivery, path=STUDIO, X_Watchfloor_Secret=secret)


def test_without_signature_or_secret_nothing_is_taken(hooked: RunningGateway) -> None:
    ping = {"event": "ping", "webhook": {"id": 1}, "sender": {"id": 9}}
    assert hooked.post(ping, path=CVAT).status == 401
    assert hooked.post(ping, path=STUDIO).status == 401
    assert send_cvat(hooked, ping, "wrong").status == 401
    assert send_studio(hooked, {"action": "PROJECT_CREATED"}, "wrong").status == 401
    assert hooked.post(ping, path=CVAT, X_Signature_256="sha256=é").status == 401
    assert hooked.post(ping, path="/v1/hooks/other").status == 404
    body = json.dumps(ping).encode()
    assert hooked.post(body + b" ", path=CVAT, X_Signature_256=signed(body)).status == 401


def test_a_cvat_job_is_followed_and_a_repeat_adds_nothing(hooked: RunningGateway) -> None:
    ana = {"id": 9, "username": "ana"}
    steps = [
        {"event": "create:job", "job": job(71, 50), "sender": ana, "webhook_id": 1},
        updated(job(71, 40, assignee=ana), assignee=None),
        updated(job(71, 30, assignee=ana, state="in progress"), state="new"),
        updated(job(71, 20, assignee=ana, state="completed"), state="in progress"),
        {"event": "update:task", "task": {"id": 5}, "before_update": {}, "webhook_id": 1},
    ]
    first = [send_cvat(hooked, step) for step in steps]
    assert [each.status for each in first] == [202] * 5
    assert [each.body["accepted"] for each in first] == [2, 1, 1, 1, 0]
    # The hook of an organization tells the same as that of a project.
    assert send_cvat(hooked, {**steps[3], "webhook_id": 2}).body["duplicates"] == 1
    expected = ["item.created", "item.queued", "item.assigned", "work.started", "item.submitted"]
    assert types(hooked, "71") == Counter(expected)


def test_label_studio_annotations_are_submissions_without_content(hooked: RunningGateway) -> None:
    project = {"id": 4, "organization": 1, "title": "a secret title", "maximum_annotations": 1}
    task = {"id": 81, "data": {"text": "a secret text"}, "created_at": moment(50)}
    for delivery in (
        {"action": "TASKS_CREATED", "project": project, "tasks": [task]},
        {"action": "ANNOTATION_CREATED", "project": project, "annotation": annotation(1, 81, 9)},
    ):
        assert send_studio(hooked, delivery).status == 202
    found = types(hooked, "81")
    assert found["item.submitted"] == found["item.queued"] == 1
    assert not any(b"secret" in (each.value or b"") for each in hooked.stored())


def test_a_delete_names_the_task_also_after_a_restart(hooked: RunningGateway) -> None:
    project = {"id": 4, "organization": 1}
    made = {"action": "ANNOTATION_CREATED", "project": project, "annotation": annotation(2, 82, 9)}
    assert send_studio(hooked, made).status == 202
    hooked.child.ask_to_stop()
    assert hooked.child.await_end() == 0
    hooked.child = hooked.child.again()
    hooked.await_open()
    deleted = {"action": "ANNOTATIONS_DELETED", "project": project, "annotations": [{"id": 2}]}
    assert send_studio(hooked, deleted).status == 202
    assert types(hooked, "82")["item.deleted"] == 1


def test_what_a_mapping_does_not_know_is_refused_by_its_field(hooked: RunningGateway) -> None:
    assert send_cvat(hooked, []).status == 400
    assert send_cvat(hooked, {"event": "eaten:job"}).status == 400
    broken = updated(job(72, 10, updated_date="yesterday"), state="new")
    assert send_cvat(hooked, broken).status == 400
