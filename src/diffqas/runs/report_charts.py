"""Curves, structural weights, predictions and circuits of a run folder, for its page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors

from diffqas.agents import REWARD_WINDOW, few, moving
from diffqas.circuits import CONSTANTS, AnyCandidate, SearchSpace, draw, form
from diffqas.errors import RunError
from diffqas.reports import (
    Chart,
    Circuit,
    Line,
    Place,
    RankedCandidate,
    RunResult,
    Table,
    Weights,
    band,
    plain,
    thinned,
)
from diffqas.searches import EPISODES, OWN_SERIES, SAMPLES, RunConfig
from diffqas.storage import RunFolder, load_tensors, read_file
from diffqas.tasks import SERIES

SERIES_NAMES = (*SERIES, OWN_SERIES)

MOST_STEPS = 200
"""Positions of a slider over structural weights."""

ROLES = {"train": "truth", "test": "prediction"}


def charts_of(
    folder: RunFolder,
    config: RunConfig,
    records: Sequence[Mapping[str, Any]],
    higher: Sequence[str] = (),
) -> list[Chart]:
    """Figures over the epochs, one chart per metric; of an agent its rewards over the episodes.

    Logarithmic where all values are above zero, and less of the metric is better: it is not in
    `higher`.
    """
    if records and "episodes" in records[0]:
        return [_rewards(folder, config, records)]
    parts: dict[str, list[Line]] = {}
    for key in records[0] if records else ():
        part, _, metric = key.partition("_")
        if part in ROLES:
            epochs = [record["epoch"] for record in records]
            values = [record[key] for record in records]
            parts.setdefault(metric, []).append(band(part, epochs, values, role=ROLES[part]))
    return [
        Chart(
            metric,
            metric,
            "epoch",
            lines,
            log=metric not in higher and _in_decades(metric, lines),
            percent=metric == "accuracy",
        )
        for metric, lines in parts.items()
    ]


def _in_decades(metric: str, lines: Sequence[Line]) -> bool:
    """Whether a metric is drawn on a logarithmic scale: it is no share, and above zero throughout."""
    values = [value for line in lines for value in (*line.y, *line.low) if value is not None]
    return metric != "accuracy" and all(value > 0 for value in values)


def _rewards(folder: RunFolder, config: RunConfig, records: Sequence[Mapping[str, Any]]) -> Chart:
    path = folder.path / EPISODES
    if (
        not path.exists()
    ):  # not finished: what the records say, which are means of the last 500 episodes
        episodes = [float(np.median(record["episodes"])) for record in records]
        line = band("reward", episodes, [record["reward"] for record in records], role="prediction")
        return Chart("reward", "reward", "episode", [line])
    try:
        tensors = load_safetensors(read_file(path))
    except (OSError, SafetensorError) as error:
        raise RunError(f"Cannot read {path}: {' '.join(str(error).split())}.") from None
    every = [tensors[f"reward-{seed}"] for seed in config.seeds]
    longest = max(map(len, every))
    whole = [values for values in every if len(values) == longest]  # others were frozen
    window = max(1, min(REWARD_WINDOW, longest // 10))
    begin = min(few(window), longest)
    both = [moving(values, window, begin) for values in whole]
    mean, deviation = (np.median([pair[index] for pair in both], axis=0) for index in (0, 1))
    kept = thinned(len(mean))
    rows = (np.arange(begin, longest + 1), mean, mean - deviation, mean + deviation)
    x, middle, below, above = (plain(row[kept]) for row in rows)
    line = Line("reward", x, middle, below, above, role="prediction")
    return Chart("reward", f"reward, mean of {window:,} episodes", "episode", [line])


def weights_of(
    config: RunConfig, records: Sequence[Mapping[str, Any]], result: RunResult | None
) -> Weights | None:
    """Structural weights over the epochs, the median over the seeds; None where there are none."""
    if not records or not np.size(records[0]["structural_weights"]):
        return None
    kept = [records[at] for at in thinned(len(records), MOST_STEPS)]
    values = np.array([record["structural_weights"] for record in kept], dtype=float)
    middle = np.ma.filled(np.ma.median(np.ma.masked_invalid(values), axis=1), np.nan)
    candidates = _candidates(config)
    places = _places(config, result, middle.shape[1] // len(candidates))
    constant = _constant(candidates, result)
    if "episodes" in records[0]:
        unit, steps = "episode", [int(np.median(record["episodes"])) for record in kept]
    else:
        unit, steps = "epoch", [int(record["epoch"]) for record in kept]
    shown = []
    for index, place in enumerate(places):
        rows = middle[:, index * len(candidates) : (index + 1) * len(candidates)]
        flags = [
            (place, candidate.name) in constant or ("", candidate.name) in constant
            for candidate in candidates
        ]
        shown.append(
            Place(place, SearchSpace(candidates).names, flags, [plain(row) for row in rows])
        )
    return Weights(unit, steps, shown)


def _candidates(config: RunConfig) -> tuple[AnyCandidate, ...]:
    return config.kind.space


def _places(config: RunConfig, result: RunResult | None, count: int) -> list[str]:
    """Names of the places that have structural weights, in their order: those of the ranking, where
    there is one.
    """
    ranked: list[str] = []
    if result is not None:
        ranked = list(dict.fromkeys(row.gate for row in result.ranking))
    if len(ranked) == count:
        return ranked
    return config.kind.places(count)


def _constant(candidates: Sequence[AnyCandidate], result: RunResult | None) -> set[tuple[str, str]]:
    """(place, candidate) of those that are constant; of an unfinished run those that are so without
    data.
    """
    if result is None:
        return {
            ("", each.name)
            for each in candidates
            if each.encoding is None and form(each) in CONSTANTS
        }
    rows = [row for row in result.ranking if row.constant]
    return {(row.gate, name) for row in rows for name in row.merged}


def predictions_of(folder: RunFolder, config: RunConfig) -> tuple[dict[int, Chart], list[str]]:
    """Prediction against truth by epoch, and what is missing."""
    path = folder.path / SAMPLES
    if not path.exists():
        lacking = (
            folder.finished
            and config.dataset in SERIES_NAMES
            and "test_mse" in folder.load_result()
        )
        return {}, [f"{SAMPLES} is missing: no predictions"] if lacking else []
    samples = load_tensors(path)
    truth = samples["truth"].float().numpy()
    kept = thinned(len(truth), 1_000)
    x = plain(kept)
    charts = {}
    for epoch, tensor in sorted(samples["snapshots"].items()):
        values = tensor.float().numpy()[:, kept]
        sound = values[np.isfinite(values).all(axis=1)]
        edges = (plain(sound.min(axis=0)), plain(sound.max(axis=0))) if len(sound) > 1 else ([], [])
        first = sound[0] if len(sound) else np.full(len(kept), np.nan)
        lines = [
            Line("truth", x, plain(truth[kept]), role="truth", dash=True),
            Line("prediction", x, plain(first), *edges, role="prediction"),
        ]
        charts[int(epoch)] = Chart(
            "prediction", "", "window", lines, boundary=samples["boundary"] - 0.5
        )
    return charts, []


def circuits_of(folder: RunFolder, config: RunConfig) -> list[Circuit]:
    """What was found, with a drawing of one layer where the candidate is one of the run's."""
    named = {candidate.name: candidate for candidate in _candidates(config)}
    return [_circuit(path, named) for path in sorted(folder.path.glob("circuit*.qasm"))]


