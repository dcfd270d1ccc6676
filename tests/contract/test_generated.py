"""The generated contract is up to date, well formed, and says what the models say."""

import json
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import DICT_UNION, MODELS
from schemas.generate import GENERATED, files, write
from tests.contract.cases import SUBMITTED
from tests.contract.messages import TYPES, example
from tests.contract.test_unions import verdict

DOCUMENT: dict[str, Any] = yaml.safe_load((GENERATED / "asyncapi.yaml").read_text())


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GENERATED / f"{name}.schema.json").read_text())
    return loaded


def test_what_is_committed_is_what_the_models_give() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in GENERATED.iterdir()}
    assert committed == files(), "run `python -m schemas.generate`"


def test_writing_removes_what_no_type_stands_for(tmp_path: Any) -> None:
    (tmp_path / "item.forgotten.schema.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(files())


@pytest.mark.parametrize("event_type", TYPES)
def test_each_schema_is_one_and_takes_its_example_only(event_type: str) -> None:
    validator = jsonschema.Draft7Validator(schema(event_type))
    validator.check_schema(validator.schema)
    assert [name for name in TYPES if validator.is_valid(example(name))] == [event_type]


@given(
    st.sampled_from(sorted(MODELS["item.submitted"].model_fields)),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 2**64),
        st.text("ab\x1f", max_size=70),
        st.lists(st.text("a", max_size=2), max_size=2),
        st.sampled_from(["x" * 256, "x" * 257, "2.0", "1.5", 1.5, 2, 0.5]),
    ),
)
def test_schema_and_decoder_take_and_refuse_the_same(name: str, value: Any) -> None:
    event = SUBMITTED | {name: value}
    # That a text is a time is beyond JSON Schema: `format` is a hint.
    if name.endswith("_at") and isinstance(value, str):
        return
    by_schema = jsonschema.Draft7Validator(schema("item.submitted")).is_valid(event)
    by_decoder = isinstance(verdict(DICT_UNION, json.dumps(event).encode()), dict)
    assert by_schema == by_decoder


def test_the_union_names_every_type_once() -> None:
    names = [choice["$ref"] for choice in schema("event")["oneOf"]]
    assert names == [f"{name}.schema.json" for name in MODELS]


def test_asyncapi_has_the_parts_that_version_3_requires() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert DOCUMENT["channels"].keys() == {"annotations", "reviews", "workforce"}
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] == "receive"
        assert resolved(operation["channel"]["$ref"]) in DOCUMENT["channels"].values()


def test_asyncapi_lists_every_type_in_its_channel_with_its_key_and_payload() -> None:
    listed = set()
    for name, channel in DOCUMENT["channels"].items():
        assert channel["address"] == channel["bindings"]["kafka"]["topic"] == f"ops.{name}"
        for event_type, reference in channel["messages"].items():
            message, model = resolved(reference["$ref"]), MODELS[event_type]
            assert (message["name"], model.role.value) == (event_type, name)
            assert model.key_field in message["bindings"]["kafka"]["key"]["description"]
            assert (GENERATED / message["payload"]["schema"]["$ref"]).is_file()
            listed.add(event_type)
    assert listed == set(TYPES)


def resolved(reference: str) -> Any:
    """What a reference inside the document points to."""
    at: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        at = at[part]
    return at
