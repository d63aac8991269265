"""Arrows point one way: no room imports from one below itself, and circuits knows no torch."""

import ast
from pathlib import Path

import pytest

import diffqas

SOURCE = Path(diffqas.__file__).parent
ROOMS = [
    "errors",
    "circuits",
    "simulator",
    "testing",
    "architecture",
    "quantum_train",
    "recurrent",
    "tasks",
    "training",
    "reports",
    "models",
    "runs",
    "exports",
    "hub",
    "noise",
    "studies",
    "cli",
]
FILES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports out in full"
            names.add(node.module or "")
    return names


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_every_room_has_its_place():
    assert {room(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_up(path):
    allowed = set(ROOMS[: ROOMS.index(room(path)) + 1])
    used = {name.split(".")[1] for name in imported(path) if name.startswith("diffqas.")}
    assert used <= allowed


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "circuits"], ids=lambda path: path.name)
def test_circuits_know_no_torch(path):
    assert not {name for name in imported(path) if name.split(".")[0] == "torch"}


def test_files_stay_readable():
    long = {
        str(path.relative_to(SOURCE)): count for path in FILES if (count := len(path.read_text().splitlines())) > 500
    }
    assert not long
