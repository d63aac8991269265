"""The documentation site: every page is reachable and the drawing of the rooms tells the truth."""

import ast
import re
import runpy
from pathlib import Path

import pytest
from committed import DOCS, ROOT

import diffqas

SOURCE = Path(diffqas.__file__).parent
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)


def listed(page: Path) -> set[Path]:
    """The pages that the tables of contents of a page name, by patterns as well."""
    found: set[Path] = set()
    for block in TOCTREE.findall(page.read_text("utf-8")):
        for entry in (line for line in block.splitlines() if line and not line.startswith(":")):
            matches = {path.resolve() for path in page.parent.glob(f"{entry}.md")}
            assert matches, f"{page.name}: {entry} is not there"
            found |= matches
    return found


def test_every_page_is_in_a_table_of_contents():
    pages = {DOCS / "index.md", *listed(DOCS / "index.md")}
    for page in list(pages):
        pages |= listed(page)
    assert set(DOCS.rglob("*.md")) | set((ROOT / "studies" / "results").rglob("*.md")) <= pages


def test_the_site_names_every_public_name():
    text = (DOCS / "api.md").read_text("utf-8")
    public = {
        name for name in dir(diffqas) if name[0] != "_" and name not in ("TYPE_CHECKING", "Any")
    }
    public -= {
        name for name in public if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").exists()
    }
    assert len(public) > 15
    assert not {name for name in public if f"`{name}`" not in text}


def test_the_list_of_names_is_that_of_the_rooms():
    drawn = runpy.run_path(str(DOCS / "drawings" / "names.py"))
    assert drawn["PAGE"].read_text("utf-8") == drawn["page"](), "run docs/drawings/names.py"
    text = drawn["page"]()
    for name in drawn["rooms"]():
        assert f"../names.md#diffqas{name}" in (DOCS / "api" / f"{name}.md").read_text("utf-8")
        _, section = text.split(f"## diffqas.{name}\n")
        assert section.split("\n## ")[0].count("\n| `") >= 2, name


def test_every_page_is_reached_by_links_that_a_code_host_shows():
    """From the index, without the lists of contents that only the built site has."""
    start = (DOCS / "index.md").resolve()
    reached, waiting = set(), [start]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        text = TOCTREE.sub("", page.read_text("utf-8"))
        links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        waiting += [(page.parent / link).resolve() for link in links]
    assert {page.name for page in set(DOCS.rglob("*.md")) - reached} == set()


def imports() -> dict[str, set[str]]:
    """Room -> the rooms that it imports, anywhere in its files."""
    found: dict[str, set[str]] = {}
    for path in SOURCE.rglob("*.py"):
        if path.parent != SOURCE or not path.name.startswith("_"):
            room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            names = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
            used = {name.split(".")[1] for name in names if name.startswith("diffqas.")}
            found.setdefault(room, set()).update(used - {room})
    return found


def below(room: str, graph: dict[str, set[str]]) -> set[str]:
    return graph[room].union(*(below(other, graph) for other in graph[room]))


def test_the_drawing_has_the_real_rooms_and_imports():
    drawn = runpy.run_path(str(DOCS / "drawings" / "rooms.py"))
    graph = imports()
    assert sorted(name for name, *_ in drawn["ROOMS"]) == sorted(graph)
    needed = {
        (room, other)
        for room, used in graph.items()
        for other in used
        if not any(other in below(between, graph) for between in used - {other})
    }
    assert set(drawn["ARROWS"]) == needed
    rows = {name: row for name, row, *_ in drawn["ROOMS"]}
    assert all(rows[importer] > rows[imported] for importer, imported in drawn["ARROWS"])
    assert drawn["PICTURE"].read_text("utf-8") == drawn["drawing"](), "run docs/drawings/rooms.py"
    # A sign of 12 pixels is somewhat wider than half of that; words stay within their box.
    assert all(6.4 * len(words) <= drawn["WIDTH"] - 4 for *_, words in drawn["ROOMS"])


def test_figures_of_the_site_are_not_broken_at_their_hyphen():
    nodes = pytest.importorskip("docutils.nodes")
    pytest.importorskip("sphinx")
    document = pytest.importorskip("docutils.utils").new_document("page")
    text = "from 3.2e-8 (7e-9 .. 8e-8) on"
    document += nodes.paragraph("", "", nodes.Text(text), nodes.literal("", "1e-3"))
    runpy.run_path(str(DOCS / "conf.py"))["whole_figures"](None, document, "page")
    marked = [node.astext() for node in document.findall(nodes.inline)]
    assert marked == ["3.2e-8", "(7e-9", "8e-8)"]
    assert document.astext() == f"{text}1e-3"
