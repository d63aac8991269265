"""Names that look like markup, mathematics, formulas or commands, in every place that has a name.

One name at a time stands for the run folder and a column of a CSV file, for a file of candidates,
and for each text of a result that somebody sent; the commands that show names are called on it. The
pieces of which the names consist are tried one by one in tests/test_text.py. Names of tasks and
metrics are plain words, which the task itself checks.
"""

import csv
import io
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from diffqas import search
from diffqas.cli import main
from diffqas.searches.session import free_folder
from diffqas.text import visible

NAMES = {
    "markup": "r[red]y[x][/x]<b>&lt;`|*_~",
    "mathematics": "$^$ $a_{b}$",
    "formula": "=1+1",
    "at": "@SUM(A1)%&#{}\\{x} {0}",
    "escape": "\x1b]0;t\x07\r\n\x9b\u202e",
    "emoji": "🚀é漢" + "n" * 80,
    "blank": "_x ",
    "dash": "-x",
    "bytes": "a\udcff",
}

QASM = """OPENQASM 3.0;
input float a0;
input float a1;
qubit[{n}] q;
ry(a0) q[0];
ry(a1) q[1];
"""
QUBITS = 5
"""Of the circuits of the task below: 21 weights."""

TASK = """
import torch
from torch import nn
from torch.nn.functional import mse_loss
from diffqas.quantum_train import RECIPES
from diffqas.tasks import Settings, Split, Task

def mine():
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    split = Split(x, x[:, 0])
    return Task(
        name="mine", train=split, test=split, loss=mse_loss, metrics={"mse": mse_loss},
        target=lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)),
        recipes={"default": Settings(RECIPES["default"], depth=1, epochs=1, batch_size=10)},
    )
"""


class Texts(HTMLParser):
    """The elements of a page, and the texts between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements, self.texts = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def shown(capsys, monkeypatch):
    """Calls the program, checks that only printable text comes out, and returns it."""

    monkeypatch.setenv("COLUMNS", "250")  # no name is broken

    def call(*words: str) -> str:
        main([*words])
        printed = capsys.readouterr()
        for text in (printed.out, printed.err):
            assert all(sign.isprintable() or sign == "\n" for sign in text)
        return printed.out

    return call


def outside(path: Path) -> str:
    """A path that no program takes for an option."""
    return f"./{path}"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_a_folder_and_a_column(name, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # A name of a column is taken without the blanks around it, and bytes that are no text are no
    # CSV file; line ends and the byte for nothing are refused by their own rules.
    column = name.strip()
    if not column.isprintable():
        column = "a\x1b[31m"
    rows = [["day", column], *([number, (number * 7 % 11) / 10] for number in range(30))]
    table = io.StringIO()
    csv.writer(table).writerows(rows)
    Path("data.csv").write_text(table.getvalue(), "utf-8")
    words = ["search", "series", "--csv", "data.csv", f"--column={column}", f"--output={name}"]
    text = shown(*words, "--depth", "1", "--epochs", "1")
    assert visible(name).rstrip() in text
    folder = outside(Path(name))
    assert visible(name).rstrip() in shown("show", folder)
    (Path(name) / "result.json").unlink()
    assert visible(name).rstrip() in shown("resume", folder)
    assert visible(name).strip() in shown("runs", ".").replace("\n", "")
    assert "report.html" in shown("report", folder)
    page = Texts((Path(name) / "report.html").read_text("utf-8"))
    assert any(visible(name) in part for part in page.texts)
    assert "b" not in page.elements
    assert visible(name) in shown("forecast", folder, "--steps", "2")
    # A second run: what differs, and one page of both.
    shutil.copytree(name, "other")
    shown("show", folder, "other")
    shown("report", folder, "other", "--output", "both.html")
    page = Texts(Path("both.html").read_text("utf-8"))
    assert any(visible(name) in part for part in page.texts)
    assert "b" not in page.elements


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_a_candidate(name, shown, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = name.replace("/", ":")  # no file has it
    Path("task.py").write_text(TASK)
    file = f"{name}.qasm"
    Path(file).write_text(QASM.format(n=QUBITS))
    audit = ["audit", "--candidates", outside(Path(file)), "--samples", "5", "--depth", "1"]
    audit += ["--output", "a.png"]
    if not name.isprintable():
        assert visible(name) in refused(*audit)
        return
    assert name.strip() in shown("candidates", "--candidates", outside(Path(file)))
    assert name.strip() in shown(*audit)
    (line,) = csv.DictReader(io.StringIO(Path("a.csv").read_text("utf-8")))
    assert line["candidate"].removeprefix("'") == name
    assert not line["candidate"].startswith(("=", "+", "-", "@"))
    words = ["search", "task.py:mine", "--candidates", "2", outside(Path(file))]
    assert name.strip() in shown(*words, "--output", "own")
    assert name.strip() in shown("show", "own")
    shown("report", "own")
    assert "b" not in Texts(Path("own/report.html").read_text("utf-8")).elements
    Path("own/result.json").unlink()
    shown("resume", "own")
    assert "own-again" in shown("repeat", "own", "--output", "own-again")


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("names") / "base"
    search("bessel", depth=1, epochs=1, output=folder, quiet=True)
    return folder


@pytest.mark.parametrize("name", [name for name in NAMES.values() if name.isascii()])
def test_texts_of_a_result_from_somebody_else(name, base, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(base, "sent")
    result = Path("sent/result.json")
    content = json.loads(result.read_text())
    content |= {"task": name, "report": name, "recipe": name}
    content["ranking"][0]["candidate"] = name
    content["references"][0] |= {"name": name, "remark": name}
    result.write_text(json.dumps(content))
    assert visible(name).strip() in shown("show", "sent")
    for words in (["runs", "sent"], ["show", "sent", str(base)], ["report", "sent"]):
        shown(*words)
    page = Texts(Path("sent/report.html").read_text("utf-8"))
    assert any(visible(name) in part for part in page.texts)
    assert "b" not in page.elements


@pytest.mark.parametrize("name", ["../../outside", "a/b", "..", "/tmp/x", "-rf", "a\x1b[2J", ""])
def test_a_folder_that_is_named_by_the_task_lies_in_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = free_folder(name)
    assert folder.parent == Path("runs")
    assert folder.name.isprintable()
