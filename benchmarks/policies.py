"""Steps a second of agents by a2c: policies that are searched circuits beside written networks.

    python benchmarks/policies.py --seeds 1 10

CartPole-v1 with 16 environments of each seed, five steps between two updates, one core. Written
networks are those of Quantum-Train (11 qubits, depth 10, 2,531 weights); circuits have 4 qubits,
depth 2 and 16 candidates. Blocks of updates of all agents are interleaved, in CPU seconds; a figure
is the median over rounds, and a ratio that of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from statistics import median

import torch

from diffqas.agents import SyncTraining
from diffqas.choices import Value
from diffqas.runs import prepare
from diffqas.searches.session import make_training
from report import describe, write_json

ROOM = "CartPole-v1"
AGENTS: dict[str, dict[str, Value]] = {
    "written networks": {"model": "qt"},
    "circuits, 3-local": {"model": "vqc"},
    "circuits, Z": {"model": "vqc", "observables": "z"},
}
"""The first one is what the others are compared with."""


def training_of(choices: dict[str, Value], seeds: int) -> SyncTraining:
    """Agents with the recipe of their model."""
    prepared = prepare(ROOM, seeds=seeds, **choices)
    training, _ = make_training(prepared.config, prepared.task)
    assert isinstance(training, SyncTraining)
    return training


def seconds(training: SyncTraining, updates: int) -> float:
    """CPU seconds of so many updates."""
    started = time.process_time()
    for _ in range(updates):
        training.update()
    return time.process_time() - started


def compare(seeds: int, updates: int, rounds: int) -> list[dict]:
    """Steps a second of every kind of agent, and relative to the first one."""
    trainings = {name: training_of(choices, seeds) for name, choices in AGENTS.items()}
    for training in trainings.values():
        seconds(training, 2)  # compiles
    blocks = [
        {name: seconds(training, updates) for name, training in trainings.items()}
        for _ in range(rounds)
    ]
    first = next(iter(AGENTS))
    found = []
    for name, training in trainings.items():
        steps = updates * training.settings.steps * training.settings.places * seeds
        found.append(
            {
                "agents": name,
                "seeds": seeds,
                "steps_per_cpu_second": steps / median(block[name] for block in blocks),
                "relative": median(block[first] / block[name] for block in blocks),
            }
        )
        training.close()
    return found


def main() -> None:
    """Measure, print and write every row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results/policies.json"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for count in args.seeds:
        for row in compare(count, args.updates, args.rounds):
            rows.append(row)
            speed, relative = row["steps_per_cpu_second"], row["relative"]
            seeds = "1 seed" if count == 1 else f"{count} seeds"
            print(f"{row['agents']}, {seeds}: {speed:,.0f} steps/s, {relative:.2f}")
    write_json(args.output, {**describe(sys.argv), "rows": rows})


if __name__ == "__main__":
    main()
