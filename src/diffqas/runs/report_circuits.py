"""The circuits of a run folder, and the trials of a searcher before the run, for its page."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from diffqas.circuits import AnyCandidate, Candidate, draw
from diffqas.reports import Circuit, Table, number
from diffqas.searches import TRIAL_COLUMNS, TRIALS, RunConfig
from diffqas.storage import RunFolder, read_file

FURTHER = re.compile(r"-seed-(-?\d+)\.qasm$")
"""Ends the name of a circuit that is not the first seed's."""
OF_PLACE = re.compile(r"circuit-(?!seed-)(.+?)(?:-seed--?\d+)?\.qasm")
"""The name of a circuit of one place in the model, such as a gate."""
TITLE = re.compile(r"(.+?), (\d+ qubits, [^;]*)")
"""The first comment of a circuit: the candidate, or that of each layer; then its size."""


def circuits_of(folder: RunFolder, config: RunConfig) -> list[Circuit]:
    """The circuits that were found, each with a drawing if its candidate is one of the run's.

    The drawing shows one layer, or every different layer. The circuits of the first seed come
    first; the file names of the others contain their seed.
    """
    named: dict[str, AnyCandidate] = {}
    for candidate in config.kind.space:
        named[candidate.name] = candidate
    for candidate in config.kind.space:
        # After the first layer of a circuit a candidate stands without its start.
        if isinstance(candidate, Candidate) and candidate.hadamard:
            later = replace(candidate, hadamard=False)
            named.setdefault(later.name, later)
    paths = sorted(folder.path.glob("circuit*.qasm"), key=_by_seed)
    return [_circuit(path, named) for path in paths]


def _by_seed(path: Path) -> tuple[int, str]:
    """The seed in the name of a file, -1 where there is none, and the name."""
    further = FURTHER.search(path.name)
    if further is None:
        return -1, path.name
    return int(further.group(1)), path.name


def _circuit(path: Path, named: Mapping[str, AnyCandidate]) -> Circuit:
    text = read_file(path).decode("utf-8")
    further = FURTHER.search(path.name) is not None
    comments: list[str] = re.findall(r"^// (.*)$", text, re.MULTILINE)
    title = TITLE.match(comments[0]) if comments else None
    if title is None:
        return Circuit(path.name, text, further=further)
    names, size = title.groups()
    told = [names, size, *comments[1:2]]
    if told[-1].startswith("seed "):  # of several seeds: behind it stands the part in the mixture
        told += comments[2:3]
    place = OF_PLACE.fullmatch(path.name)
    if place is not None:
        told[0] = f"{place.group(1)}: {names}"
    drawing = ""
    count = re.search(r"^qubit\[(\d+)\]", text, re.MULTILINE)
    if count is not None:
        drawing = _drawing(names, named, int(count.group(1)))
    return Circuit(path.name, text, " · ".join(told), drawing, further)


def _drawing(names: str, named: Mapping[str, AnyCandidate], n: int) -> str:
    """A drawing of one layer of a candidate.

    If each layer has its own candidate, every different layer is drawn with its numbers. The
    drawing is empty if a name is not one of the run's candidates.
    """
    if names in named:
        return draw(named[names], n)
    layers: dict[str, list[int]] = {}
    for layer, name in enumerate(names.split(", "), 1):
        layers.setdefault(name, []).append(layer)
    if not layers.keys() <= named.keys():
        return ""
    return "\n\n".join(
        f"{_numbered(own)}: {name}\n{draw(named[name], n)}" for name, own in layers.items()
    )


def _numbered(layers: Sequence[int]) -> str:
    """The numbers of layers in words.

    >>> _numbered([2]), _numbered([1, 4])
    ('layer 2', 'layers 1, 4')
    """
    word = "layer" if len(layers) == 1 else "layers"
    return f"{word} {', '.join(map(str, layers))}"


def trials_of(folder: RunFolder) -> tuple[Table | None, list[str]]:
    """A table of what a searcher trained before the run, and notes on what is missing.

    The table is None if no searcher chose the run's circuit.
    """
    path = folder.path / TRIALS
    if not path.exists():
        return None, []
    lines = read_file(path).decode("utf-8", "replace").splitlines()
    try:
        head, *rows = csv.reader(lines, strict=True)
        if tuple(head) != TRIAL_COLUMNS:
            raise ValueError
        body = [
            (name, epochs, number(float(loss)), number(float(paid)), number(float(seconds)))
            for name, epochs, loss, paid, seconds in rows
        ]
    except (ValueError, csv.Error):
        return None, [f"{TRIALS} is damaged: what was trained before is not shown"]
    heading = ("candidate", "epochs", "loss", "trainings so far", "CPU seconds so far")
    return Table(heading, body, numeric=(1, 2, 3, 4)), []
