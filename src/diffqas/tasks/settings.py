"""How a task is trained: the numbers that a paper states, or that were found to train best."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.errors import choose, require
from diffqas.quantum_train import Recipe

OPTIMIZERS = ("adam", "rmsprop")
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Settings:
    """Everything about a training that is not the data and not the target.

    Attributes:
        recipe: choices about the model.
        depth: layers of the circuits.
        epochs: passes over the training part.
        batch_size: samples per step.
        optimizer: `"adam"` or `"rmsprop"`.
        lr: base learning rate; the recipe's rates multiply it.
        schedule: `"constant"`, or `"cosine"`: from `lr` to zero over all steps.
        alpha: RMSProp's smoothing constant.
        betas: Adam's decay rates.
        eps: added to the denominator by both.
        shuffle: a new order of the samples in every epoch.
    """

    recipe: Recipe
    depth: int
    epochs: int
    batch_size: int
    optimizer: str = "adam"
    lr: float = 0.01
    schedule: str = "constant"
    alpha: float = 0.99
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    shuffle: bool = False

    def __post_init__(self) -> None:
        for name in ("depth", "epochs", "batch_size"):
            value = getattr(self, name)
            require(isinstance(value, int) and value >= 1, name, "be at least 1", value)
        choose(self.optimizer, OPTIMIZERS, "optimizer")
        choose(self.schedule, SCHEDULES, "schedule")
        require(self.lr > 0, "lr", "be positive", self.lr)
