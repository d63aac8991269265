"""The rows of `diffqas study figures-13-14` and `study rooms`: agents written by circuits, and what
to compare with.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from diffqas.agents import AGENT_RECIPES, AgentSettings, random_policy
from diffqas.architecture import as_relaxation
from diffqas.circuits import CONSTANTS, TABLE_I, form
from diffqas.studies import REWARD, NamedRow, ReferenceRow, Row, Study, TrainedRow, populations

FIGURES = ("minigrid-empty-5x5", "minigrid-empty-6x6")
"""The environments of the paper's Figures 13 and 14."""

ROOMS = (
    "minigrid-empty-8x8",
    "minigrid-empty-random-5x5",
    "minigrid-doorkey-5x5",
    "minigrid-lavagap-s5",
    "minigrid-fourrooms",
    "cartpole",
)
"""Harder ones."""

SHORT = 5_000
"""Episodes in the figures of all rows but the search and the direct networks."""
FEW = 3
"""Seeds of the rows without a trained circuit, and of those whose circuit is drawn by lot.

They pass a mean reward of 0.9 late or never, so that their episodes are long.
"""
ROOM_EPISODES = 5_000
"""Episodes of every row in the harder rooms."""
ROOM_SEEDS = 3
"""Seeds there: ten would take eight hours of one core, most of them where nobody learns."""

TUNED = (
    "search-raw",
    "hashed-vector",
    "direct-networks",
    "frozen-circuit",
    "candidate-8",
    "candidates-1-3-4-6-uniform",
)
"""Rows for which the same random settings were tried (studies/agents_recipe.py)."""

CHOSEN: dict[str, dict[str, float]] = {
    "hashed vector": {"lr": 0.00818, "entropy": 0.0203, "clip": 3.0},
    "direct networks": {"lr": 0.00654, "entropy": 0.005, "clip": 1.0},
    "frozen circuit": {"lr": 0.00818, "entropy": 0.0203, "clip": 3.0},
    "candidate": {"lr": 0.00654, "entropy": 0.005, "clip": 1.0},
    "constant": {"lr": 0.00654, "entropy": 0.005, "clip": 1.0},
}
"""The best of the six for every kind of row but the search, which has the default recipe, one of
them: by the mean reward of 1,200 episodes of minigrid-empty-5x5 with two seeds. Under the paper
recipe everything learns as it says.
"""

HASHED_RATE = 10.0
"""Rate of the hashed vector's numbers relative to the base rate: they are that much larger than
weights.
"""


def rows(settings: AgentSettings, recipe: str) -> list[Row]:
    """All rows of the figures: the search and the networks trained directly at full length, the
    others shorter.
    """
    # The paper's a3c trains one seed after the other, and never twice alike: its settings by a2c.
    settings = replace(settings, algorithm="a2c")
    few = replace(settings, episodes=min(settings.episodes, SHORT))
    return [
        _search(settings),
        *_relaxations(few),
        *_candidates(few),
        *_controls(few),
        _direct(settings),
        *references(),
    ]


def room_rows(settings: AgentSettings, recipe: str) -> list[Row]:
    """What is compared in the harder rooms: as many numbers by circuits and without, and all
    weights.
    """
    chosen = replace(settings, episodes=min(settings.episodes, ROOM_EPISODES))
    trained = (_search(chosen), _hashed(chosen), _ordinary(chosen), _direct(chosen))
    return [*(replace(row, seeds=ROOM_SEEDS) for row in trained), *references()]


def _search(settings: AgentSettings) -> TrainedRow:
    return TrainedRow("search raw", "search", settings, populations.search)


def _relaxations(settings: AgentSettings) -> list[Row]:
    rows = []
    for name in ("softmax", "gumbel"):
        changed = replace(
            settings, generator=replace(settings.generator, relaxation=as_relaxation(name))
        )
        rows.append(TrainedRow(f"search {name}", "search", changed, populations.search))
    return rows


def _candidates(settings: AgentSettings) -> list[Row]:
    """The live candidates, each at weight 1, and one row for each of the two constants that the
    others are.
    """
    kinds: dict[str, list[int]] = {}
    for number, candidate in enumerate(TABLE_I, 1):
        kind = form(candidate)
        kinds.setdefault(kind if kind in CONSTANTS else f"{number}", []).append(number)
    rows: list[Row] = []
    for kind, numbers in kinds.items():
        candidate = TABLE_I[numbers[0] - 1]
        live = kind not in CONSTANTS
        name = (
            f"candidate {numbers[0]}"
            if live
            else f"candidates {', '.join(map(str, numbers))} ({kind})"
        )
        populate = partial(populations.fixed, candidate=candidate)
        chosen = _tuned(settings, "candidate" if live else "constant")
        circuit = candidate.name if live else None
        rows.append(
            TrainedRow(
                name,
                "candidate",
                chosen,
                populate,
                circuit=circuit,
                work=0.8,
                seeds=None if live else FEW,
            )
        )
    return rows


def _controls(settings: AgentSettings) -> list[Row]:
    return [
        TrainedRow(
            "random candidate", "control", settings, populations.random_candidate, seeds=FEW
        ),
        _hashed(settings),
        _ordinary(settings),
        TrainedRow(
            "frozen circuit",
            "control",
            _tuned(settings, "frozen circuit"),
            populations.frozen,
            work=0.9,
            seeds=FEW,
        ),
    ]


def _hashed(settings: AgentSettings) -> TrainedRow:
    populate = partial(populations.hashed, rate=HASHED_RATE)
    return TrainedRow(
        "hashed vector", "control", _tuned(settings, "hashed vector"), populate, work=0.5
    )


def _ordinary(settings: AgentSettings) -> TrainedRow:
    """Small networks by themselves, by the settings that were chosen for large ones."""
    return TrainedRow(
        "ordinary small network",
        "control",
        _tuned(settings, "direct networks"),
        populations.direct,
        agents=populations.ordinary_agents,
        has_target=False,
        work=0.4,
    )


def _direct(settings: AgentSettings) -> TrainedRow:
    return TrainedRow(
        "direct networks",
        "control",
        _tuned(settings, "direct networks"),
        populations.direct,
        work=0.5,
    )


def _tuned(settings: AgentSettings, kind: str) -> AgentSettings:
    """Settings of a kind of row, if they are those of the default recipe: what was chosen belongs
    to it.
    """
    return replace(settings, **CHOSEN[kind]) if settings.centre else settings


def references() -> list[Row]:
    """What needs no training."""
    return [ReferenceRow("random policy", random_policy, trainable=0)]


NAMED = (
    NamedRow("uniform distribution", "uniform"),
    NamedRow("directly trained networks", "direct networks"),
)

FIGURES_13_14 = Study(rows, FIGURES, REWARD, lambda: AGENT_RECIPES, named=NAMED)
IN_ROOMS = Study(room_rows, ROOMS, REWARD, lambda: AGENT_RECIPES, named=NAMED)
