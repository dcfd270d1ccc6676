"""Bars as SVG, by hand: one picture needs no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, BAR, GAP, LABELS, FIGURES = 760, 22, 8, 230, 170
OURS_COLOUR, THEIRS_COLOUR = "#2f6f4f", "#9aa5ad"
_STYLE = "font-family:system-ui,sans-serif;font-size:13px;fill:#222"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``figure`` is written at its end."""

    label: str
    value: float
    figure: str
    ours: bool


def bars(title: str, note: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars, the longest as wide as there is room; zero is the left edge."""
    most = max((row.value for row in rows), default=1.0) or 1.0
    room, top = WIDTH - LABELS - FIGURES, 58
    height = top + len(rows) * (BAR + GAP) + GAP
    heading = f"{_STYLE};font-size:16px;font-weight:600"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="24" style="{heading}">{escape(title)}</text>',
        f'<text x="12" y="44" style="{_STYLE};fill:#666">{escape(note)}</text>',
    ]
    for number, row in enumerate(rows):
        y = top + number * (BAR + GAP)
        wide = max(1.0, room * row.value / most)
        colour = OURS_COLOUR if row.ours else THEIRS_COLOUR
        middle = y + BAR - 6
        label, figure, x = escape(row.label), escape(row.figure), LABELS + wide + 6
        end = f'text-anchor="end" style="{_STYLE}"'
        lines += [
            f'<text x="{LABELS - 8}" y="{middle}" {end}>{label}</text>',
            f'<rect x="{LABELS}" y="{y}" width="{wide:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{x:.1f}" y="{middle}" style="{_STYLE}">{figure}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
