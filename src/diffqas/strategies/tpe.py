"""The tree-structured Parzen estimator of Optuna, gene by gene (extra `tune`)."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

from diffqas.errors import DiffqasError
from diffqas.strategies.by_lot import unseen
from diffqas.strategies.ledger import Trial
from diffqas.strategies.searcher import Ground, Searcher

STARTS = 10
"""Architectures by lot before the estimator decides."""
ATTEMPTS = 20
"""Proposals that may repeat what was trained, before one is drawn by lot."""


class TPE(Searcher):
    """The searcher by `optuna.samplers.TPESampler`, with one categorical choice for each gene.

    Raises:
        DiffqasError: Optuna is not installed.
    """

    name: ClassVar[str] = "tpe"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        try:
            optuna: Any = importlib.import_module("optuna")
        except ImportError:
            remedy = "run `pip install 'diffqas[tune]'`"
            raise DiffqasError(f"The strategy tpe needs Optuna: {remedy}.") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        seed = int(ground.draw.integers(2**31))
        sampler = optuna.samplers.TPESampler(n_startup_trials=STARTS, seed=seed)
        self._study = optuna.create_study(sampler=sampler)
        choices = optuna.distributions.CategoricalDistribution
        self._genes = {
            gene.name: choices(list(range(len(gene.values)))) for gene in ground.space.genes
        }
        self._create = optuna.trial.create_trial
        self._asked: Any = None
        self._seen: dict[int, float] = {}

    def ask(self) -> Trial | None:
        """What the estimator proposes, among architectures that were not trained yet."""
        if len(self._seen) == self.ground.space.size:
            return None
        for _ in range(ATTEMPTS):
            self._asked = self._study.ask(self._genes)
            values = [self._asked.params[gene.name] for gene in self.ground.space.genes]
            number = self.ground.space.number(values)
            if number not in self._seen:
                return self.whole(number)
            # What is known costs nothing and is told again, so that the estimator moves on.
            self._study.tell(self._asked, self._seen[number])
        self._asked = None
        return self.whole(unseen(self.ground.space, self._seen, self.ground.draw))

    def tell(self, trial: Trial, loss: float) -> None:
        """Tell the estimator."""
        self._seen[trial.architecture] = loss
        if self._asked is not None:
            self._study.tell(self._asked, loss)
        elif trial.architecture in self.ground.starts:
            self._add(trial.architecture, loss)

    def _add(self, architecture: int, loss: float) -> None:
        """Tell the estimator of a training that it did not ask for."""
        values = self.ground.space.values(architecture)
        names = [gene.name for gene in self.ground.space.genes]
        made = self._create(
            params=dict(zip(names, values, strict=True)), distributions=self._genes, value=loss
        )
        self._study.add_trial(made)
