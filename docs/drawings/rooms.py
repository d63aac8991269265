"""Draws the rooms of diffqas and what each imports: `python docs/drawings/rooms.py`.

ROOMS and ARROWS are plain lists; tests/pages/test_site.py holds them against the real imports.
"""

from pathlib import Path
from xml.sax.saxutils import escape

PICTURE = Path(__file__).parents[1] / "pictures" / "rooms.svg"

# Room, row, column, what it holds. What a room imports stands in a row above it.
ROOMS = [
    ("text", 0, 1, "names quoted where they are shown"),
    ("errors", 1, 1, "one clear line for wrong input"),
    ("choices", 2, 2, "an option is declared once"),
    ("storage", 2, 1, "whole files, choices as JSON"),
    ("circuits", 3, 1, "candidates and spaces; plain data"),
    ("devices", 4, 2, "what a circuit costs on a device"),
    ("simulator", 4, 1, "angles → probabilities"),
    ("testing", 5, 3, "tests for circuits of your own"),
    ("architecture", 5, 1, "structural weights, mixtures"),
    ("optim", 5, 0, "optimisers for few numbers"),
    ("quantum_train", 6, 1, "circuits write any module"),
    ("layers", 7, 2, "circuits inside a model"),
    ("hub", 7, 3, "generators on a model hub"),
    ("optimisers", 7, 0, "Adam, SOAP, a Kalman filter"),
    ("tasks", 8, 1, "data, targets, losses"),
    ("reports", 9, 1, "tables and pictures"),
    ("training", 10, 1, "the loop, seeds as one batch"),
    ("kinds", 11, 1, "the kinds that are searched"),
    ("agents", 12, 1, "everything about environments"),
    ("searches", 13, 1, "options, begin, resume, load"),
    ("runs", 14, 1, "what is done with finished runs"),
    ("studies", 15, 1, "many runs as one table"),
    ("strategies", 16, 1, "searchers at equal cost, a benchmark"),
    ("cli", 17, 1, "the program"),
]

# Importer, imported; without what follows from other arrows.
ARROWS = [
    ("errors", "text"),
    ("choices", "errors"),
    ("storage", "errors"),
    ("circuits", "storage"),
    ("devices", "circuits"),
    ("simulator", "circuits"),
    ("testing", "simulator"),
    ("architecture", "choices"),
    ("architecture", "devices"),
    ("architecture", "simulator"),
    ("optim", "simulator"),
    ("quantum_train", "architecture"),
    ("quantum_train", "optim"),
    ("layers", "quantum_train"),
    ("hub", "quantum_train"),
    ("optimisers", "choices"),
    ("optimisers", "optim"),
    ("tasks", "quantum_train"),
    ("tasks", "optimisers"),
    ("reports", "tasks"),
    ("training", "reports"),
    ("kinds", "layers"),
    ("kinds", "training"),
    ("agents", "kinds"),
    ("searches", "agents"),
    ("runs", "searches"),
    ("studies", "runs"),
    ("strategies", "studies"),
    ("cli", "strategies"),
]

WIDTH, HEIGHT, STEP_X, STEP_Y = 236, 42, 260, 66
PLACES = {name: (130 + STEP_X * column, 36 + STEP_Y * row) for name, row, column, _ in ROOMS}


def box(name: str, words: str) -> str:
    """A room: its name and what it holds."""
    x, y = PLACES[name]
    return (
        f'<rect x="{x - WIDTH // 2}" y="{y - HEIGHT // 2}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="6"/>'
        f'<text x="{x}" y="{y - 3}" class="name">{escape(name)}</text>'
        f'<text x="{x}" y="{y + 13}">{escape(words)}</text>'
    )


def arrow(importer: str, imported: str) -> str:
    """A straight line to a room of the row above, or sideways and up to one further away.

    Where other rooms stand below that one, the line goes up beside their column: it would seem to
    end at them.
    """
    (x, y), (to_x, to_y) = PLACES[importer], PLACES[imported]
    end_y = to_y + HEIGHT // 2 + 3
    toward = 1 if to_x > x else -1
    side = toward * WIDTH // 2
    between = any(place_x == to_x and to_y < place_y <= y for place_x, place_y in PLACES.values())
    if y - to_y == STEP_Y or x == to_x:
        lean = max(-90, min(90, (x - to_x) // 4))  # within the box
        path = f"M{x} {y - HEIGHT // 2} L{to_x + lean} {end_y}"
    elif between:
        beside = to_x - toward * STEP_X // 2
        path = f"M{x + side} {y} L{beside} {y} L{beside} {to_y} L{to_x - side - 3 * toward} {to_y}"
    else:
        path = f"M{x + side} {y} L{to_x} {y} L{to_x} {end_y}"
    return f'<path d="{path}" class="arrow" marker-end="url(#head)"/>'


def drawing() -> str:
    """The whole picture as SVG."""
    width, height = 2 * 130 + 3 * STEP_X, 72 + STEP_Y * max(row for _, row, _, _ in ROOMS)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">',
        "<title>The rooms of diffqas; an arrow points from a room to one that it imports</title>",
        "<style>text{font:12px sans-serif;text-anchor:middle;fill:#444}"
        ".name{font:bold 13px monospace;fill:#111}"
        "rect{fill:#eef3fb;stroke:#4a6fa5}.arrow{fill:none;stroke:#4a6fa5;stroke-width:1.5}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#4a6fa5"/></marker></defs>',
        f'<path d="M0 0 H{width} V{height} H0 z" fill="#fff"/>',
        *(arrow(importer, imported) for importer, imported in ARROWS),
        *(box(name, words) for name, _, _, words in ROOMS),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawing(), "utf-8")
