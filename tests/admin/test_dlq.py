"""Dead letters on the real broker: counted, shown without their content, sent back once."""

from pathlib import Path

import pytest

from schemas.dead_letters import DeadLetter, Message, Reason
from schemas.partitioner import partition_of
from schemas.topics import Topics
from streams import records, settings, setup
from streams.admin import Kafka
from streams.records import Stored
from streams.sender import Outgoing, Sender
from streams.settings import Settings
from tests.admin.conftest import Ran, Run

SECRET = b'{"event_id": "e1", "text": "do not print this"}'


def _letter(topic: str, number: int, reason: Reason, field: str = "") -> DeadLetter:
    key = f"item-{number}".encode()
    headers = (("ce_id", b"\x00\xff"), ("empty", None))
    origin = Message(topic, 0, number, 1_700_000_000_000, key, SECRET + b"%d" % number, headers)
    return DeadLetter(origin, reason, field, f"field {field} is wrong")


@pytest.fixture
def letters(floor: Settings, topics: Topics) -> list[DeadLetter]:
    """Twelve letters in the space's dead-letter topic: 8 of one reason, 4 of another."""
    made = [
        _letter(topics.annotations, n, Reason.WRONG_FIELD, "attempt" if n < 5 else "due_at")
        for n in range(8)
    ]
    made += [_letter(topics.reviews, n, Reason.TIME_OUT_OF_RANGE, "occurred_at") for n in range(4)]
    with Sender(floor.connections.kafka, 10) as sender:
        stored = [(number % 4, letter.to_record()) for number, letter in enumerate(made)]
        sender.send(
            [Outgoing(topics.dead_letters, p, r.key, r.value, r.headers) for p, r in stored]
        )
    return made


def _all(kafka: Kafka, topic: str) -> list[Stored]:
    spans = kafka.spans([(topic, number) for number in range(4)])
    return list(records.read(kafka.servers, spans))


def _dlq(run: Run, floor: Settings, *arguments: str) -> Ran:
    return run("dlq", *arguments, "--space", floor.space.space)


def _rows(ran: Ran) -> list[list[str]]:
    return [line.split() for line in ran.out.splitlines()[1:]]


@pytest.mark.usefixtures("letters")
def test_ls_counts_by_topic_reason_and_field(floor: Settings, topics: Topics, run: Run) -> None:
    assert sorted(_rows(_dlq(run, floor, "ls"))) == [
        [topics.annotations, "wrong_field", "attempt", "5", "0"],
        [topics.annotations, "wrong_field", "due_at", "3", "0"],
        [topics.reviews, "time_out_of_range", "occurred_at", "4", "0"],
    ]


@pytest.mark.usefixtures("letters")
def test_show_hides_the_content_unless_it_is_asked_for(floor: Settings, run: Run) -> None:
    hidden = _dlq(run, floor, "show", "0/0")
    assert "reason      wrong_field" in hidden.out
    assert "do not print" not in hidden.out
    assert "item-" not in hidden.out
    shown = _dlq(run, floor, "show", "0/0", "--payload")
    assert SECRET.decode() in shown.out
    assert "ce_id" in shown.out


@pytest.mark.usefixtures("letters")
def test_show_of_nothing_says_where_to_look(floor: Settings, run: Run) -> None:
    assert _dlq(run, floor, "show", "0/999").code == 1
    assert _dlq(run, floor, "show", "17").code == 2


def test_replay_sends_every_byte_back_to_where_the_key_belongs(
    floor: Settings, topics: Topics, kafka: Kafka, run: Run, letters: list[DeadLetter]
) -> None:
    ran = _dlq(run, floor, "replay", "--reason", "wrong_field", "--yes")
    assert (ran.code, ran.out) == (0, "replayed 8 messages\n")
    back = {record.value: record for record in _all(kafka, topics.annotations)}
    assert len(back) == 8
    for letter in letters[:8]:
        record, origin = back[letter.origin.value], letter.origin
        assert (record.key, record.headers) == (origin.key, origin.headers)
        assert record.partition == partition_of(origin.key or b"", 4)
    assert _all(kafka, topics.reviews) == []


@pytest.mark.usefixtures("letters")
def test_a_second_replay_sends_nothing_again(
    floor: Settings, topics: Topics, kafka: Kafka, run: Run
) -> None:
    replay = ("replay", "--reason", "wrong_field", "--yes")
    assert _dlq(run, floor, *replay, "--limit", "3").out == "replayed 3 messages\n"
    assert _dlq(run, floor, *replay).out == "replayed 5 messages\n"
    assert _dlq(run, floor, *replay).out == "nothing to replay\n"
    assert len(_all(kafka, topics.annotations)) == 8
    counts = {row[2]: row[3:] for row in _rows(_dlq(run, floor, "ls"))}
    assert counts == {"attempt": ["5", "5"], "due_at": ["3", "3"], "occurred_at": ["4", "0"]}


@pytest.mark.usefixtures("letters")
def test_replay_takes_only_the_field_that_was_asked_for(
    floor: Settings, topics: Topics, kafka: Kafka, run: Run
) -> None:
    _dlq(run, floor, "replay", "--reason", "wrong_field", "--field", "due_at", "--yes")
    assert len(_all(kafka, topics.annotations)) == 3


@pytest.mark.usefixtures("letters")
def test_replay_without_yes_asks_first_and_takes_silence_for_no(
    floor: Settings, topics: Topics, kafka: Kafka, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert _dlq(run, floor, "replay", "--reason", "wrong_field").code == 1
    assert _all(kafka, topics.annotations) == []


def test_a_message_cannot_pass_for_a_mark(floor: Settings, topics: Topics, run: Run) -> None:
    origin = Message(topics.reviews, 0, 7, 0, None, b"[0]", (("watchfloor.replayed", b"1"),))
    record = DeadLetter(origin, Reason.NULL_KEY, "", "no key").to_record()
    with Sender(floor.connections.kafka, 10) as sender:
        sender.send([Outgoing(topics.dead_letters, 0, record.key, record.value, record.headers)])
    assert _rows(_dlq(run, floor, "ls", "--letters"))[0][-1] == "no"


def test_a_space_without_topics_says_what_to_do(space: str, run: Run) -> None:
    ran = run("dlq", "ls", "--space", space)
    assert ran.code == 1
    assert "watchfloor setup" in ran.err


def test_setup_twice_makes_nothing_twice(space: str) -> None:
    said: list[str] = []
    found = settings.read(space)
    setup.set_up(found, lambda _: None, None)
    setup.set_up(found, said.append, None)
    count = len(Topics().specs())
    assert said == [f"topics: 0 made, {count} were there", "ClickHouse: up to date"]
