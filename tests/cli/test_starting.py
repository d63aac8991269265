"""What the program imports for commands that compute nothing; no time is measured."""

import subprocess
import sys
from pathlib import Path

import pytest

RUNS = Path(__file__).parents[1] / "golden" / "formats" / "0.1.0" / "runs"
HEAVY = {"torch", "matplotlib", "numba", "scipy"}
PROGRAM = """
import sys
from diffqas.cli import main
try:
    main(sys.argv[1:])
finally:
    print("imported:", *sorted(sys.modules), file=sys.stderr)
"""


def imported(*words: str, code: int = 0) -> set[str]:
    """Modules that the program has imported at its end, which it reaches with this exit code."""
    command = [sys.executable, "-c", PROGRAM, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    return set(done.stderr.split("imported:")[1].split())


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(word):
    modules = imported(word)
    assert not modules & HEAVY
    assert "tyro" not in modules


def test_a_list_of_runs_imports_nothing_heavy():
    assert not imported("runs", str(RUNS)) & HEAVY


@pytest.mark.parametrize("kind", ["series", "agents", "qlstm"])
def test_a_finished_run_is_shown_without_anything_heavy(kind):
    assert not imported("show", str(RUNS / kind / "finished")) & HEAVY


def test_an_unfinished_run_is_refused_without_anything_heavy():
    assert not imported("show", str(RUNS / "series" / "unfinished"), code=2) & HEAVY


@pytest.mark.parametrize("kind", ["agents", "federated", "images", "own-task", "qlstm", "series"])
def test_choices_are_understood_in_a_fresh_process(kind):
    code = "import json, sys; from diffqas.searches import config_from_json; "
    code += "config_from_json(json.load(sys.stdin))"
    with (RUNS / kind / "finished" / "config.json").open() as file:
        subprocess.run([sys.executable, "-c", code], stdin=file, check=True, timeout=300)


def test_the_package_alone_imports_nothing_heavy():
    code = "import sys, diffqas; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & HEAVY


def test_the_version_and_the_module():
    command = [sys.executable, "-m", "diffqas", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "diffqas 0.1.0\n"


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_the_help_fits_the_terminal(width):
    from diffqas.cli.main import COMMANDS, help_text

    lines = help_text(int(width)).splitlines()
    assert all(len(line) <= int(width) for line in lines)
    for name in COMMANDS:
        assert any(line.split()[:2] == ["diffqas", name] for line in lines)
