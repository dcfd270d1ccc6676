"""``python -m schemas.generate`` writes the contract for other languages and tools.

A test holds ``schemas/generated`` equal to what this gives.
"""

import json
from pathlib import Path

import yaml

from schemas import asyncapi
from schemas.events import EVENT_MODELS, event_type_of
from schemas.json_schema import DIALECT, event_schema

GENERATED = Path(__file__).parent / "generated"


def files() -> dict[str, str]:
    """Every generated file's text by its name."""
    texts = {
        f"{event_type_of(model)}.schema.json": _json(event_schema(model)) for model in EVENT_MODELS
    }
    union = {
        "$schema": DIALECT,
        "title": "event",
        "description": "Any event; its event_type says which.",
        "oneOf": [{"$ref": name} for name in texts],
    }
    texts["event.schema.json"] = _json(union)
    texts["asyncapi.yaml"] = yaml.safe_dump(asyncapi.document(), sort_keys=False, width=100)
    return texts


def write(folder: Path = GENERATED) -> None:
    """Write all files, and remove the ones that no event type stands for any more."""
    folder.mkdir(exist_ok=True)
    texts = files()
    for path in folder.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _json(schema: object) -> str:
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    write()
