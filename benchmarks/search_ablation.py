"""Why the order of a joint search is no better than it is: one thing changed at a time.

    python benchmarks/search_ablation.py                        # goes on; a few minutes of one core
    python benchmarks/search_ablation.py table                  # of the results that are there
    python benchmarks/search_ablation.py --tasks wine --seeds 100

All 480 circuits of the benchmark's encoded space are trained together, once, by its recipe:

- as a mixture (the loss of the weighted sum, softmax weights that are held for the first half) or
  apart (the sum of all losses: every single path in every step, which is fair sampling without
  noise);
- with shared or separate angles, and with one head or a head each;
- with outputs as they are, or each candidate's standardised over the batch.

What is then an order: the weight; the rise of the loss without a candidate (DARTS-PT, arXiv
2108.04392), on held-out or on training samples; the loss of a candidate alone, with the numbers
that it has then, on either or on both. Each is compared with what the table says that the circuits
reach: Kendall's tau, and the regret of the first one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor, nn

from diffqas.optim import schedule_factor
from diffqas.simulator import observed
from diffqas.strategies import RECIPES, SPACES, Problem, benchmark, problem
from diffqas.strategies.orders import kendall
from diffqas.strategies.problems import Part
from diffqas.strategies.spaces import EncodedSpace
from diffqas.strategies.stacked import INPUT_FACTOR, encoded_start

RESULTS = Path(__file__).with_name("results") / "search_ablation.jsonl"
SEEDS = (100, 101, 102)
"""None of the table's: no training is shared with the truth."""
TASKS = ("wine", "iris", "moons")
HELD = 0.5
"""Share of the steps for which structural weights stay."""
SMALLEST_SPREAD = 0.01
SPACE = SPACES["encoded"]
RECIPE = RECIPES["encoded"]


@dataclass(frozen=True)
class Variant:
    """What is trained together.

    Attributes:
        apart: every candidate has its own loss; else one loss of their weighted sum.
        own_angles: one set for each candidate.
        own_heads: one for each candidate.
        standardised: outputs have mean 0 and spread 1 over the batch.
    """

    apart: bool
    own_angles: bool
    own_heads: bool
    standardised: bool = False


VARIANTS = {
    "mixture, shared angles": Variant(False, False, False),
    "mixture, own angles": Variant(False, True, False),
    "mixture, own angles, standardised": Variant(False, True, False, True),
    "mixture, own angles and heads": Variant(False, True, True),
    "apart, shared angles": Variant(True, False, False),
    "apart, shared angles, own heads": Variant(True, False, True),
    "apart, own angles": Variant(True, True, False),
    "apart, own angles and heads": Variant(True, True, True),
}


class Supernet(nn.Module):
    """All circuits of the space, with as many angles and heads as a variant wants.

    Args:
        variant: of the search.
        outputs: of every circuit's head.
        seed: decides the start, the same for all circuits.
    """

    def __init__(self, variant: Variant, outputs: int, seed: int) -> None:
        super().__init__()
        assert isinstance(SPACE, EncodedSpace)
        self.variant, self.space = variant, SPACE
        start = encoded_start(SPACE, outputs, seed)
        angles = start["angles"]
        heads = 1
        if variant.own_angles:
            angles = angles.repeat(len(SPACE), 1, 1, 1)
        if variant.own_heads:
            heads = len(SPACE)
        self.angles = nn.Parameter(angles.clone())
        self.weight = nn.Parameter(start["weight"].repeat(heads, 1, 1))
        self.bias = nn.Parameter(start["bias"].repeat(heads, 1))
        self.structure = nn.Parameter(torch.zeros(len(SPACE)))

    def each(self, x: Tensor) -> Tensor:
        """Samples (batch, inputs) -> (circuits, batch, outputs)."""
        places = torch.arange(self.space.qubits) % x.shape[1]
        encoded = (INPUT_FACTOR * x[:, places]).unsqueeze(-2).expand(-1, self.space.uploads, -1)
        values = observed(
            self.space.candidates,
            encoded,
            self.angles,
            self.space.observables,
            outputs=len(self.space.observables.strings),
            uploads=self.space.uploads,
            separate=self.variant.own_angles,
        )
        if self.variant.standardised:
            values = (values - values.mean(0)) / (values.std(0) + SMALLEST_SPREAD)
        weight = self.weight.expand(len(self.space), -1, -1)
        return torch.einsum("bjk,jok->jbo", values, weight) + self.bias.unsqueeze(1)

    def mixed(self, x: Tensor, weights: Tensor) -> Tensor:
        """The weighted sum of all circuits, (1, batch, outputs)."""
        return torch.einsum("j,jbo->bo", weights, self.each(x)).unsqueeze(0)