def _circuit(path: Path, named: Mapping[str, AnyCandidate]) -> Circuit:
    text = read_file(path).decode("utf-8")
    comments = re.findall(r"^// (.*)$", text, re.MULTILINE)
    name, _, size = comments[0].partition(", ") if comments else ("", "", "")
    count = re.search(r"^qubit\[(\d+)\]", text, re.MULTILINE)
    drawing = draw(named[name], int(count.group(1))) if name in named and count else ""
    caption = " · ".join([name, size.partition(";")[0], *comments[1:2]]) if comments else ""
    return Circuit(path.name, text, caption, drawing)


def ranking_of(result: RunResult, most: int | None = None) -> Table:
    """Candidates by what they contribute; of several gates or networks the best `most` of each."""
    gated = any(row.gate for row in result.ranking)
    rows = result.ranking
    if gated and most is not None:
        rows = _best_of_each(rows, most)
    what = "|weight| x spread" if result.relaxation == "raw" else "probability"
    head = ["candidate", f"contribution ({what})", "weight", "remark"]
    body = [_ranking_cells(row) for row in rows]
    if not gated:
        return Table(head, body, numeric=(1, 2))
    placed = [[row.gate, *cells] for row, cells in zip(rows, body, strict=True)]
    return Table(["place", *head], placed, numeric=(2, 3))


def _best_of_each(rows: Sequence[RankedCandidate], most: int) -> list[RankedCandidate]:
    """The first `most` rows of every gate, in the order of all."""
    seen = Counter[str]()
    kept = []
    for row in rows:
        seen[row.gate] += 1
        if seen[row.gate] <= most:
            kept.append(row)
    return kept


def _ranking_cells(row: RankedCandidate) -> list[str]:
    remarks = []
    if row.constant:
        remarks.append("constant")
    alike = [name for name in row.merged if name != row.candidate]
    if alike:
        remarks.append(f"the same as {', '.join(alike)}")
    return [
        row.candidate,
        f"{row.contribution:.4f}",
        f"{row.weight:+.4f}",
        "; ".join(remarks),
    ]
