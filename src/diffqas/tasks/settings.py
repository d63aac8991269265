"""How a task is trained: the numbers that a paper states, or that were found to train best."""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.errors import choose, require
from diffqas.quantum_train import Recipe
from diffqas.storage import storable

OPTIMIZERS = ("adam", "rmsprop", "soap", "kalman")

OWNERS = {
    "lr": ("adam", "rmsprop", "soap"),
    "betas": ("adam", "soap"),
    "alpha": ("rmsprop",),
    "noise": ("kalman",),
    "memory": ("kalman",),
}
"""The optimisers that use a setting, where not all of them do."""
SCHEDULES = ("constant", "cosine")
SELECTIONS = ("final", "best")


@storable
@dataclass(frozen=True)
class Settings:
    """Everything about a training that is not the data and not the target.

    Attributes:
        recipe: choices about the model.
        depth: layers of the circuits.
        epochs: passes over the training part.
        batch_size: samples per step.
        optimizer: `"adam"`, `"rmsprop"`, `"soap"` (Adam in the eigenbasis of the gradient's
            covariance) or `"kalman"` (an extended Kalman filter over the trainable numbers, for the
            squared error; of what follows it uses `noise` and `memory` alone).
        lr: base learning rate; the recipe's rates multiply it.
        schedule: `"constant"`, or `"cosine"`: from `lr` to zero over all steps.
        alpha: RMSProp's smoothing constant.
        betas: decay rates of Adam and SOAP.
        eps: added to the denominator by Adam and RMSProp.
        shuffle: a new order of the samples in every epoch, the same for all seeds.
        noise: the Kalman filter's variance of a measurement at the start and at the end, in units
            of the variance of the training targets.
        memory: epochs over which the Kalman filter forgets at the start.
        select: which epoch's numbers a run ends with: the `"final"` one's, or of each seed the
            one's that has the `"best"` loss on held-out training samples.
        validation: share of the training samples that `"best"` and `bilevel` hold out, their last
            ones.
        bilevel: structural weights learn on held-out samples, in turns with all else; if not,
            jointly on the same ones.
        sparsity: strength of what draws the structural weights to few candidates, as in
            `training.sparsity`.
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
    noise: tuple[float, float] = (100.0, 1e-3)
    memory: float = 3.0
    select: str = "final"
    validation: float = 0.2
    bilevel: bool = False
    sparsity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("depth", "epochs", "batch_size"):
            value = getattr(self, name)
            require(isinstance(value, int) and value >= 1, name, "be at least 1", value)
        choose(self.optimizer, OPTIMIZERS, "optimizer")
        choose(self.schedule, SCHEDULES, "schedule")
        choose(self.select, SELECTIONS, "select")
        require(self.lr > 0, "lr", "be positive", self.lr)
        require(min(self.noise) > 0, "noise", "be two positive variances", self.noise)
        require(self.memory > 0, "memory", "be a positive number of epochs", self.memory)
        require(self.sparsity >= 0, "sparsity", "not be negative", self.sparsity)
        strict = self.bilevel or self.sparsity > 0
        rule = "be adam or rmsprop for a bilevel or sparse search"
        require(
            not strict or self.optimizer in ("adam", "rmsprop"), "optimizer", rule, self.optimizer
        )
        require(
            not self.bilevel or self.sparsity == 0,
            "sparsity",
            "be 0 in a bilevel search",
            self.sparsity,
        )

    def steps_per_epoch(self, samples: int) -> int:
        """Batches of one epoch over so many training samples; the last one may be short."""
        return -(-samples // self.batch_size)
