"""YAML whose faults are told with file and line: parsed strictly, checked by a pydantic model."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.faults import Fault
from streams.refusals import Refusal

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class _Yaml12Loader(yaml.SafeLoader):
    """YAML with 1.2's booleans: `on`, `no` and dates stay text."""


_DROPPED = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


class FileRefused(Refusal):
    """A file that can't be used, with everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)), "correct the file; nothing was changed")


@dataclass(frozen=True, slots=True)
class Marked(Generic[Model]):
    """A file's content, and what is needed to say where a fault is."""

    file: str
    content: Model
    root: yaml.Node

    def fault(self, location: Location, message: str) -> Fault:
        """A fault at a place of the content, as pydantic names places."""
        line, field = _find(self.root, location)
        return Fault(self.file, line, field, message)


def read(path: Path, model: type[Model]) -> Marked[Model]:
    """A file checked against its model; raises FileRefused."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileRefused([Fault(str(path), 1, "", f"can't be read: {error}")]) from error
    return parse(text, str(path), model)


def parse(text: str, file: str, model: type[Model]) -> Marked[Model]:
    """Text checked against a model; raises FileRefused with every fault of its shape."""
    try:
        root = yaml.compose(text, Loader=_Yaml12Loader)
        faults = [] if root is None else _repeated(root, file)
        value = yaml.load(text, Loader=_Yaml12Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "can't be read"
        line = mark.line + 1 if mark else 1
        raise FileRefused([Fault(file, line, "", f"not YAML: {problem}")]) from error
    if root is None:
        raise FileRefused([Fault(file, 1, "", "is empty")])
    try:
        content = model.model_validate(value)
    except ValidationError as error:
        for each in error.errors():
            line, field = _find(root, each["loc"])
            faults.append(Fault(file, line, field, _message(each["type"], each["loc"], each)))
        raise FileRefused(faults) from error
    if faults:
        raise FileRefused(faults)
    return Marked(file, content, root)


def _message(kind: str, location: Location, error: object) -> str:
    assert isinstance(error, dict)
    if kind == "missing":
        return f"`{location[-1]}` is missing"
    if kind == "extra_forbidden":
        return f"unknown key `{location[-1]}`"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _repeated(node: yaml.Node, file: str) -> list[Fault]:
    # PyYAML keeps the last of two equal keys without a word.
    faults: list[Fault] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                faults.append(Fault(file, key.start_mark.line + 1, key.value, "given twice"))
            seen.add(key.value)
            faults += _repeated(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            faults += _repeated(value, file)
    return faults


def _find(root: yaml.Node, location: Location) -> tuple[int, str]:
    """Line and path of a place, as far as the document has it; pydantic adds names of unions."""
    node, line = root, root.start_mark.line + 1
    found: list[str] = []
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, node = key.start_mark.line + 1, value
                    found.append(str(step))
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            # A step behind the end is none of ours: pydantic counts what is missing, too.
            node = node.value[step] if step < len(node.value) else node
            line = node.start_mark.line + 1
            found.append(str(step))
    return line, ".".join(found)
