"""Loads a mapping by name (built in) or from a file; refuses it with file, line and reason."""

import re
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from streams.sources.mapping import Mapping
from streams.sources.mapping_checks import Location, wrong_names
from streams.sources.records import SourceError


class _Yaml12Loader(yaml.SafeLoader):
    """YAML with 1.2's booleans: `Yes`, `No`, `on` and dates stay text, as label tables need."""


_PLAIN_TAGS_DROPPED = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag not in _PLAIN_TAGS_DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


def built_in_mappings() -> tuple[str, ...]:
    """Names of the mappings that are shipped, in alphabetical order."""
    folder = files("deploy").joinpath("mappings")
    return tuple(
        sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def load_mapping(name_or_path: str) -> Mapping:
    """Loads a built-in mapping by its name, else the file at that path."""
    if name_or_path in built_in_mappings():
        resource = files("deploy").joinpath("mappings", f"{name_or_path}.yaml")
        return parse_mapping(resource.read_text("utf-8"), f"{name_or_path}.yaml")
    try:
        text = Path(name_or_path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(built_in_mappings())
        raise SourceError(
            name_or_path, 0, "", f"is no mapping file ({error}); built in are: {known}"
        ) from error
    return parse_mapping(text, name_or_path)


def parse_mapping(text: str, file: str) -> Mapping:
    """Checks a mapping's text; raises SourceError with the line of the first thing wrong."""
    try:
        root = yaml.compose(text, Loader=_Yaml12Loader)
        if not isinstance(root, yaml.MappingNode):
            raise SourceError(file, 1, "", "a mapping file is a YAML mapping")
        _refuse_repeated_keys(root, file)
        value = yaml.load(text, Loader=_Yaml12Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "can't be read"
        line = mark.line + 1 if mark else 1
        raise SourceError(file, line, "", f"not YAML: {problem}") from error
    try:
        mapping = Mapping.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        line, field = _line_of(root, first["loc"])
        missing = first["type"] == "missing"
        message = f"`{first['loc'][-1]}` is missing" if missing else first["msg"]
        raise SourceError(file, line, field, message) from error
    for location, message in wrong_names(mapping):
        line, field = _line_of(root, location)
        raise SourceError(file, line, field, message)
    return mapping


def _refuse_repeated_keys(node: yaml.Node, file: str) -> None:
    # PyYAML keeps the last of two equal keys without a word.
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise SourceError(file, key.start_mark.line + 1, key.value, "given twice")
            seen.add(key.value)
            _refuse_repeated_keys(value, file)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, file)


def _line_of(root: yaml.Node, location: Location) -> tuple[int, str]:
    """Follows a path as far as the document has it (pydantic adds names of union members)."""
    node, line = root, 1
    found: list[str] = []
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, node = key.start_mark.line + 1, value
                    found.append(str(step))
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
            found.append(str(step))
    return line, ".".join(found)
