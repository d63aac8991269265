"""Pages are followed to their end: commands and blocks in turn, several pages in one folder as a
reader would, with fewer epochs.
"""

import gzip
import re
import shlex
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from diffqas.agents import is_environment
from diffqas.cli import main

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(sh|py|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)

PATHS = {
    "runs": ["tutorial.md", "report.md", "own-tasks.md", "runs.md"],
    "own": ["own-series.md", "candidates.md", "qlstm.md", "fast-weights.md"],
    "export": ["export.md", "controls.md", "run-folder.md"],
}
"""Pages in the order of a reader, each path in a folder of its own."""

NOT_TYPED = ("make", "source", "pip")
OUTSIDE = ("ray", "/shared", "/scratch", "TABLE")
"""Words of commands that need other machines."""


def commands(code):
    """The lines of a shell block as words."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] not in NOT_TYPED and not any(w in line for w in OUTSIDE):
            yield words


def given(words, option, value):
    """Words in which an option has this value, whether it was among them or not."""
    if option not in words:
        return [*words, option, value]
    place = words.index(option)
    return [*words[: place + 1], value, *words[place + 2 :]]


def short_search(words):
    if is_environment(words[2]):
        if "--algorithm" not in words:
            words = given(words, "--workers", "2")
        return given(words, "--episodes", "2")
    if "--rounds" in words:
        return given(given(words, "--rounds", "1"), "--local-epochs", "1")
    return given(words, "--epochs", "1")


def shorter(words):
    """A command that does the same in seconds."""
    if "--seeds" in words and words[1] != "noise":
        words = given(words, "--seeds", "2")
    if words[1] == "search":
        return short_search(words)
    if words[1] == "tune":
        return given(short_search(words), "--trials", "2")
    if words[1] == "noise":
        words = given(words, "--repeats", "1")
        if "--depolarising" in words or "--backend" in words:
            words = given(words, "--trajectories", "1")
        return words
    if words[1] == "audit":
        words = given(given(words, "--qubits", "4"), "--depth", "1")
        return given(words, "--samples", "50")
    if words[1] == "study" and words[2] not in ("discretise", "searchers"):
        return [*words, "--dry-run"]
    return words


def follow(page, names):
    """Do what a page says."""
    file = ROOT / page if page == "README.md" else ROOT / "docs" / page
    for language, code in BLOCK.findall(file.read_text("utf-8")):
        if language == "sh":
            for words in commands(code):
                if words[0] == "python":
                    continue
                assert words[0] == "diffqas", words
                try:
                    main(shorter(words)[1:])
                except SystemExit as stop:
                    raise AssertionError(f"{page}: {shlex.join(words)}") from stop
        elif not any(package_missing(name) for name in needed(code)):
            exec(compile(code, page, "exec"), names)


def needed(code):
    return re.findall(r"^# needs (\w+)", code, re.MULTILINE)


def package_missing(name):
    try:
        __import__(name)
    except ImportError:
        return True
    return False


def written(folder, name, size, images):
    """Two files of random pictures by the names of the published ones, which a reader has."""
    for part, count in (("train", images), ("t10k", images // 2)):
        pixels = np.random.default_rng(0).integers(0, 256, (count, size, size), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        head = struct.pack(">4i", 2051, count, size, size)
        with gzip.open(folder / name / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(head + pixels.tobytes())
        with gzip.open(folder / name / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">2i", 2049, count) + labels.tobytes())


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A copy of the repository with files of images, in which somebody sits."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    for name in ("MNIST", "FashionMNIST"):
        (tmp_path / "data" / name).mkdir(parents=True)
        written(tmp_path / "data", name, 28, 200)
    monkeypatch.setenv("DIFFQAS_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", PATHS)
def test_pages_in_turn(path, reader):
    names = {"__name__": "__main__"}
    for page in PATHS[path]:
        follow(page, names)
