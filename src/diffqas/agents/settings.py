"""The settings of an actor-critic training."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.choices import accept_old_names, check, option, renamed
from diffqas.quantum_train import Recipe
from diffqas.storage import Json, JsonView, storable

ALGORITHMS = ("a2c", "a3c")
OLD_NAMES = {"recipe": "generator"}
"""New names of fields by those of version 0.1.0."""


@storable
@dataclass(frozen=True)
class AgentSettings:
    """The choices for training an agent, apart from the environment and the networks.

    Attributes:
        generator: the choices about what writes the weights.

    All other attributes are options; `diffqas search --help` and docs/options.md say what they do.
    """

    generator: Recipe
    depth: int = option(10, "Layers of the circuits.", least=1)
    episodes: int = option(50_000, "How many episodes each seed has.", least=1)
    most_steps: int | None = option(
        None,
        "A seed ends once its finished episodes have so many steps in all, even if it has fewer "
        "episodes than --episodes. No limit if not given.",
        least=1,
    )
    algorithm: str = option(
        "a2c",
        "a2c: all environments step together, with the seeds in lockstep. a3c: each environment "
        "runs in a process of its own.",
        among=ALGORITHMS,
    )
    workers: int | None = option(
        None, "How many environments each seed has; if not given 16, or 4 for a3c.", least=1
    )
    steps: int = option(5, "Steps of each environment between two updates.", least=1)
    gamma: float = option(
        0.9, "The discount of later rewards.", least=0, most=1, rule="be between 0 and 1"
    )
    lr: float = option(1e-4, "Base learning rate of Adam.", above=0)
    betas: tuple[float, float] = option((0.92, 0.999), "Adam's decay rates.", least=0, below=1)
    eps: float = option(1e-8, "The number that is added to Adam's denominator.", above=0)
    clip: float | None = option(
        None,
        "Largest norm of the gradient of each network's numbers; no limit if not given.",
        above=0,
        rule="be positive or None",
    )
    entropy: float = option(
        0.0, "Weight of the policy's entropy in the objective at the start.", least=0
    )
    decay: int = option(
        50_000,
        "Episodes over which the entropy's weight falls to zero, and the learning rates to "
        "--floor.",
        least=1,
    )
    floor: float = option(1.0, "Learning rates at the end, relative to the start.", least=0)
    centre: bool = option(False, "Subtract the mean of the observations seen so far.")
    shrink: float = option(1.0, "Factor on the observations, after --centre.", above=0)
    bootstrap: bool = option(
        False,
        "Let an episode that is cut at its time limit count with the value of its last state.",
    )

    @property
    def places(self) -> int:
        """How many environments each seed has at a time."""
        usual = 16 if self.algorithm == "a2c" else 4
        return usual if self.workers is None else self.workers

    def __post_init__(self) -> None:
        check(self)

    @staticmethod
    def upgraded(values: JsonView) -> Json:
        """Fields as this version stores them, from what version 0.1.0 stored."""
        return renamed(values, OLD_NAMES)


accept_old_names(AgentSettings, OLD_NAMES)
