"""Every example is read through every wrapping, and means the same in all of them."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.codec import Decoder
from schemas.events import MODEL_UNION, MODELS, people_fields
from schemas.people import Pseudonymiser
from tests.contract import messages
from tests.contract.messages import EXAMPLES, KEY, TYPES, Sent, decoded, example

Wrapping = Callable[[dict[str, Any]], Sent]

OPEN = Decoder(None)
WRAPPINGS: tuple[Wrapping, ...] = (
    messages.plain,
    messages.framed,
    messages.structured,
    messages.structured_unannounced,
    messages.structured_base64,
    messages.binary,
)


def test_there_is_one_example_for_each_type() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {f"{name}.json" for name in TYPES}


@pytest.mark.parametrize("wrap", WRAPPINGS, ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("event_type", TYPES)
def test_an_example_is_read_whole(event_type: str, wrap: Wrapping) -> None:
    written = example(event_type)
    event = decoded(OPEN, wrap(written), event_type)
    texts = {name for name in event if event[name] != written[name]}
    assert event.keys() == written.keys()
    assert all(isinstance(written[name], str) and type(event[name]) is int for name in texts)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_model_and_the_dict_say_the_same(event_type: str) -> None:
    sent = messages.plain(example(event_type))
    assert sent.value is not None
    model = MODEL_UNION.validate_json(sent.value)
    assert type(model) is MODELS[event_type]
    assert model.model_dump(exclude_unset=True, by_alias=True) == decoded(OPEN, sent, event_type)


@pytest.mark.parametrize("event_type", TYPES)
def test_of_people_only_pseudonyms_come_out(event_type: str) -> None:
    people = Pseudonymiser(KEY)
    written = example(event_type)
    event = decoded(Decoder(people), messages.plain(written), event_type)
    for name in people_fields(MODELS[event_type]):
        if name in written:
            assert event[name] == people.pseudonym("northwind", "coop", written[name])
    others = event.keys() - set(people_fields(MODELS[event_type]))
    opened = decoded(OPEN, messages.plain(written), event_type)
    assert {name: event[name] for name in others} == {name: opened[name] for name in others}