def train(model: Supernet, samples: Problem, seed: int) -> None:
    """By the recipe of the benchmark."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RECIPE.lr)
    count = len(samples.train.targets)
    steps = RECIPE.epochs * -(-count // RECIPE.batch_size)
    done = 0
    for epoch in range(RECIPE.epochs):
        draw = torch.Generator().manual_seed(1_000 * seed + epoch)
        # Batches as in `diffqas.strategies.joint`, which draws an order of held-out samples first.
        torch.randperm(len(samples.validation.targets), generator=draw)
        for batch in torch.randperm(count, generator=draw).split(RECIPE.batch_size):
            progress = done / steps
            optimizer.param_groups[0]["lr"] = RECIPE.lr * schedule_factor("cosine", progress)
            inputs, targets = samples.train.inputs[batch], samples.train.targets[batch]
            if model.variant.apart:
                predictions = model.each(inputs)
            else:
                weights = torch.softmax(model.structure, 0)
                # Without a gradient Adam leaves them where they are: equal.
                if progress < HELD:
                    weights = weights.detach()
                predictions = model.mixed(inputs, weights)
            optimizer.zero_grad(set_to_none=True)
            samples.losses(predictions, targets).sum().backward()
            optimizer.step()
            done += 1


@torch.no_grad()
def orders(model: Supernet, samples: Problem) -> dict[str, Tensor]:
    """What can be said of every circuit in the end, more is better."""
    parts = {"training": samples.train, "held-out": samples.validation}
    alone = {name: samples.losses(model.each(p.inputs), p.targets) for name, p in parts.items()}
    sizes = [len(part.targets) for part in parts.values()]
    pooled = sum(size * loss for size, loss in zip(sizes, alone.values(), strict=True))
    found = {f"loss alone, {name} samples": -loss for name, loss in alone.items()}
    found["loss alone, all samples"] = -torch.as_tensor(pooled) / sum(sizes)
    if not model.variant.apart:
        found["weight"] = torch.softmax(model.structure, 0)
        for name, part in parts.items():
            found[f"rise without it, {name} samples"] = _rise(model, samples, part)
    return found


def _rise(model: Supernet, samples: Problem, part: Part) -> Tensor:
    """Of the mixture's loss without each circuit, the others sharing what is left."""
    weights = torch.softmax(model.structure, 0)
    every = model.each(part.inputs)
    whole = torch.einsum("j,jbo->bo", weights, every)
    own = weights[:, None, None]
    without = (whole - own * every) / (1 - own)
    base = samples.losses(whole.unsqueeze(0), part.targets)
    return samples.losses(without, part.targets) - base


def rows(task: str, seed: int, name: str) -> list[dict[str, object]]:
    """One training, a row for each order."""
    table, samples, variant = benchmark(task), problem(task, seed), VARIANTS[name]
    started = time.process_time()
    torch.manual_seed(seed)
    model = Supernet(variant, samples.outputs, seed)
    train(model, samples, seed)
    spent = round(time.process_time() - started, 2)
    kept = list(table.space.different)
    head = {"task": task, "seed": seed, "variant": name, **asdict(variant), "seconds": spent}
    found: list[dict[str, object]] = []
    for order, scores in orders(model, samples).items():
        values = scores.double().numpy()
        tau = kendall(values[kept], -table.truth[kept])
        regret = float(table.regrets[int(values.argmax())])
        found.append({**head, "order": order, "tau": round(tau, 4), "regret": round(regret, 4)})
    return found


def stored() -> list[dict[str, object]]:
    """The rows that are there."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


def table_text() -> str:
    """Means over the seeds as Markdown: tau, and the regret of the first one."""
    groups: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for row in stored():
        key = str(row["variant"]), str(row["order"])
        cells = groups.setdefault(key, defaultdict(list))
        cells[str(row["task"])].append((float(str(row["tau"])), float(str(row["regret"]))))
    lines = [f"| trained | ordered by | {' | '.join(TASKS)} |", "|---|---|---|---|---|"]
    for variant in VARIANTS:
        for (name, order), cells in groups.items():
            if name == variant:
                shown = [_cell(cells[task]) for task in TASKS]
                lines.append(f"| {name} | {order} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _cell(pairs: list[tuple[float, float]]) -> str:
    if not pairs:
        return ""
    return f"{fmean(tau for tau, _ in pairs):+.2f} ({fmean(regret for _, regret in pairs):.2f})"


def main() -> None:
    """Train what is missing, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("run", "table"), default="run")
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    arguments = parser.parse_args()
    if arguments.what == "table":
        print(table_text())
        return
    torch.set_num_threads(1)
    there = {(row["task"], row["seed"], row["variant"]) for row in stored()}
    for seed in arguments.seeds:
        for task in arguments.tasks:
            for name in VARIANTS:
                if (task, seed, name) in there:
                    continue
                found = rows(task, seed, name)
                with RESULTS.open("a") as file:
                    file.writelines(json.dumps(row) + "\n" for row in found)
                print(task, seed, name, found[0]["seconds"], "s", flush=True)


if __name__ == "__main__":
    main()
