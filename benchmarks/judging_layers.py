"""What tells more of a circuit's worth, the loss on held-out samples or that on training samples.

    python benchmarks/judging_layers.py bessel digits

Ten seeds (100 to 109) train five circuits of mixed layers each: children of live candidates, one to
five layers changed by lot. The test part is never looked at: in its place stand the last fifth of
the training samples, whose loss is what the two judges are compared with. Written to
results/judging_layers.json: for each judge and seed Spearman's correlation over the five circuits,
and the true loss of the judge's pick relative to the median of the five.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from diffqas.circuits import TABLE_I
from diffqas.searches import held_out, prepare
from diffqas.strategies import LayersSpace
from diffqas.tasks import Settings, Task
from diffqas.training import Training, make_models

sys.path.insert(0, str(Path(__file__).parent.parent / "studies"))
from searched import with_layers

SEEDS = list(range(100, 110))
CIRCUITS = 5
RESULT = Path(__file__).parent / "results" / "judging_layers.json"


def children(space: LayersSpace, seed: int) -> list[list[int]]:
    """Circuits of one seed."""
    draw = np.random.default_rng(seed)
    found: list[list[int]] = []
    for _ in range(CIRCUITS):
        number = int(draw.choice(space.homogeneous))
        for _ in range(int(draw.integers(1, 6))):
            around = space.neighbours(number)
            number = around[int(draw.integers(len(around)))]
        found.append(space.layers(number))
    return found


def final(task: Task, settings: Settings, layers: list[list[int]]) -> dict[str, list[float]]:
    """Figures of all seeds after the last epoch."""
    training = Training(with_layers(task, settings, SEEDS, layers), task, settings, SEEDS)
    for _ in training.epochs():
        pass
    return training.metrics


def judged(name: str) -> dict[str, list[float]]:
    """Of both judges correlation and pick, seed by seed."""
    prepared = prepare(name, quiet=True)
    task, settings = prepared.task, prepared.config.settings
    assert isinstance(task, Task)
    assert isinstance(settings, Settings)
    n = make_models(task, settings, [0])[0].circuits.n
    space = LayersSpace(tuple(TABLE_I), settings.depth, n)
    circuits = [children(space, seed) for seed in SEEDS]
    outer = held_out(task, settings.validation)
    inner = held_out(outer, settings.validation)
    scores: dict[str, list[list[float]]] = {"held-out": [], "training": [], "true": []}
    for place in range(CIRCUITS):
        layers = [own[place] for own in circuits]
        found = final(outer, settings, layers)
        scores["true"].append(found["test_loss"])
        scores["training"].append(found["train_loss"])
        scores["held-out"].append(final(inner, settings, layers)["test_loss"])
    arrays = {judge: np.array(values).T for judge, values in scores.items()}
    true = arrays.pop("true")
    told: dict[str, list[float]] = {}
    for judge, values in arrays.items():
        rows = list(zip(values, true, strict=True))
        told[f"{judge}, correlation"] = [float(spearmanr(*row).statistic) for row in rows]
        picks = [float(worth[own.argmin()] / np.median(worth)) for own, worth in rows]
        told[f"{judge}, pick"] = picks
    return told


def main() -> None:
    """Judge the tasks that are named."""
    stored = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for name in sys.argv[1:]:
        stored[name] = judged(name)
        RESULT.write_text(json.dumps(stored, indent=1) + "\n")
        for row, values in stored[name].items():
            print(f"{name}: {row}: mean {np.mean(values):.2f}, median {np.median(values):.2f}")


if __name__ == "__main__":
    main()
