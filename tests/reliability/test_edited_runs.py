"""Run folders in whose JSON one entry is odd: every entry of every file, of every kind of run.

Whatever stands there, the commands that read runs give a result or one line. DIFFQAS_EXAMPLES
changes how many of the odd values are tried at each place.
"""

import io
import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from diffqas import load
from diffqas.cli.runs import table_of
from diffqas.cli.show import show_run, show_runs
from diffqas.errors import DiffqasError
from diffqas.reports import Terminal
from diffqas.reports.page import build
from diffqas.runs import list_runs
from diffqas.runs.report import run_page

STORED = Path(__file__).parents[1] / "golden" / "formats" / "0.1.0" / "runs"
KINDS = sorted(path.name for path in STORED.iterdir())
NEEDED = {"agents": "minigrid"}
EACH = int(os.environ.get("DIFFQAS_EXAMPLES", "1"))
"""Odd values at each place; there are 17."""


ODD = {
    "null": "null",
    "true": "true",
    "seven": "7",
    "negative": "-1",
    "beyond": "1e400",
    "huge": "9" * 30,
    "nan": "NaN",
    "half": "0.5",
    "text": '"x"',
    "empty": '""',
    "list": "[]",
    "object": "{}",
    "deep": "[" * 2_000 + "]" * 2_000,
    "long": '"' + "a" * 100_000 + '"',
    "escape": '"a\\u001b]0;t\\u0007\\u202e"',
    "half character": '"\\ud800"',
    "twice": '{"a": 1, "a": 2}',
}
"""JSON texts by name; some are no JSON that is read."""

MARK = "\0here\0"


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The ways to every entry of a JSON value; of a list to its first and its last."""
    if place:
        yield place
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*place, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*place, index))


def edited(content: Any, place: tuple[str | int, ...], text: str) -> bytes:
    """The file with other JSON at one place."""
    copy = json.loads(json.dumps(content))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = MARK
    return json.dumps(copy).replace(json.dumps(MARK), text).encode()


def without(content: Any, place: tuple[str | int, ...]) -> bytes:
    """The file without one entry."""
    copy = json.loads(json.dumps(content))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return json.dumps(copy).encode()


@pytest.fixture
def sent(request, tmp_path):
    return shutil.copytree(STORED / request.param / "finished", tmp_path / "sent")


def in_one_line(call) -> str | None:
    """What a call refuses; None if it gave a result. Anything but an error of ours is raised."""
    console = Terminal(file=io.StringIO(), width=120)
    try:
        with redirect_stdout(io.StringIO()):
            call(console)
    except DiffqasError as error:
        line = str(error)
        assert len(line.splitlines()) == 1
        assert line.isprintable()
        assert len(line) <= 2_000
        return line
    return None


def read_everywhere(folder: Path, beside: Path) -> list[str]:
    """The lines in which commands refuse a folder; those that it is listed or shown without."""
    listed = list_runs(folder)
    Terminal(file=io.StringIO(), width=200).print(table_of(listed, 200))
    json.dumps([run.to_json() for run in listed])
    said = [run.fault for run in listed]
    shown = in_one_line(lambda console: show_run(folder, console))
    said += [shown, in_one_line(lambda console: show_runs([folder, beside], console))]
    # The page takes its result at the same door, and is by far the slowest.
    if shown is None:
        said.append(in_one_line(lambda _: build([run_page(folder)])))
    return [line for line in said if line]


# Choices without an optimiser are read as those of an older version.
@pytest.mark.filterwarnings("ignore:Settings:DeprecationWarning")
@pytest.mark.parametrize("sent", KINDS, indirect=True)
@pytest.mark.parametrize("name", ["config.json", "result.json"])
def test_an_entry_may_be_anything(sent, name, request):
    kind = request.node.callspec.params["sent"]
    beside = STORED / kind / "finished"
    good = json.loads((sent / name).read_text())
    draw = random.Random(f"{kind} {name}")
    refused = 0
    for place in places(good):
        trials = {word: edited(good, place, ODD[word]) for word in draw.sample(sorted(ODD), EACH)}
        if not isinstance(place[-1], int):
            trials["missing"] = without(good, place)
        for word, content in trials.items():
            (sent / name).write_bytes(content)
            try:
                refused += bool(read_everywhere(sent, beside))
            except Exception as error:
                where = ".".join(map(str, place))
                raise AssertionError(f"{name}: {where} {word}: {error!r:.200}") from error
    assert refused


@pytest.mark.filterwarnings("ignore:Settings:DeprecationWarning")
@pytest.mark.parametrize("sent", ["agents", "qlstm", "series"], indirect=True)
def test_a_run_is_loaded_or_refused(sent, request):
    kind = request.node.callspec.params["sent"]
    if kind in NEEDED:
        pytest.importorskip(NEEDED[kind])
    config = sent / "config.json"
    good = json.loads(config.read_text())
    draw = random.Random(kind)
    refused = 0
    for place in places(good["run"], ("run",)):
        word = draw.choice(sorted(ODD))
        config.write_bytes(edited(good, place, ODD[word]))
        try:
            refused += in_one_line(lambda _: load(sent)) is not None
        except Exception as error:
            where = ".".join(map(str, place))
            raise AssertionError(f"{where} {word}: {error!r:.200}") from error
    assert refused


@pytest.mark.parametrize("sent", ["series"], indirect=True)
@pytest.mark.parametrize("word", ODD)
def test_a_whole_file_may_be_anything(sent, word):
    for name in ("config.json", "result.json", "metrics.jsonl"):
        good = (sent / name).read_bytes()
        (sent / name).write_text(ODD[word])
        if name != "metrics.jsonl":
            assert read_everywhere(sent, STORED / "series" / "finished")
        else:
            assert in_one_line(lambda _: build([run_page(sent)])) is None
        (sent / name).write_bytes(good)
