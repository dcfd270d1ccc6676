"""``python -m deploy.grafana.generate`` writes the dashboards; a test holds them equal to this."""

import json
from pathlib import Path

from deploy.grafana import boards
from deploy.grafana.pipeline import pipeline

FOLDER = Path(__file__).parent / "dashboards"


def files() -> dict[str, str]:
    """The text of each file of ``dashboards/``, by its name."""
    made = (boards.floor(), boards.queue(), boards.sla(), boards.quality(), pipeline())
    return {f"{it.name}.json": json.dumps(it.json(), indent=1) + "\n" for it in made}


def main() -> None:
    """Write them, and remove what is none of them."""
    texts = files()
    FOLDER.mkdir(exist_ok=True)
    for stale in {path.name for path in FOLDER.glob("*.json")} - set(texts):
        (FOLDER / stale).unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
