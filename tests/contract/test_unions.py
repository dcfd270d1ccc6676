"""The law of the two unions: models and dicts take and refuse the same, and agree on values."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.envelope import PEOPLE_FIELDS
from schemas.events import DICT_UNION, MODEL_UNION, MODELS, ROUTES, wire_names
from schemas.topics import INPUT_ROLES
from tests.contract.messages import TYPES, as_bytes, example

EXAMPLES = {name: example(name) for name in TYPES}
NAMES = sorted({name for model in MODELS.values() for name in wire_names(model)})

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2, 2**31, 2**63, 10_001, 253_402_300_800_000]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["", "x" * 64, "x" * 65, "x" * 257, "a\x1f", "2.0", "2026-03-02T08:00:00Z"]),
    st.lists(st.one_of(st.text(max_size=3), st.integers()), max_size=3),
    st.lists(st.dictionaries(st.sampled_from(["code", "severity"]), st.text(max_size=3))),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def mutations(draw: st.DrawFn) -> dict[str, Any]:
    """An example with fields changed, added or taken away."""
    event = dict(EXAMPLES[draw(st.sampled_from(TYPES))])
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        if draw(st.booleans()):
            event.pop(name, None)
        else:
            event[name] = draw(values)
    return event


def verdict(union: TypeAdapter[Any], value: bytes) -> Any:
    """What a union gives, or where and why it refuses."""
    try:
        return union.validate_json(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return [(each["type"], each["loc"], each["msg"]) for each in found]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(mutations())
def test_both_unions_take_and_refuse_the_same(event: dict[str, Any]) -> None:
    value = as_bytes(event)
    from_model, from_dict = verdict(MODEL_UNION, value), verdict(DICT_UNION, value)
    if isinstance(from_dict, dict):
        assert from_model.model_dump(exclude_unset=True, by_alias=True) == from_dict
    else:
        assert from_model == from_dict


def test_every_type_has_a_topic_and_a_required_field_as_its_key() -> None:
    for name, (role, key_field) in ROUTES.items():
        assert role in INPUT_ROLES
        assert MODELS[name].model_fields[key_field].is_required()


def test_types_travel_where_their_first_word_says() -> None:
    homes = {
        "annotations": {"item", "work", "assignment", "label", "golden", "guideline", "snapshot",
                        "source"},
        "reviews": {"review", "qa", "appeal"},
        "workforce": {"presence", "shift", "break", "exposure", "training", "calibration"},
    }  # fmt: skip
    for name, (role, _) in ROUTES.items():
        assert name.split(".")[0] in homes[role.value]


def test_a_field_that_sounds_like_a_person_is_a_pseudonym() -> None:
    suspects = {
        name
        for name in NAMES
        if any(word in name for word in ("actor", "reviewer", "author", "user", "_by"))
    }
    assert suspects - {"actor_type", "actor_role"} == set(PEOPLE_FIELDS)
