"""The rules that keep the code readable in a day, held so that no review has to say them."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("streams", "schemas", "sinks", "deploy", "tests")
TOP_LEVEL = {
    *FOLDERS,
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "docker-compose.yml",
    "pyproject.toml",
}
FILE_LINES_MAX = 250
FUNCTION_LINES_MAX = 50
VAGUE = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
# These two end the process with the reason, whatever it is.
LAST_RESORTS = {Path("streams/runtime.py"), Path("streams/watchdog.py")}
UNWANTED = {
    "path of one machine": re.compile(r"(?<![\w.])/(work|root|home|Users)/|(?<![\w.])/tmp/\w{2}"),
    "host of a registry": re.compile(
        r"pypi\.org|pythonhosted\.org|maven\.org|maven\.apache\.org|npmjs\.org|docker\.io|ghcr\.io"
    ),
    "work left over": re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"),
    "waiver without a reason": re.compile(r"# (type: ignore|noqa)(\[[^]]*\]|: [A-Z0-9, ]+\b)?\s*$"),
}

Rule = Callable[[Path], Iterator[str]]


def unignored(folder: Path) -> list[Path]:
    """What lies in a folder, without what .gitignore keeps out of the repository."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    return [
        path
        for path in sorted(folder.iterdir())
        if path.name != ".git" and not any(path.match(name) for name in ignored)
    ]


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every text that people write; generated ones are excluded."""
    for path in unignored(folder):
        if path.is_file():
            if path.suffix != ".jpg":
                yield path
        elif path != ROOT / "schemas" / "generated":
            yield from files(path)


def long_files(path: Path) -> Iterator[str]:
    lines = len(path.read_text().splitlines())
    if lines > FILE_LINES_MAX:
        yield f"{lines} lines"


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def vague_names(path: Path) -> Iterator[str]:
    name = path.stem.strip("_")
    if VAGUE & set(name.split("_")):
        yield "a name that does not say what is in it"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield "a module's name is lower case words"


def broad_handlers(path: Path) -> Iterator[str]:
    """Handlers of everything that neither raise again nor are the last resort."""
    if path.name == "agents.py" or path.relative_to(ROOT) in LAST_RESORTS:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler) and catches_everything(node.type):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield f"{node.lineno}: swallows errors that nobody thought of"


def catches_everything(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"})
        for one in kinds
    )


@pytest.mark.parametrize("rule", [long_files, long_functions, vague_names, broad_handlers])
def test_every_module_is_tidy(rule: Rule) -> None:
    modules = [path for path in files() if path.suffix == ".py"]
    assert modules
    found = [f"{path.relative_to(ROOT)}: {fault}" for path in modules for fault in rule(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("fault", UNWANTED)
def test_no_file_holds_what_belongs_elsewhere(fault: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNWANTED[fault].search(line)
    ]
    assert not found, "\n".join(found)


def test_the_top_level_is_fixed() -> None:
    assert {path.name for path in unignored(ROOT)} <= TOP_LEVEL
