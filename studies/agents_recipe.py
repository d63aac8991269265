"""How agents were tuned: one factor at a time for the search, and the same random settings for
every kind of agent.

The seeds begin at 100, while those of the tables begin at 0. The episodes are those of the training
itself, because there is no test part. `AGENTS_FACTORS` has four seeds in minigrid-empty-6x6, and
`AGENTS_TUNING` has two in minigrid-empty-5x5; both have 1,200 episodes per seed.

    diffqas study studies/agents_recipe.py:AGENTS_FACTORS
    diffqas study studies/agents_recipe.py:AGENTS_TUNING
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import agents
from diffqas.agents import AGENT_RECIPES, WINDOW, AgentSettings
from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.choices import adjusted
from diffqas.quantum_train import DimensionScale, Rates, RawScale, TanhScale
from diffqas.reports import Terminal
from diffqas.studies import Cell, Row, Study, TrainedRow, metric_of, populations
from one_factor import FIRST_SEED, TABLE, Changes, write_lines

EPISODES = 1_200
DEFAULT = replace(AGENT_RECIPES["default"], episodes=EPISODES)
CONFIGURATIONS = 6

MEAN_REWARD = metric_of("mean_reward", higher=True)
"""Of all episodes: how soon an agent learns counts as much as how well."""

CHANGES: Changes = {
    "default": {},
    "raw observations": {"centre": False, "shrink": 1.0},
    "centred, not shrunk": {"shrink": 1.0},
    "2^n p, no cut": {"scale": DimensionScale(None)},
    "2^n p, cut at 32": {"scale": DimensionScale(32.0)},
    "2^n p, cut at 4": {"scale": DimensionScale(4.0)},
    "tanh(2^n p)": {"scale": TanhScale()},
    "p": {"scale": RawScale()},
    "start: none": {"start": "none"},
    "bits -1/+1": {"bits": "signed"},
    "angles start within 0.01": {"spread": 0.01},
    "softmax": {"relaxation": Softmax()},
    "gumbel": {"relaxation": Gumbel()},
    "structure from 1": {"relaxation": Raw(1.0)},
    "rates 1, 1, 1": {"rates": Rates()},
    "lr 0.001": {"lr": 1e-3},
    "lr 0.01": {"lr": 1e-2},
    "no entropy": {"entropy": 0.0},
    "entropy 0.05": {"entropy": 0.05},
    "no clipping": {"clip": None},
}


def factors(default: AgentSettings) -> Iterator[TrainedRow]:
    """The search with every changed factor."""
    for name, options in CHANGES.items():
        yield TrainedRow(name, "search", adjusted(default, **options), populations.search)
    paper = replace(
        AGENT_RECIPES["paper"], algorithm="a2c", episodes=default.episodes, depth=default.depth
    )
    yield TrainedRow("paper recipe by a2c", "search", paper, populations.search)


def drawn(default: AgentSettings) -> list[AgentSettings]:
    """Random learning rates, entropies and cuts of the gradients, the default first."""
    draw = np.random.default_rng(0)
    settings = [default]
    for _ in range(CONFIGURATIONS - 1):
        # Both are drawn evenly in the logarithm: orders of magnitude are what is not known.
        lr = float(10 ** draw.uniform(-3, -2))
        entropy = float(10 ** draw.uniform(-2.3, -1.3))
        clip = float(draw.choice([0.3, 1.0, 3.0]))
        options = {"lr": round(lr, 5), "entropy": round(entropy, 4), "clip": clip}
        settings.append(adjusted(default, **options))
    return settings


def tuning(default: AgentSettings) -> Iterator[TrainedRow]:
    """The same drawn settings for every kind of agent."""
    kinds = {row.slug: row for row in agents.rows(default, "default")}
    for word in agents.TUNED:
        row = kinds[word]
        assert isinstance(row, TrainedRow)
        for settings in drawn(default):
            own = replace(
                row.settings, lr=settings.lr, entropy=settings.entropy, clip=settings.clip
            )
            what = f"lr {settings.lr:g}, entropy {settings.entropy:g}, clip {settings.clip:g}"
            yield replace(row, name=f"{row.name}: {what}", settings=own)


def study(
    rows: Callable[[AgentSettings], Iterator[TrainedRow]], environment: str, seeds: int
) -> Study:
    """A study of these rows in an environment."""

    def limited(default: AgentSettings, recipe: str) -> list[Row]:
        return [replace(row, seeds=seeds, last=WINDOW) for row in rows(default)]

    return Study(
        limited,
        (environment,),
        MEAN_REWARD,
        recipes=lambda: {"default": DEFAULT},
        more=write_table,
        first_seed=FIRST_SEED,
    )


def write_table(folder: Path, cells: Sequence[Cell], console: Terminal) -> None:
    """Write the table of all finished cells, and print it."""
    write_lines(folder / TABLE, table(cells), console)


def table(cells: Sequence[Cell]) -> Iterator[str]:
    """When every seed learned, and the median (lowest) of its means, as lines of Markdown."""
    yield (f"| setting | 0.9 passed after (episodes) | mean of the last {WINDOW} | mean of all |")
    yield "|---|---|---|---|"
    for cell in cells:
        if cell.agents is not None and len(cell.finished) == len(cell.seeds):
            passed = [_episodes(count) for count in sorted(cell.agents.passed, key=_late)]
            last = _middle(cell.agents.mean_reward)
            mean = _middle(cell.figures[MEAN_REWARD.test])
            yield f"| {cell.row} | {', '.join(passed)} | {last} | {mean} |"


def _middle(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.median(known):.3f} ({min(known):.3f})"


def _late(count: int | None) -> float:
    return np.inf if count is None else count


def _episodes(count: int | None) -> str:
    return "never" if count is None else f"{count:,}"


AGENTS_FACTORS = study(factors, "minigrid-empty-6x6", seeds=4)
AGENTS_TUNING = study(tuning, "minigrid-empty-5x5", seeds=2)
