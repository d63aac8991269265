"""Time and peak memory of one training step of large generators: QuantumTrain writing 2**n weights.

    python benchmarks/generators.py                       # n = 16 18 20 22
    python benchmarks/generators.py --qubits 24 --depth 15

Each size has a fresh process: it imports everything, does one step on a tiny network, notes its
resident size, makes the generator (without target's own memory, which is told apart) and does two
steps, of which the second is timed. Peak is the highest resident size above that note, the
network's own 2**n weights included; in units of one vector of 2**n float32 numbers it says how many
are held. Linux only; one thread.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from report import describe, write_json


def measure(n: int, depth: int, chunk: int, mapping: str) -> dict[str, float]:
    """One size; called in a process of its own."""
    import torch
    from torch import nn

    from diffqas import QuantumTrain

    def kilobytes(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))

    def step(model: nn.Module, inputs: torch.Tensor) -> None:
        for parameter in model.parameters():
            parameter.grad = None
        model(inputs).square().mean().backward()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    step(QuantumTrain(nn.Linear(2, 2), depth=2, mapping=mapping, chunk=chunk), torch.zeros(1, 2))
    resident = kilobytes("VmRSS")
    weights = chunk * 2**n
    rows = 2 ** (weights.bit_length() // 2)
    model = QuantumTrain(
        nn.Linear(weights // rows, rows, bias=False), depth=depth, mapping=mapping, chunk=chunk
    )
    made = kilobytes("VmHWM")
    inputs = torch.randn(1, weights // rows)
    step(model, inputs)
    wall, cpu = time.perf_counter(), time.process_time()
    step(model, inputs)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = kilobytes("VmHWM")
    assert peak >= made
    assert model.generator.mapping.n == n
    above = (peak - resident) / 1024
    return {
        "weights": weights,
        "wall": wall,
        "cpu": cpu,
        "peak_mb": above,
        "vectors": above * 2**20 / (4 * 2**n),
    }


def main() -> None:
    """Measure every size, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, nargs="+", default=[16, 18, 20, 22])
    parser.add_argument("--depth", type=int, default=15)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--mapping", default="linear", choices=["linear", "mlp"])
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "generators.json"
    )
    args = parser.parse_args()

    context, rows = multiprocessing.get_context("spawn"), []
    choices = {"depth": args.depth, "chunk": args.chunk, "mapping": args.mapping}
    table = Table("n", "weights", "CPU s per step", "peak MiB", "vectors of 2^n")
    for n in args.qubits:
        with context.Pool(1) as pool:
            found = pool.apply(measure, (n, args.depth, args.chunk, args.mapping))
        rows.append({"n": n} | found)
        cells = (f"{found['cpu']:.2f}", f"{found['peak_mb']:.0f}", f"{found['vectors']:.0f}")
        table.add_row(str(n), f"{found['weights']:,}", *cells)
        write_json(args.out, {**describe(sys.argv), **choices, "rows": rows})
    Console().print(table)


if __name__ == "__main__":
    main()
