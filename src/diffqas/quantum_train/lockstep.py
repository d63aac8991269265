"""Several models of one kind as one: every parameter has a leading dimension, the seeds."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    CircuitMixture,
    ParameterGroup,
    PerLayerCircuit,
    Ranking,
    RunCircuits,
    forked_draws,
    fresh_numbers,
    generators,
    live,
    noise_like,
    rank_each,
    seed_draws,
    shot_generators,
)
from diffqas.errors import require
from diffqas.quantum_train.generator import Generator
from diffqas.quantum_train.model import QuantumTrain, circuits_of, mixture_of, parameter_groups
from diffqas.quantum_train.no_circuits import NoCircuits
from diffqas.quantum_train.skeleton import Skeleton

_functorch = importlib.import_module("torch._C._functorch")  # without a description of its types


@contextmanager
def seeds_as_one() -> Iterator[None]:
    """A context in which targets run under vmap; what cannot run there raises a RuntimeError."""
    fast = torch.backends.mha.get_fastpath_enabled()
    # The fast path of attention would be taken, and it has no derivative.
    torch.backends.mha.set_fastpath_enabled(False)
    # An operation without a rule of its own runs seed by seed: no news for who trains.
    _functorch._set_vmap_fallback_warning_enabled(False)
    try:
        # An activation checkpoint is computed anew in the backward pass, when vmap has ended.
        with torch.autograd.graph.disable_saved_tensors_hooks("no checkpoints under vmap"):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        _functorch._set_vmap_fallback_warning_enabled(True)


class Lockstep(nn.Module):
    """Train several `QuantumTrain` models together: one pass of the simulator, one optimiser.

    The sum of the seeds' losses gives each seed its own gradient, and RMSProp and Adam act element
    by element, so the seeds stay independent of each other.

    A target without buffers and frozen parameters runs under `torch.func.vmap`. Any other target
    runs seed by seed, and so does one that vmap cannot run (torch's recurrent layers, dropout).

    Args:
        models: models that differ in their numbers only.

    Raises:
        ArgumentError: there are no models, or they differ in more than their numbers.

    >>> models = [QuantumTrain(nn.Linear(3, 2), depth=2) for _ in range(4)]
    >>> Lockstep(models)(torch.zeros(7, 3)).shape
    torch.Size([4, 7, 2])
    """

    def __init__(self, models: Sequence[QuantumTrain]) -> None:
        super().__init__()
        require(len(models) >= 1, "models", "hold at least one QuantumTrain", "an empty list")
        strangers = [type(one).__name__ for one in models if not isinstance(one, QuantumTrain)]
        require(not strangers, "models", "be of QuantumTrain", ", ".join(strangers))
        first = models[0]
        self.rates = first.rates
        self.generator = _stacked(first.generator, len(models))
        states = [model.generator.state_dict() for model in models]
        kinds = {
            tuple((key, tuple(tensor.shape)) for key, tensor in state.items()) for state in states
        }
        got = f"{len(kinds)} kinds of shapes"
        require(len(kinds) == 1, "models", "differ in their numbers only", got)
        together = {key: torch.stack([state[key] for state in states]) for key in states[0]}
        self.generator.load_state_dict(together)
        for name, parameter in first.generator.named_parameters():
            self.generator.get_parameter(name).requires_grad_(parameter.requires_grad)
        self.targets = nn.ModuleList(copy.deepcopy(model.target) for model in models)
        own = [*first.target.parameters(), *first.target.buffers()]
        self.vectorised = not own and not _sends_sparse_gradients(first.target)
        # In a list, as its numbers are not its own, but those of the one generator.
        self._pair: list[Generator] = []
        # Seeds, steps done, and calls since then: what a target's own draws depend on.
        self._seeds: Sequence[int] = ()
        self._step = self._calls = 0

    def __len__(self) -> int:
        return len(self.targets)

    def compute_alone_as_together(self) -> None:
        """Compute a single seed as two equal seeds from now on.

        Several seeds are computed by the matrix products of a batch, whatever their number. For a
        single seed torch uses other kernels, whose rounding differs.
        """
        if len(self) == 1 and not self._pair:
            self._pair.append(_stacked(self.generator, 2))

    def target_buffers(self) -> list[str]:
        """Names of the target networks' buffers, one network after the other."""
        return [name for target in self.targets for name, _ in target.named_buffers()]

    @property
    def circuits(self) -> CircuitMixture | PerLayerCircuit:
        """The stacked circuits: theta and w of all seeds.

        Raises:
            ArgumentError: the generators are classical ones, which have none.
        """
        return circuits_of(self.generator)

    @property
    def structural_weights(self) -> Tensor:
        """Weights of the candidates after the relaxation, (seeds, candidates), without noise.

        In a search of every layer (seeds, depth * candidates), layer by layer; of classical
        generators, and where layers are given, (seeds, 0).
        """
        if isinstance(self.generator.circuits, PerLayerCircuit) and self.generator.circuits.given:
            return self.generator.gain.new_empty(len(self), 0)
        return self.generator.circuits.weights.detach().flatten(1).clone()

    @property
    def run_circuits(self) -> RunCircuits:
        """The candidates of the mixture; constants are known without a circuit.

        Raises:
            ArgumentError: a search of every layer, or generators without circuits.
        """
        mixture = mixture_of(self.generator)
        space = mixture.candidates
        return RunCircuits(space, mixture.n, mixture.depth, 1, tuple(live(space)))

    @property
    def mixture_weights(self) -> Tensor:
        """Weights of the candidates without noise, differentiable, (seeds, candidates)."""
        return mixture_of(self.generator).weights

    def rankings(self) -> list[Ranking]:
        """The ranking of each seed, as `QuantumTrain.ranking`."""
        return rank_each(mixture_of(self.generator), self.generator.scale)

    def advance(self, progress: float, step: int, seeds: Sequence[int]) -> None:
        """Tell the relaxation and finite shots how far training has come."""
        self._seeds, self._step, self._calls = tuple(seeds), step, 0
        _advance(self.generator, progress, step, seeds)
        for pair in self._pair:
            _advance(pair, progress, step, [*seeds, *seeds])

    @property
    def new_in_each_step(self) -> str | None:
        """What `advance` makes on the host for the next step: noise, and draws of finite shots."""
        circuits = self.generator.circuits
        if isinstance(circuits, NoCircuits):
            return None
        if circuits.shots is not None:
            return "finite shots are drawn on the host"
        return fresh_numbers(circuits.relaxation)

    def forward(self, *args: Any) -> Tensor:
        """Outputs of every seed's target on the same inputs, (seeds, ...)."""
        return self.call(self.generate(), *args)

    def generate(self) -> dict[str, Tensor]:
        """The targets' named parameters, differentiable, each (seeds, ...)."""
        first = cast("Skeleton", self.targets[0])
        return first.layout.tensors(self._written())

    def _written(self) -> Tensor:
        """The weights of every seed, flat."""
        if not self._pair:
            return self.generator()
        pair = self._pair[0].train(self.training)
        state = self.generator.tensors_of_copies()
        twice = {name: torch.cat([tensor, tensor]) for name, tensor in state.items()}
        return torch.func.functional_call(pair, twice, ())[:1]

    def call(self, tensors: dict[str, Tensor], *args: Any, own: bool = False) -> Tensor:
        """Outputs of every seed's target with given weights, (seeds, ...).

        Args:
            tensors: what `generate` gave.
            args: inputs, the same for every seed; with `own`, tensors (seeds, ...) of each seed's
                inputs.
            own: whether every seed has inputs of its own.
        """
        found = None
        if self.vectorised and len(self) > 1:
            found = self._at_once(tensors, args, own)
        elif self.vectorised and self._pair:
            found = self._at_once(*_twice(tensors, args, own), own)
        if found is None:
            return self._one_by_one(tensors, args, own)
        return found[: len(self)]

    def _at_once(
        self, tensors: dict[str, Tensor], args: Sequence[Tensor], own: bool
    ) -> Tensor | None:
        """As `call` under vmap; None of targets that cannot run there."""
        first = cast("Skeleton", self.targets[0])
        inputs = (0 if own else None,) * len(args)
        every = torch.func.vmap(lambda one, *few: first.call(one, few, {}), (0, *inputs))
        try:
            with seeds_as_one():
                return every(tensors, *args)
        except RuntimeError:
            self.vectorised = False
            return None

    def _one_by_one(self, tensors: dict[str, Tensor], args: Sequence[Tensor], own: bool) -> Tensor:
        """As `call`, one seed after the other."""
        outputs = []
        self._calls += 1
        for seed, target in enumerate(cast("list[Skeleton]", list(self.targets))):
            if self._seeds:
                # A seed draws the same in any company.
                seed_draws(self._seeds[seed], self._step, self._calls)
            one = {name: tensor[seed] for name, tensor in tensors.items()}
            few = tuple(arg[seed] for arg in args) if own else tuple(args)
            outputs.append(target.call(one, few, {}))
        return torch.stack(outputs)

    @torch.no_grad()
    def together(self, *args: Any) -> bool:
        """Whether the targets run together on such inputs, and not seed by seed.

        Both give the same training.

        >>> models = [QuantumTrain(nn.Linear(3, 2), depth=2) for _ in range(2)]
        >>> Lockstep(models).together(torch.zeros(7, 3))
        True
        """
        if self.vectorised and len(self) > 1:
            with forked_draws():
                self(*args)
        return self.vectorised

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure and mapping of all seeds."""
        return parameter_groups(self.generator, self.rates, lr)

    @torch.no_grad()
    def write_back(self, models: Sequence[QuantumTrain]) -> None:
        """Copy each seed's numbers, buffers included, into the models given, one per seed."""
        state = self.generator.state_dict()
        for seed, model in enumerate(models):
            model.generator.load_state_dict({key: tensor[seed] for key, tensor in state.items()})
            model.progress = self.generator.circuits.progress
            model.target.load_state_dict(self.targets[seed].state_dict())


def _stacked(one: Generator, count: int) -> Generator:
    """A generator like one for several seeds, whose numbers are still to be set."""
    with torch.random.fork_rng(devices=[]):  # every number is overwritten
        return one.stacked((count,))


def _advance(generator: Generator, progress: float, step: int, seeds: Sequence[int]) -> None:
    """Tell a generator's relaxation and finite shots how far training has come."""
    circuits = generator.circuits
    circuits.progress = progress
    if isinstance(circuits, NoCircuits):
        return
    if circuits.shots is not None:
        mixture_of(generator).draws = shot_generators(seeds, step)
    if circuits.relaxation.stochastic:
        circuits.noise = noise_like(circuits.structure, generators(seeds, step))


def _twice(
    tensors: dict[str, Tensor], args: Sequence[Tensor], own: bool
) -> tuple[dict[str, Tensor], Sequence[Tensor]]:
    """Two seeds that are the same one: its weights, and its own inputs, if it has any."""
    weights = {name: torch.cat([tensor, tensor]) for name, tensor in tensors.items()}
    return weights, [torch.cat([arg, arg]) for arg in args] if own else args


def _sends_sparse_gradients(target: nn.Module) -> bool:
    """Whether it has embeddings whose gradients vmap would have to reshape, which torch cannot."""
    embeddings = (nn.Embedding, nn.EmbeddingBag)
    return any(isinstance(module, embeddings) and module.sparse for module in target.modules())
