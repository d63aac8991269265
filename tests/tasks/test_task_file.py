"""A task in a file: found, executed once it is named, and refused in one line that says where the
fault is.
"""

import sys

import pytest

from diffqas.errors import ArgumentError, DataError, DiffqasError
from diffqas.tasks import Task
from diffqas.tasks.task_file import TaskSource, explained, is_task_file, load_task_file

GOOD = """from __future__ import annotations
from dataclasses import dataclass
import torch
from torch import nn
from torch.nn.functional import mse_loss
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

@dataclass
class Size:  # dataclasses look their module up by name
    rows: int = 20

def small(rows=Size().rows):
    x = torch.rand(rows, 3, generator=torch.Generator().manual_seed(0))
    part = Split(x, x.sum(1, keepdim=True))
    settings = {"default": Settings(RECIPES["default"], depth=1, epochs=2, batch_size=10)}
    return Task("small", part, part, lambda: nn.Linear(3, 1), mse_loss, {"mse": mse_loss}, settings)

task = small()
number = 3
def needs(a, b): return a
def wrong(): return 5
"""


@pytest.fixture
def file(tmp_path):
    def write(text=GOOD, name="task.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", ["task", "small"])
def test_a_task_or_a_function_that_gives_one(file, name):
    path = file()
    task, source = load_task_file(f"{path}:{name}")
    assert isinstance(task, Task)
    assert source == TaskSource(f"{path}:{name}", str(path), name, source.sha256)
    assert not list(path.parent.glob("__pycache__"))
    assert str(path.parent) not in sys.path


def test_a_neighbour_can_be_imported(file):
    file("LENGTH = 7\n", "beside_the_task.py")
    path = file(
        "from beside_the_task import LENGTH\n"
        + GOOD.partition("\n")[2].replace("rows: int = 20", "rows: int = LENGTH")
    )
    assert len(load_task_file(f"{path}:task")[0].train) == 7


def test_the_content_decides_the_hash(file):
    first = load_task_file(f"{file()}:task")[1].sha256
    assert first == load_task_file(f"{file()}:small")[1].sha256
    assert first != load_task_file(f"{file(GOOD + 'x = 1')}:task")[1].sha256


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tusk", "There is no tusk in .*task.py; it has small, task, wrong"),
        (
            "number",
            "number must be a Task or a function without arguments that gives one, but is a int",
        ),
        ("needs", "the function needs must need no arguments, but has a, b"),
        ("wrong", "wrong must be a Task .* but is a function that gives a int"),
    ],
)
def test_other_names_are_refused(file, name, words):
    with pytest.raises(DiffqasError, match=words):
        load_task_file(f"{file()}:{name}")


@pytest.mark.parametrize("word", ["task.py", "task.py:", "task.py:a.b"])
def test_a_word_without_a_name_is_refused(word):
    assert is_task_file(word)
    with pytest.raises(
        ArgumentError, match=r"`task` must name a task in its file, as in task\.py:NAME"
    ):
        load_task_file(word)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\nb = (\n", r"task\.py:2: SyntaxError"),
        ("a = 1\n\nb = a / 0\n", r"task\.py:3: ZeroDivisionError: division by zero"),
        (
            "import no_such_module\n",
            r"task\.py:1: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ("import sys\nsys.exit(3)\n", r"task\.py:2: SystemExit: 3"),
        ("def task():\n    return int('x\\ny')\n", r"task\.py:2: ValueError: invalid literal"),
        (
            GOOD.replace("Split(x, x.sum(1", "Split(x, x[1:].sum(1"),
            r"task\.py:15: Argument `targets` must have one entry",
        ),
    ],
)
def test_errors_in_the_file_name_its_line(file, text, words):
    with pytest.raises(DataError, match=words) as caught:
        load_task_file(f"{file(text)}:task")
    assert "\n" not in str(caught.value)


def test_the_traceback_comes_on_demand(file, monkeypatch):
    monkeypatch.setenv("DIFFQAS_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        load_task_file(f"{file('1 / 0')}:task")


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"Cannot read .*no\.py: No such file"):
        load_task_file(f"{tmp_path / 'no.py'}:task")


def test_errors_of_tasks_from_python_are_left_alone():
    for source in (None, TaskSource()):
        with pytest.raises(ZeroDivisionError), explained(source):
            _ = 1 / 0
