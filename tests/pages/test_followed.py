"""Pages are followed to their end: commands and blocks in turn, several pages in one folder as a
reader would, with fewer epochs.
"""

import gzip
import re
import runpy
import shlex
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from committed import ROOT

from diffqas.agents import is_environment
from diffqas.cli import main

BLOCK = re.compile(r"^```(sh|py|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)

PATHS = {
    "readme": ["README.md"],
    "runs": ["tutorial.md", "report.md", "own-tasks.md", "runs.md"],
    "own": [
        "own-series.md",
        "candidates.md",
        "qlstm.md",
        "fast-weights.md",
        "tune.md",
        "reliability.md",
    ],
    "export": ["export.md", "controls.md", "run-folder.md"],
    "images": ["images.md", "federated.md", "mappings.md", "large.md"],
    "series": ["series.md", "searches.md", "discretise.md"],
    "noise": ["noise.md"],
    "tables": ["tables.md", "strategies.md"],
    "agents": ["agents.md", "own-environment.md"],
    "circuits": ["dead-candidates.md", "audit.md", "simulator.md", "quantum-layer.md"],
    "studies": ["studies.md", "adaptation.md", "clusters.md", "directions.md"],
}
"""Pages in the order of a reader, each path in a folder of its own."""

BLOCKS_ALONE = "it has no commands, and each of its blocks stands by itself: test_documents runs it"
NOT_FOLLOWED = {
    "api.md": BLOCKS_ALONE,
    "fits-in.md": BLOCKS_ALONE,
    "mathematics.md": BLOCKS_ALONE,
    "own-module.md": BLOCKS_ALONE,
    "own-networks.md": "its script needs hours; tests/pages/test_own_networks.py prints its tables",
    "training-needs.md": BLOCKS_ALONE,
    "card.md": "its script needs minutes of a card; tests/card/test_gpu_benchmark.py runs it small",
}
"""Pages with commands or blocks that are not followed here, each with its reason."""

SCRIPTS = [["benchmarks/directions.py", "table"]]
"""Programs of the project that take seconds; of the others the page's name of the file is right."""

SAVED = re.compile(r"`(\w+\.py)`[^`\n]*:\n\n$")
"""What a page says before a block that the reader saves as a file."""

ONLY_COMPILED = {
    "QiskitRuntimeService": "an account with the maker of a device",
    "run_study(Plan": "minutes of computing",
}
"""Words of blocks that are not executed here, and what they need."""

NOT_TYPED = ("source", "pip")
DEMO = re.compile(r"^demo:.*\n\t\$\(BIN\)/(diffqas .*)", re.MULTILINE)
"""What `make demo` runs once the environment is there."""
OUTSIDE = ("executor ray", "/shared", "/scratch", "cuda", "strategies-table", "study searchers")
"""Words of commands that need other machines, or hours of this one and know no --dry-run."""


def commands(code):
    """The lines of a shell block as words."""
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words == ["make", "demo"]:
            words = made_by_demo()
        if words and words[0] not in NOT_TYPED and not any(w in line for w in OUTSIDE):
            yield words


def made_by_demo():
    found = DEMO.search((ROOT / "Makefile").read_text("utf-8"))
    assert found is not None
    return shlex.split(found.group(1).replace("$(SEEDS)", "1"))


def given(words, option, value):
    """Words in which an option has this value, whether it was among them or not."""
    if option not in words:
        return [*words, option, value]
    place = words.index(option)
    return [*words[: place + 1], value, *words[place + 2 :]]


def short_search(words):
    for option, value in (("--rounds", "1"), ("--budget", "4"), ("--epoch-samples", "32")):
        if option in words:
            words = given(words, option, value)
    if "vqc" in words and not is_environment(words[2]):
        words = [*words, "--no-baselines"]
    if "side-by-side" in words and "--candidates" not in words:
        words = [*words, "--candidates", "1", "2", "3", "4"]
    if is_environment(words[2]):
        workers = "1" if "a3c" in words else "2"
        return given(given(words, "--workers", workers), "--episodes", "2")
    if "--rounds" in words:
        return given(words, "--local-epochs", "1")
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
        if "vqc" not in words:
            words = given(given(words, "--qubits", "4"), "--depth", "1")
        elif "--candidates" not in words:
            words = [*words, "--candidates", "1", "2", "3"]
        return given(words, "--samples", "50")
    if words[1] == "study" and "--dry-run" not in words:
        return [*words, "--dry-run"]
    return words


def do(page, words, patch):
    """Do what one line says."""
    while "=" in words[0]:  # variables of this command alone
        name, _, value = words.pop(0).partition("=")
        assert name == "PYTHONPATH", words
        patch.syspath_prepend(value)
    if words[0] == "python":
        if words[1:] in SCRIPTS:
            patch.setattr(sys, "argv", words[1:])
            runpy.run_path(str(ROOT / words[1]), run_name="__main__")
        else:
            assert (ROOT / words[1]).exists(), words
        return
    assert words[0] == "diffqas", words
    try:
        main(shorter(words)[1:])
    except SystemExit as stop:
        raise AssertionError(f"{page}: {shlex.join(words)}") from stop


def follow(page, names, patch):
    """Do what a page says."""
    file = ROOT / page if page == "README.md" else ROOT / "docs" / page
    text = file.read_text("utf-8")
    for block in BLOCK.finditer(text):
        language, code = block.groups()
        saved = SAVED.search(text[: block.start()])
        if saved is not None:
            Path(saved.group(1)).write_text(code)
            continue
        if language == "sh":
            for words in commands(code):
                with patch.context() as alone:
                    do(page, words, alone)
            continue
        program = compile(code, page, "exec")
        too_much = any(word in code for word in ONLY_COMPILED)
        if not too_much and not any(package_missing(name) for name in needed(code)):
            exec(program, names)


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
    monkeypatch.syspath_prepend(tmp_path)
    if "gymnasium" in sys.modules:
        # Another test of this process may have registered the page's environment.
        registry = sys.modules["gymnasium"].registry
        monkeypatch.delitem(registry, "Corridor-v0", raising=False)
    return tmp_path


@pytest.mark.parametrize("path", PATHS)
def test_pages_in_turn(path, reader, monkeypatch):
    names = {"__name__": "__main__"}
    for page in PATHS[path]:
        follow(page, names, monkeypatch)


def test_no_page_is_left_out_in_silence():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    to_follow = {page.name for page in pages if BLOCK.search(page.read_text("utf-8"))}
    followed = [page for pages in PATHS.values() for page in pages]
    assert len(followed) == len(set(followed))
    assert not set(followed) & set(NOT_FOLLOWED)
    assert {*followed, *NOT_FOLLOWED} == to_follow


def test_pages_of_blocks_alone_have_no_commands():
    for page in (page for page, reason in NOT_FOLLOWED.items() if reason is BLOCKS_ALONE):
        text = (ROOT / "docs" / page).read_text("utf-8")
        assert {language for language, _ in BLOCK.findall(text)} == {"python"}, page
