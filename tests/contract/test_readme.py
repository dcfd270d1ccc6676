"""What the contract's README says is true."""

import ast
import re
from pathlib import Path
from typing import Any

import schemas
from schemas.codec import Decoder
from schemas.dead_letters import Reason
from schemas.envelope import PEOPLE_FIELDS, Envelope
from schemas.events import ROUTES
from tests.contract.messages import decoded, plain

README = (Path(schemas.__file__).parent / "README.md").read_text(encoding="utf-8")


def sent_event() -> dict[str, Any]:
    """The event that the copy-paste example sends."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            event: dict[str, Any] = ast.literal_eval(node.value)
            return event
    raise AssertionError


def test_the_event_to_copy_is_read_whole() -> None:
    event = sent_event()
    assert decoded(Decoder(None), plain(event), "item.submitted") == event


def test_every_reason_is_explained() -> None:
    assert {reason.value for reason in Reason} <= set(re.findall(r"`(\w+)`", README))


def test_every_type_and_every_field_of_the_envelope_is_named() -> None:
    words = set(re.findall(r"\w+", README))
    assert {part for name in ROUTES for part in name.split(".")} <= words
    assert set(Envelope.model_fields) <= words
    assert set(PEOPLE_FIELDS) <= words
    assert f"none of the {len(ROUTES)}" in README
