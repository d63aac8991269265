"""How agents were tuned: one factor at a time for the search, and the same random settings for
every kind of agent.

Seeds are 100 and up, those of the studies begin at 0; episodes are those of the learning itself,
there is no test part.

    python studies/agents_recipe.py factors    # minigrid-empty-6x6, four seeds, 1,200 episodes each
    python studies/agents_recipe.py tuning     # minigrid-empty-5x5, two seeds, 1,200 episodes each

Every line of `--out` is one setting; one that stands there already is not run again. Ends with the
table as Markdown.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

import agents
from diffqas.agents import AGENT_RECIPES, AgentSettings, SyncTraining, environment_task
from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.storage import encode
from diffqas.studies import populations
from diffqas.studies.measure_agents import make_agents, passed
from diffqas.studies.rows import TrainedRow

FIRST_SEED, EPISODES = 100, 1_200
DEFAULT = replace(AGENT_RECIPES["default"], episodes=EPISODES)
OUT = Path(__file__).parent / "results" / "agents_recipe.jsonl"
CONFIGURATIONS = 6


def model(**changes: object) -> AgentSettings:
    """The default with another choice about the generators."""
    return replace(DEFAULT, generator=replace(DEFAULT.generator, **changes))


FACTORS: dict[str, AgentSettings] = {
    "default": DEFAULT,
    "raw observations": replace(DEFAULT, centre=False, shrink=1.0),
    "centred, not shrunk": replace(DEFAULT, shrink=1.0),
    "2^n p, no cut": model(scale=DimensionScale(None)),
    "2^n p, cut at 32": model(scale=DimensionScale(32.0)),
    "2^n p, cut at 4": model(scale=DimensionScale(4.0)),
    "tanh(2^n p)": model(scale=TanhScale()),
    "p": model(scale=RawScale()),
    "start: none": model(start="none"),
    "bits -1/+1": model(bits="signed"),
    "angles start within 0.01": model(init_std=0.01),
    "softmax": model(relaxation=Softmax()),
    "gumbel": model(relaxation=Gumbel()),
    "structure from 1": model(relaxation=Raw(1.0)),
    "rates 1, 1, 1": model(rates=Rates()),
    "lr 0.001": adjusted(DEFAULT, lr=1e-3),
    "lr 0.01": adjusted(DEFAULT, lr=1e-2),
    "no entropy": replace(DEFAULT, entropy=0.0),
    "entropy 0.05": replace(DEFAULT, entropy=0.05),
    "no clipping": replace(DEFAULT, clip=None),
    "paper recipe by a2c": replace(AGENT_RECIPES["paper"], algorithm="a2c", episodes=EPISODES),
}


def factors() -> Iterator[tuple[str, TrainedRow, str, int]]:
    """(name, row, environment, seeds) of every changed factor."""
    for name, settings in FACTORS.items():
        yield (
            name,
            TrainedRow(name, "search", settings, populations.search),
            "minigrid-empty-6x6",
            4,
        )


def tuning() -> Iterator[tuple[str, TrainedRow, str, int]]:
    """The same random learning rates, entropies and cuts for every kind of agent, the default
    first.
    """
    draw = np.random.default_rng(0)
    drawn = [DEFAULT]
    for _ in range(CONFIGURATIONS - 1):
        lr, entropy = (float(10 ** draw.uniform(*ends)) for ends in ((-3, -2), (-2.3, -1.3)))
        drawn.append(
            adjusted(
                DEFAULT,
                lr=round(lr, 5),
                entropy=round(entropy, 4),
                clip=draw.choice([0.3, 1.0, 3.0]),
            )
        )
    for word in agents.TUNED:
        row = next(row for row in agents.rows(DEFAULT, "default") if row.slug == word)
        assert isinstance(row, TrainedRow)
        for settings in drawn:
            own = replace(
                row.settings, lr=settings.lr, entropy=settings.entropy, clip=settings.clip
            )
            what = f"lr {settings.lr:g}, entropy {settings.entropy:g}, clip {settings.clip:g}"
            yield f"{row.name}: {what}", replace(row, settings=own), "minigrid-empty-5x5", 2


def run(name: str, row: TrainedRow, environment: str, seeds: int) -> dict[str, Any]:
    """Train one setting; figures per seed."""
    task, numbers = environment_task(environment), list(range(FIRST_SEED, FIRST_SEED + seeds))
    started = time.perf_counter()
    training = SyncTraining(make_agents(row, task, numbers), task, row.settings, numbers)
    for _ in training.epochs():
        pass
    training.close()
    rewards = training.log.rewards
    return {
        "setting": name,
        "environment": environment,
        "seeds": numbers,
        "settings": encode(row.settings),
        "passed": [passed(one) for one in rewards],
        "last_500": [round(float(np.mean(one[-500:])), 5) for one in rewards],
        "mean": [round(float(np.mean(one)), 5) for one in rewards],
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description="How agents were tuned.")
    parser.add_argument("part", choices=["factors", "tuning"])
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    lines = chosen.out.read_text().splitlines() if chosen.out.exists() else []
    done = {(line["setting"], line["environment"]): line for line in map(json.loads, lines)}
    jobs = list({"factors": factors, "tuning": tuning}[chosen.part]())
    for name, row, environment, seeds in jobs:
        if (name, environment) in done:
            continue
        line = done[name, environment] = run(name, row, environment, seeds)
        with chosen.out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(
            f"{name:40} {line['passed']}  {line['last_500']}  {line['seconds']:.0f} s", flush=True
        )
    print(
        "\n| setting | 0.9 passed after (episodes) | mean of the last 500 | mean of all "
        "|\n|---|---|---|---|"
    )
    for name, _, environment, _ in jobs:
        line = done[name, environment]
        words = ", ".join(
            "never" if count is None else f"{count:,}"
            for count in sorted(line["passed"], key=_late)
        )
        last, mean = (
            f"{np.median(line[key]):.3f} ({min(line[key]):.3f})" for key in ("last_500", "mean")
        )
        print(f"| {name} | {words} | {last} | {mean} |")


def _late(count: int | None) -> int:
    return 10**9 if count is None else count


if __name__ == "__main__":
    main()
