"""How an actor-critic agent is trained."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.errors import choose, require, whole
from diffqas.quantum_train import Recipe
from diffqas.storage import storable

ALGORITHMS = ("a2c", "a3c")


@storable
@dataclass(frozen=True)
class AgentSettings:
    """Everything about the training of an agent that is neither the environment nor its networks.

    Attributes:
        recipe: choices about the generators.
        depth: layers of the circuits.
        episodes: of each seed.
        algorithm: `"a2c"`: all environments step together; `"a3c"`: each in a process of its own.
        workers: environments; None: 16, or 4 for a3c, whose processes disturb each other where they
            share a core.
        steps: of each environment between two updates.
        gamma: discount.
        lr: base learning rate of Adam; the recipe's rates multiply it.
        betas: Adam's.
        eps: Adam's.
        clip: largest norm of the gradient of each network's numbers; None: any.
        entropy: weight of the policy's entropy in the objective, at the start.
        decay: episodes over which the entropy's weight falls to zero, linearly, and the learning
            rates to `floor`.
        floor: learning rates at the end, relative to the start.
        centre: subtract the mean of the observations seen so far.
        shrink: factor on the observations after that.
        bootstrap: an episode that is cut at its time limit counts with the value of its last state.
    """

    recipe: Recipe
    depth: int = 10
    episodes: int = 50_000
    algorithm: str = "a2c"
    workers: int | None = None
    steps: int = 5
    gamma: float = 0.9
    lr: float = 1e-4
    betas: tuple[float, float] = (0.92, 0.999)
    eps: float = 1e-8
    clip: float | None = None
    entropy: float = 0.0
    decay: int = 50_000
    floor: float = 1.0
    centre: bool = False
    shrink: float = 1.0
    bootstrap: bool = False

    @property
    def places(self) -> int:
        """How many environments of a seed there are at a time."""
        usual = 16 if self.algorithm == "a2c" else 4
        return usual if self.workers is None else self.workers

    def __post_init__(self) -> None:
        for name in ("depth", "episodes", "workers", "steps", "decay"):
            value = self.places if name == "workers" else getattr(self, name)
            require(whole(value), name, "be at least 1", value)
        choose(self.algorithm, ALGORITHMS, "algorithm")
        require(0 <= self.gamma <= 1, "gamma", "be between 0 and 1", self.gamma)
        require(self.lr > 0, "lr", "be positive", self.lr)
        require(self.clip is None or self.clip > 0, "clip", "be positive or None", self.clip)
