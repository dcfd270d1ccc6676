"""Runbooks as blocks of text, so that a page need not read Markdown. Pure but for the file."""

import re
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_BULLET = re.compile(r"[-*] +(.*)")
_NUMBER = re.compile(r"\d+[.)] +(.*)")
_RULE = re.compile(r"\|?[\s:|-]+\|?")

Block = dict[str, Any]


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """A runbook by its name, with or without ``.md``; None when there is none."""
    name = name.removesuffix(".md")
    path = folder / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    found = blocks(path.read_text("utf-8"))
    titles = [each["text"] for each in found if each["kind"] == "heading"]
    return {"name": name, "title": titles[0] if titles else name, "blocks": found}


def blocks(text: str) -> list[Block]:
    """The blocks of a text: headings, paragraphs, lists, tables, code."""
    found: list[Block] = []
    lines = text.splitlines()
    while lines:
        line = lines.pop(0)
        if line.startswith("```"):
            found.append({"kind": "code", "text": _fenced(lines)})
        elif heading := _HEADING.fullmatch(line.strip()):
            level = len(heading[1])
            found.append({"kind": "heading", "level": level, "text": heading[2]})
        elif line.lstrip().startswith("|"):
            found.append(_table([line, *_while(lines, lambda each: each.lstrip().startswith("|"))]))
        elif bullet := _BULLET.fullmatch(line) or _NUMBER.fullmatch(line):
            _item(found, bullet[1], ordered=line[0].isdigit())
        elif not line.strip():
            found.append({"kind": "gap"})
        else:
            _continue(found, line.strip())
    return [each for each in found if each["kind"] != "gap"]


def _while(lines: list[str], is_more: Any) -> list[str]:
    taken = []
    while lines and is_more(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _fenced(lines: list[str]) -> str:
    taken = _while(lines, lambda each: not each.startswith("```"))
    if lines:
        lines.pop(0)
    return "\n".join(taken)


def _table(lines: list[str]) -> Block:
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in lines
        if not _RULE.fullmatch(line.strip())
    ]
    return {"kind": "table", "head": rows[0], "rows": rows[1:]}


def _item(found: list[Block], text: str, *, ordered: bool) -> None:
    last = found[-1] if found else {}
    if last.get("kind") == "list" and last["ordered"] is ordered:
        last["items"].append(text)
    else:
        found.append({"kind": "list", "ordered": ordered, "items": [text]})


def _continue(found: list[Block], text: str) -> None:
    """A line of text goes on with a paragraph or an item, or begins a paragraph."""
    last = found[-1] if found else {}
    if last.get("kind") == "paragraph":
        last["text"] += " " + text
    elif last.get("kind") == "list":
        last["items"][-1] += " " + text
    else:
        found.append({"kind": "paragraph", "text": text})
