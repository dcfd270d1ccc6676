"""``watchfloor explain`` on a real broker and engine: what is kept, delivered, gone, ambiguous."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from streams import setup
from streams.sender import Sender
from streams.settings import Settings
from streams.spaces import Names
from tests.admin.conftest import Ran, Run
from tests.analysts.kept_items import ACCEPT, ITEM, STORY, Keeper, event, publish

BREACHED = event("item.completed", 90_000)


@pytest.fixture
def sender(floor: Settings) -> Iterator[Sender]:
    """A space with its tables, and a way to write to its topics."""
    setup.set_up_kafka(floor, lambda _: None, ACCEPT)
    setup.migrate(floor.connections, Names(floor.space.space).database)
    with Sender(floor.connections.kafka, 10) as sender:
        yield sender


@pytest.fixture
def keeper(floor: Settings, sender: Sender) -> Keeper:
    """The partition's owner, at work."""
    keeper = Keeper(floor)
    keeper.claim(sender)
    return keeper


def _explain(run: Run, *more: str) -> dict[str, Any]:
    ran = _ran(run, "--json", *more)
    assert ran.code == 0, ran.err
    return dict(orjson.loads(ran.out))


def _ran(run: Run, *more: str) -> Ran:
    return run("explain", ITEM, *more)


@pytest.fixture(autouse=True)
def _in_space(connected: pytest.MonkeyPatch, space: str) -> None:
    connected.setenv("WATCHFLOOR_SPACE", space)
    connected.setenv("WATCHFLOOR_PEOPLE_ARE_PSEUDONYMS", "true")


def test_events_clocks_and_panes_come_from_the_state(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    flush = keeper.hear(list(reversed(STORY)))
    keeper.keep(sender, flush)
    keeper.deliver(flush)
    found = _explain(run)
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
    screen = _ran(run).out
    for words in ("item.submitted", "turnaround v1", "whose time: turnaround", "+1 submitted"):
        assert words in screen


def test_what_a_paused_old_owner_writes_is_no_part_of_it_and_late_rows_are_told(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    first = keeper.hear(STORY[:2])
    keeper.keep(sender, first)
    assert len(_explain(run)["events"]) == 2
    keeper.deliver(first)
    keeper.keep(sender, keeper.hear([STORY[2]]))
    found = _explain(run)
    assert len(found["events"]) == 3
    assert any("delivery is behind" in note for note in found["notes"])
    zombie = keeper.hear([STORY[3]])
    keeper.claim(sender)
    keeper.keep(sender, zombie)
    assert len(_explain(run)["events"]) == 3


def test_several_items_of_one_id_are_named(run: Run, keeper: Keeper, sender: Sender) -> None:
    keeper.keep(sender, keeper.hear([STORY[0], {**STORY[1], "project_id": "posts"}]))
    ran = _ran(run)
    assert ran.code == 1
    assert "--project posts" in ran.err
    assert "--project comments-en" in ran.err
    assert len(_explain(run, "--project", "posts")["events"]) == 1
    assert "there is: --org northwind" in _ran(run, "--org", "acme").err


def test_an_item_that_the_floor_let_go_of_is_told_from_the_topics(
    run: Run, keeper: Keeper, sender: Sender
) -> None:
    keeper.deliver(keeper.hear(STORY))
    publish(sender, keeper.topics, [*STORY[1:], STORY[2]])
    found = _explain(run)
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
    keeper.keep(sender, keeper.hear(STORY))
    publish(sender, keeper.topics, [*STORY, {**STORY[2], "attempt": "many", "event_id": "bad"}])
    found = _explain(run, "--topics")
    assert found["events"][0]["source_event_id"] == "e0-item.queued"
    assert [each["field"] for each in found["refused"]] == ["attempt"]


def test_whose_time_burned_is_told_of_a_breach(run: Run, keeper: Keeper, sender: Sender) -> None:
    keeper.keep(sender, keeper.hear([*STORY[:3], BREACHED]))
    found = _explain(run)
    breach = next(each for each in found["clocks"] if each["kind"] == "breach")
    assert sum(ms for *_, ms in breach["burned"]) == 24 * 3_600_000
    assert "whose time: turnaround cycle 1, breach" in _ran(run).out
    ran = run("explain", "nobody")
    assert ran.code == 1
    assert "nothing is known of an item 'nobody'" in ran.err
