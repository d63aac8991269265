"""The rooms of the house: their order, their doors, and no way round in a circle."""

import ast
from pathlib import Path

import pytest

import diffqas

SOURCE = Path(diffqas.__file__).parent
ROOMS = [
    "text",
    "errors",
    "choices",
    "storage",
    "circuits",
    "devices",
    "simulator",
    "testing",
    "architecture",
    "optim",
    "quantum_train",
    "layers",
    "hub",
    "optimisers",
    "tasks",
    "reports",
    "training",
    "kinds",
    "agents",
    "searches",
    "runs",
    "studies",
    "strategies",
    "cli",
]
OF_THE_HOUSE = {SOURCE / f"{name}.py" for name in ("__init__", "__main__", "_moved")}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path not in OF_THE_HOUSE)


def imported(path: Path) -> set[str]:
    """Every module of which something is imported, those of the package itself in full."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports out in full"
            names.add(node.module or "")
    return names


def own_modules(path: Path) -> list[list[str]]:
    """The modules of diffqas among them, in parts: `["training", "supervised"]`."""
    return [name.split(".")[1:] for name in imported(path) if name.startswith("diffqas.")]


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_every_room_has_its_place():
    assert {room(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_up(path):
    allowed = set(ROOMS[: ROOMS.index(room(path)) + 1])
    assert {parts[0] for parts in own_modules(path)} <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_room_is_entered_by_its_door(path):
    past = [parts for parts in own_modules(path) if len(parts) > 1 and parts[0] != room(path)]
    assert not past, "import from the package, whose __init__ says what may be used elsewhere"


def test_no_imports_in_a_circle():
    """Imports inside of functions count, those for type checkers alone do not."""
    graph = {_name(path): _needed(path) for path in FILES}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name in graph and name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def _name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def _needed(path: Path) -> set[str]:
    """The modules of its own room that a file imports."""
    tree = ast.parse(path.read_text("utf-8"))
    typed = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    for node in typed:
        node.body = [ast.Pass()]
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [str(node.module).removeprefix("diffqas.") for node in nodes]
    return {name for name in names if name.split(".")[0] == room(path) and name != _name(path)}


@pytest.mark.parametrize(
    "path", [path for path in FILES if room(path) == "circuits"], ids=lambda path: path.name
)
def test_circuits_know_no_torch(path):
    assert not {name for name in imported(path) if name.split(".")[0] == "torch"}


def test_files_stay_readable():
    long = {
        str(path.relative_to(SOURCE)): count
        for path in FILES
        if (count := len(path.read_text().splitlines())) > 500
    }
    assert not long
