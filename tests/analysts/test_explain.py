"""``watchfloor explain`` on a real broker and engine: what is kept, delivered, gone, ambiguous."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson
import pytest

from streams.sender import Sender
from tests.admin.conftest import Run
from tests.analysts.conftest import a_space
from tests.analysts.kept_items import ACCEPT, Keeper, event, publish
from tests.integration.main_job.floor_processes import FloorSpace

_NUMBERS = count(481516)


@pytest.fixture(scope="module")
def space(parts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[FloorSpace]:
    """One space for all items of this file."""
    with a_space(parts, tmp_path_factory.mktemp("space"), ACCEPT) as made:
        yield made


@pytest.fixture
def sender(space: FloorSpace) -> Iterator[Sender]:
    """A way to write to the space's topics."""
    with Sender(space.settings.connections.kafka, 10) as sender:
        yield sender


@pytest.fixture
def keeper(space: FloorSpace, sender: Sender) -> Keeper:
    """The owner of the partition of an item that nobody else has, at work."""
    keeper = Keeper(space.settings, f"case-{next(_NUMBERS)}")
    keeper.claim(space.kafka, sender)
    return keeper


def _explain(run: Run, keeper: Keeper, *more: str) -> dict[str, Any]:
    ran = run("explain", keeper.item, "--json", *more)
    assert ran.code == 0, ran.err
    return dict(orjson.loads(ran.out))


def test_events_clocks_and_panes_come_from_the_state(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    flush = keeper.hear(list(reversed(keeper.story)))
    keeper.keep(sender, flush)
    keeper.deliver(flush)
    found = _explain(run, keeper)
    assert [each["event_type"] for each in found["events"]] == [
        "item.queued",
        "item.claimed",
        "item.submitted",
        "item.completed",
    ]
    assert [each["kind"] for each in found["clocks"]] == ["activate", "fulfil"]
    assert found["row"]["state"] == "closed"
    assert {each["label"] for each in found["labels"]} == {"harassment", "insult"}
    of_queue = [pane for pane in found["panes"] if pane["grouping"] == "queue"]
    counted = {c["measure"]: c["n"] for pane in of_queue for c in pane["counts"]}
    assert counted["submitted"] == counted["completed_first"] == counted["sla_fulfilled"] == 1
    # No rollups were delivered here, and that is said.
    assert any("of its" in note and "panes" in note for note in found["notes"])
    screen = run("explain", keeper.item).out
    for words in ("item.submitted", "turnaround v1", "whose time: turnaround", "+1 submitted"):
        assert words in screen


def test_what_a_paused_old_owner_writes_is_no_part_of_it_and_late_rows_are_told(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    first = keeper.hear(keeper.story[:2])
    keeper.keep(sender, first)
    assert len(_explain(run, keeper)["events"]) == 2
    keeper.deliver(first)
    keeper.keep(sender, keeper.hear([keeper.story[2]]))
    found = _explain(run, keeper)
    assert len(found["events"]) == 3
    assert any("delivery is behind" in note for note in found["notes"])
    zombie = keeper.hear([keeper.story[3]])
    keeper.lose(sender)
    keeper.keep(sender, zombie)
    assert len(_explain(run, keeper)["events"]) == 3


def test_several_items_of_one_id_are_named(run: Run, keeper: Keeper, sender: Sender) -> None:
    keeper.keep(sender, keeper.hear([keeper.story[0], {**keeper.story[1], "project_id": "posts"}]))
    ran = run("explain", keeper.item)
    assert ran.code == 1
    assert "--project posts" in ran.err
    assert "--project comments-en" in ran.err
    assert len(_explain(run, keeper, "--project", "posts")["events"]) == 1
    assert "there is: --org northwind" in run("explain", keeper.item, "--org", "acme").err


def test_an_item_that_the_floor_let_go_of_is_told_from_the_topics(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    keeper.deliver(keeper.hear(keeper.story))
    publish(sender, keeper.topics, [*keeper.story[1:], keeper.story[2]])
    found = _explain(run, keeper)
    assert [each["source_event_id"] for each in found["events"]] == [
        "e60-item.claimed",
        "e180-item.submitted",
        "e200-item.completed",
    ]
    assert any("1 of its 4 events are gone" in note for note in found["notes"])
    assert [each["kind"] for each in found["clocks"]] == ["activate", "fulfil"]


def test_topics_name_events_as_their_source_does_and_tell_what_was_refused(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    keeper.keep(sender, keeper.hear(keeper.story))
    publish(
        sender,
        keeper.topics,
        [*keeper.story, {**keeper.story[2], "attempt": "many", "event_id": "bad"}],
    )
    found = _explain(run, keeper, "--topics")
    assert found["events"][0]["source_event_id"] == "e0-item.queued"
    assert [each["field"] for each in found["refused"]] == ["attempt"]


def test_whose_time_burned_is_told_of_a_breach(run: Run, keeper: Keeper, sender: Sender) -> None:
    late = event("item.completed", 90_000, item_id=keeper.item)
    keeper.keep(sender, keeper.hear([*keeper.story[:3], late]))
    found = _explain(run, keeper)
    breach = next(each for each in found["clocks"] if each["kind"] == "breach")
    assert sum(ms for *_, ms in breach["burned"]) == 24 * 3_600_000
    assert "whose time: turnaround cycle 1, breach" in run("explain", keeper.item).out
    ran = run("explain", "nobody")
    assert ran.code == 1
    assert "nothing is known of an item 'nobody'" in ran.err
