"""What is inside a JSON record: its cells by path, and the elements of its lists."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from streams.sources.records import RejectReason, RowRefused

DEPTH_MAX = 100
ELEMENTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a list in a record: where it stands, and its cells by their paths."""

    place: tuple[str, ...]
    cells: dict[str, str]


def cells_of(value: dict[str, object]) -> dict[str, str]:
    """``{"a": {"b": 1}}`` is the cell ``a.b`` with the text ``1``; a null is an empty cell.

    Raises RowRefused for what is nested too deep.
    """
    return dict(_flat(value, "", 0))


def elements_of(value: object, path: str) -> list[Element]:
    """The elements that a path such as ``a[]`` or ``a.*[]`` leads to; none when it leads nowhere.

    The name that ``*`` stands for is the cell of the path up to there. Raises RowRefused when
    there are more than ``ELEMENTS_MAX``.
    """
    found: list[Element] = []
    for place, names, inner in _walk(value, path.split("."), 0):
        if len(found) >= ELEMENTS_MAX:
            raise RowRefused(
                path, RejectReason.VALUE_REFUSED, f"has more than {ELEMENTS_MAX} elements"
            )
        found.append(Element(place, {**names, **dict(_cell(path, inner, 0))}))
    return found


def _walk(
    value: object, steps: list[str], at: int
) -> Iterator[tuple[tuple[str, ...], dict[str, str], object]]:
    if at == len(steps):
        yield (), {}, value
        return
    name, is_list = steps[at].removesuffix("[]"), steps[at].endswith("[]")
    if not isinstance(value, dict):
        return
    keys = list(value) if name == "*" else [name] if name in value else []
    for key in keys:
        named = {".".join([*steps[:at], "*"]): key} if name == "*" else {}
        inner = value[key]
        if not is_list:
            for place, names, last in _walk(inner, steps, at + 1):
                yield (key, *place), {**named, **names}, last
        elif isinstance(inner, list):
            for index, element in enumerate(inner):
                for place, names, last in _walk(element, steps, at + 1):
                    yield (key, str(index), *place), {**named, **names}, last


def _flat(value: dict[str, object], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEPTH_MAX:
        raise RowRefused("", RejectReason.NOT_JSON, f"is nested more than {DEPTH_MAX} deep")
    for key, inner in value.items():
        yield from _cell(prefix + key, inner, depth)


def _cell(path: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from _flat(value, f"{path}.", depth + 1)
    elif isinstance(value, str):
        yield path, value
    elif value is None:
        yield path, ""
    else:
        try:
            yield path, orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            raise RowRefused(path, RejectReason.NOT_JSON, "is nested too deep") from None
