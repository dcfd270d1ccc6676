"""What webhooks missed is found by polling, sent once, and named as the webhook would have."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.conftest import OpenGateway
from tests.gateway.platforms import (
    AUTHORIZATION,
    SECRET,
    Platform,
    annotation,
    job,
    moment,
    platform,
    updated,
)
from tests.gateway.running_gateway import RunningGateway
from tests.gateway.test_gateway_hooks import send_cvat, types


@pytest.fixture(scope="module")
def remembering(
    open_gateway: OpenGateway, tmp_path_factory: pytest.TempPathFactory
) -> RunningGateway:
    file: Path = tmp_path_factory.mktemp("memory") / "memory.db"
    # No secret for Label Studio: this machine may then tell the gateway what it likes.
    return open_gateway(WATCHFLOOR_GATEWAY_CVAT_SECRET=SECRET, WATCHFLOOR_GATEWAY_MEMORY=str(file))


@pytest.fixture
def served() -> Iterator[Platform]:
    with platform() as found:
        yield found


def run(
    gateway: RunningGateway, served: Platform, *arguments: str, authorization: str = AUTHORIZATION
) -> tuple[int, str]:
    """Exit code and output of the command."""
    more = {
        "WATCHFLOOR_RECONCILE_CVAT": served.url,
        "WATCHFLOOR_RECONCILE_CVAT_AUTHORIZATION": authorization,
        "WATCHFLOOR_RECONCILE_LABEL_STUDIO": served.url,
        "WATCHFLOOR_RECONCILE_LABEL_STUDIO_AUTHORIZATION": authorization,
        "WATCHFLOOR_RECONCILE_GATEWAY": gateway.url,
    }
    command = [sys.executable, "-m", "streams.main", "reconcile", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | more
    )
    return done.returncode, done.stdout + done.stderr


def test_a_job_whose_deliveries_were_lost_is_completed_once(
    remembering: RunningGateway, served: Platform
) -> None:
    ana = {"id": 9, "username": "ana"}
    heard = {"event": "create:job", "job": job(1, 300), "webhook_id": 1}
    assert send_cvat(remembering, heard).status == 202
    working = updated(job(1, 200, assignee=ana, state="in progress"), state="new", assignee=None)
    assert send_cvat(remembering, working).status == 202
    # Lost: job 1 was completed and validated; job 2 was made and completed.
    served.jobs = [
        job(1, 100, assignee=ana, stage="acceptance", state="completed"),
        job(2, 90, assignee=ana, state="completed"),
        job(3, 1, assignee=ana, state="completed"),
    ]
    code, said = run(remembering, served, "cvat")
    assert code == 0, said
    first = types(remembering, "1")
    assert first["item.submitted"] == first["review.decided"] == first["item.completed"] == 1
    assert first["item.created"] == first["work.started"] == 1
    assert types(remembering, "2")["item.submitted"] == 1
    assert not types(remembering, "3"), "its webhook may be on its way"
    count = len(remembering.stored())
    code, said = run(remembering, served, "cvat")
    assert (code, "2 looked at, 0 events were missing" in said) == (0, True), said
    assert len(remembering.stored()) == count


def test_what_the_webhook_told_is_not_told_again(
    remembering: RunningGateway, served: Platform
) -> None:
    ana = {"id": 9, "username": "ana"}
    done = job(11, 80, assignee=ana, state="completed")
    assert send_cvat(remembering, {"event": "create:job", "job": job(11, 95)}).status == 202
    assert send_cvat(remembering, updated(done, state="new", assignee=None)).status == 202
    before = remembering.stored_ids()
    served.jobs = [done]
    assert "0 events were missing" in run(remembering, served, "cvat")[1]
    # The webhook comes late, after a poll has found what it tells: the same submission.
    late = job(12, 70, assignee=ana, state="completed")
    served.jobs = [late]
    assert run(remembering, served, "cvat")[0] == 0
    assert send_cvat(remembering, updated(late, state="new", assignee=None)).status == 202
    assert types(remembering, "12")["item.submitted"] == 1
    assert len(remembering.stored_ids()) > len(before)


def test_lost_annotations_are_found_on_every_page(
    remembering: RunningGateway, served: Platform
) -> None:
    served.projects = [{"id": 4, "organization": 1, "maximum_annotations": 1, "title": "secret"}]
    served.tasks = [
        {
            "id": 1000 + number,
            "project": 4,
            "created_at": moment(300),
            "data": {"text": "a secret text"},
            "annotations": [annotation(5000 + number, 1000 + number, 60)] if number % 2 else [],
        }
        for number in range(130)
    ]
    code, said = run(remembering, served, "label-studio")
    assert code == 0, said
    assert types(remembering, "1001")["item.submitted"] == 1
    assert types(remembering, "1128")["item.queued"] == 1
    assert types(remembering, "1129")["item.submitted"] == 1
    assert not any(b"secret" in (each.value or b"") for each in remembering.stored())
    assert "130 looked at, 0 events were missing" in run(remembering, served, "label-studio")[1]
    served.tasks[1]["annotations"][0] |= {"updated_at": moment(30), "lead_time": 20.0}
    assert run(remembering, served, "label-studio")[0] == 0
    assert types(remembering, "1001")["item.edited"] == 1


@pytest.mark.parametrize(
    ("arguments", "authorization", "expected"),
    [
        (["cvat"], "Token wrong", (1, "answered 401")),
        (["cvat", "--since", "soon"], AUTHORIZATION, (2, "write 30m, 2h or 1d")),
        (["other"], AUTHORIZATION, (2, "is not one of")),
        (["cvat", "--dry-run"], AUTHORIZATION, (0, "0 would be looked at")),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    remembering: RunningGateway,
    served: Platform,
    arguments: list[str],
    authorization: str,
    expected: tuple[int, str],
) -> None:
    code, said = run(remembering, served, *arguments, authorization=authorization)
    assert code == expected[0], said
    assert expected[1] in said
    assert "Traceback" not in said
