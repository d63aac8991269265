"""CPU seconds of a training step as it is, and of the same step captured by torch.compile; one run,
one core.

    python benchmarks/capture.py

Model, loss and backward pass of one seed: the LSTM of the series (n = 11, depth 10, batches of ten)
and the MLP of the images (n = 17, depth 15, batches of a hundred). Blocks of steps of both ways are
interleaved; the ratio is the median over rounds. The engines are plain torch (DIFFQAS_COMPILED=0)
and the compiled kernels. Compiling takes minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from diffqas import QuantumTrain
from diffqas.tasks.images.networks import TARGETS
from diffqas.tasks.series import SeriesLSTM
from report import describe, engines, write_json


def models() -> dict[str, tuple[QuantumTrain, Tensor]]:
    """Fresh models with a batch for each."""
    torch.manual_seed(0)
    images = TARGETS["mlp"]((28, 28), 2)
    return {
        "series, n = 11": (QuantumTrain(SeriesLSTM(), depth=10), torch.rand(10, 4)),
        "images, n = 17": (QuantumTrain(images, depth=15), torch.rand(100, 1, 28, 28)),
    }


def seconds(model: Callable[[Tensor], Tensor], inputs: Tensor, steps: int) -> float:
    """CPU seconds of so many forward and backward passes."""
    started = time.process_time()
    for _ in range(steps):
        model(inputs).square().mean().backward()
    return time.process_time() - started


def compare(model: QuantumTrain, inputs: Tensor, steps: int, rounds: int) -> dict[str, Any]:
    """Median seconds per step of both ways, the median of their ratio over rounds, and what
    compiling took.
    """
    torch.compiler.reset()
    captured = torch.compile(model)
    began = time.perf_counter()
    seconds(captured, inputs, 2)
    took = time.perf_counter() - began
    seconds(model, inputs, 2)
    pairs = [
        (seconds(captured, inputs, steps), seconds(model, inputs, steps)) for _ in range(rounds)
    ]
    ratios = [a / b for a, b in pairs]
    return {
        "captured_seconds_per_step": median(a for a, _ in pairs) / steps,
        "seconds_per_step": median(b for _, b in pairs) / steps,
        "captured_over_plain": median(ratios),
        "captured_over_plain_range": [min(ratios), max(ratios)],
        "seconds_to_compile": took,
    }


def main() -> None:
    """Measure, print and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "capture.json"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of torch.compile, about functions that it leaves as they are
    rows = []
    for engine in engines():
        for name, (model, inputs) in models().items():
            row: dict[str, Any] = {"engine": engine, "model": name} | compare(
                model, inputs, options.steps, options.rounds
            )
            rows.append(row)
            print(
                f"{engine:8} {name}: {1e3 * row['captured_seconds_per_step']:6.2f} ms captured, "
                f"{1e3 * row['seconds_per_step']:6.2f} ms as it is, "
                f"ratio {row['captured_over_plain']:.2f}; "
                f"compiled in {row['seconds_to_compile']:.0f} s",
                flush=True,
            )
    write_json(options.out, describe(sys.argv) | {"rows": rows})


if __name__ == "__main__":
    main()
