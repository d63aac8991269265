"""Quantum-Train: a circuit writes the weights of any classical network."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    SHARINGS,
    CircuitMixture,
    DescribedModule,
    Gumbel,
    Layers,
    ParameterGroup,
    PerLayerCircuit,
    Ranking,
    Relaxation,
    as_relaxation,
    best,
    rank,
    trained,
)
from diffqas.circuits import TABLE_I, AnyCandidate, SearchSpace, as_space
from diffqas.errors import ArgumentError, choose, require, whole
from diffqas.optim import recommended, suits_soap
from diffqas.quantum_train.calibration import calibrated
from diffqas.quantum_train.checkup import Checkup
from diffqas.quantum_train.examination import Batch, examine, own_spread
from diffqas.quantum_train.generator import AnyCircuits, Generator
from diffqas.quantum_train.generator_file import choices_of, load_generator, save_generator
from diffqas.quantum_train.generators import (
    CIRCUITS,
    GENERATORS,
    SUBSPACE,
    VECTORS,
    Sizes,
    check_per_layer,
    check_vector,
    qubits_for,
    subspace_start,
)
from diffqas.quantum_train.layout import find_layout
from diffqas.quantum_train.mapping import Mapping as WeightMapping
from diffqas.quantum_train.mappings import as_mapping
from diffqas.quantum_train.no_circuits import NoCircuits
from diffqas.quantum_train.parameter_report import ParameterReport
from diffqas.quantum_train.recipe import STARTS, Rates, Recipe, as_recipe
from diffqas.quantum_train.scale import Scale, as_scale, checked_scale
from diffqas.quantum_train.skeleton import Skeleton
from diffqas.quantum_train.sound_target import check_in_memory, check_start
from diffqas.quantum_train.target_forward import target_forward
from diffqas.quantum_train.vectors import VECTOR_RATE
from diffqas.simulator import eager

UNMEASURED_LR = 0.01
"""The base rate of `QuantumTrain.optimizer`, if the rates of the groups are multiples of it."""

SOAP_LR, ADAM_LR = 0.12, 0.03
"""The base rates if the groups' rates are measured. SOAP divides a step evenly among directions,
also those in which the loss hardly changes, so it needs longer steps for the same progress.
"""

FEW_STEPS = 800
"""A training of fewer steps has longer steps, at most twice as long."""


def soap_lr(steps: int) -> float:
    """The rate of SOAP for a training of `steps` steps, if the groups' rates are measured.

    It follows from a random walk, whose distance grows as the square root of the steps.

    >>> [round(soap_lr(steps), 3) for steps in (10, 200, 400, 800, 2000)]
    [0.24, 0.24, 0.17, 0.12, 0.12]
    """
    require(whole(steps), "steps", "be a positive integer", steps)
    return SOAP_LR * min(2.0, max(1.0, math.sqrt(FEW_STEPS / steps)))


class QuantumTrain(DescribedModule):
    """A network whose weights are written by a mixture of circuits and a small mapping.

    kappa_i = M_beta(bits of i, s(sum_j w_j p_j(theta)_i)), i < p (arXiv 2505.09653, Eq. 4 and 7).
    A call of the model calls the target with the generated weights. Gradients reach theta, w and
    beta, which are all that `parameters()` shows. The given target is copied and never changed.

    Args:
        target: any module with at least one trainable parameter.
        depth: the layers of the circuits.
        candidates: the search space.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object. None: the recipe's, or
            `Gumbel` with `per_layer` and a recipe that is given by its name.
        sharing: `"shared"` (one theta for all candidates) or `"separate"`.
        mapping: `"linear"` (the paper's), `"mlp"`, `"mps"` or a mapping object such as
            `MLPMapping(hidden=(16,))`.
        chunk: the weights written by each basis state; n = ceil(log2(ceil(p / chunk))) qubits.
        scale: `"raw"`, `"dimension"`, `"tanh"` or a function of (p, n). None: the recipe's.
        start: `"target"`, `"none"`, `"drawn"` or `"own"`, see `Recipe`. None: the recipe's, but
            `"drawn"` for a subspace if the recipe has no start values.
        bits: `"signed"` or `"binary"`. None: the recipe's.
        parameters: names or shell-style patterns of the tensors to write; the others stay as they
            are. None: all that require a gradient.
        order: `"index"`, `"shuffled"` or `"signed"`: which basis state writes which weight, and
            with which sign. None: the recipe's.
        recipe: `"default"`, `"paper"`, `"auto"` or a `Recipe`: the choices not given above.
            `"auto"` is for networks for which no recipe was sought.
        per_layer: whether a candidate is searched for every layer, with depth x candidates
            structural weights. The relaxation is then `Gumbel` or `Softmax` with straight-through
            gradients, and one circuit runs (`PerLayerCircuit`). With the relaxation `Layers` the
            layers are given and not searched.
        generator: `"circuits"`, or one of the classical generators that they are compared with:
            `"hashed"` (a vector whose entries the weights share), `"subspace"` (a vector along
            random directions) and `"uniform"` (the mapping on equal probabilities). What is said
            of circuits above does not count for these.
        numbers: the most numbers to be trained. Circuits get the largest depth for it, in place of
            `depth`, and `"uniform"` the largest chunk. None: `depth` and `chunk` decide; a vector
            then gets as many numbers as such circuits would have, but no more than weights.

    Raises:
        ArgumentError: wrong arguments, or a target with more than 2**26 * chunk weights.

    >>> model = QuantumTrain(nn.Linear(30, 4), depth=2)
    >>> print(model.parameter_report())
    35 trainable numbers write 124 weights (3.5x): 14 angles + 12 structural + 9 mapping, 7 qubits,
    depth 2
    >>> model(torch.zeros(5, 30)).shape
    torch.Size([5, 4])
    >>> print(QuantumTrain(nn.Linear(30, 4), generator="hashed", numbers=35).parameter_report())
    35 trainable numbers write 124 weights (3.5x): a hashed vector, no circuit
    """

    def __init__(
        self,
        target: nn.Module,
        depth: int = 15,
        candidates: SearchSpace | Iterable[AnyCandidate] = TABLE_I,
        relaxation: str | Relaxation | None = None,
        sharing: str = "shared",
        mapping: str | WeightMapping = "linear",
        chunk: int = 1,
        scale: str | Scale | None = None,
        start: str | None = None,
        bits: str | None = None,
        parameters: str | Iterable[str] | None = None,
        order: str | None = None,
        recipe: str | Recipe = "default",
        per_layer: bool = False,
        generator: str = "circuits",
        numbers: int | None = None,
    ) -> None:
        super().__init__()
        choose(generator, GENERATORS, "generator")
        rule = "be a whole number of at least 1, or None"
        require(numbers is None or whole(numbers), "numbers", rule, repr(numbers))
        fits = relaxation is None or generator == CIRCUITS
        require(fits, "relaxation", "go with the generator circuits", generator)
        choices = as_recipe(recipe)
        if start is not None:
            choose(start, STARTS, "start")
        if generator == SUBSPACE:
            start = subspace_start(start, choices.start)
        if start is None:
            start = choices.start
        layout = find_layout(target, parameters)
        qubits_for(layout.size, chunk)  # tells of too many weights, whose numbers may be nowhere
        check_in_memory(target)
        own = choices.relaxation
        if per_layer:
            own = Gumbel() if isinstance(recipe, str) else own
            given = isinstance(own if relaxation is None else relaxation, Layers)
            check_per_layer(generator, sharing, start, given=given)
        usual = Sizes(
            layout.size,
            depth,
            as_space(candidates),
            choose(sharing, SHARINGS, "sharing"),
            per_layer,
            as_mapping(mapping),
            chunk,
        )
        if generator in VECTORS:
            check_vector(generator, usual, scale, bits, order)
            scale, bits, order = "raw", "binary", "index"
        sizes = usual.for_generator(generator, numbers)
        relaxed = as_relaxation(own if relaxation is None else relaxation)
        self.generator = Generator(
            circuits_for(generator, sizes, relaxed, choices.init_std),
            sizes.mapping.make(sizes.n, sizes.chunk, choices.bits if bits is None else bits),
            checked_scale(as_scale(choices.scale if scale is None else scale), sizes.n),
            layout.sizes,
            choices.order if order is None else order,
            start=start,
        )
        named = dict(target.named_parameters(remove_duplicate=False))
        initial = {slot.names[0]: named[slot.names[0]].detach() for slot in layout.slots}
        self.generator.to(next(iter(initial.values())))
        if start != "none":
            check_start(initial)
            self.generator.start_like(list(initial.values()), choices.leverage)
        self.own_spreads = {name: own_spread(tensor) for name, tensor in initial.items()}
        self.rates: Rates = choices.rates
        self.rates_measured = choices.calibrated
        if choices.calibrated:
            self.rates = calibrated(self.generator, choices.rates, choices.leverage)
        elif generator in VECTORS:
            self.rates = replace(self.rates, mapping=VECTOR_RATE * self.rates.mapping)
        self.target = Skeleton(target, layout)

    @property
    def circuits(self) -> CircuitMixture | PerLayerCircuit:
        """The mixture of candidate circuits, or the circuit searched per layer: theta and w.

        Raises:
            ArgumentError: the generator is a classical one, which has none.
        """
        return circuits_of(self.generator)

    @property
    def progress(self) -> float:
        """The share of the training done, 0 to 1.

        The training loop sets it, and annealed relaxations read it.
        """
        return self.generator.circuits.progress

    @progress.setter
    def progress(self, value: float) -> None:
        self.generator.circuits.progress = value

    def state_choices(self) -> Mapping[str, object]:
        """Choices that a `state_dict` tells, and that it is compared by when it is loaded."""
        shapes = tuple(slot.shape for slot in self.target.layout.slots)
        return choices_of(self) | {"written": shapes}

    @target_forward
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the target with the generated weights; the arguments are those of its forward."""
        return self.target.call(self.generate(), args, kwargs)

    def target_signature(self) -> inspect.Signature:
        """The arguments of the target's forward, as `inspect.signature` of `forward` shows them."""
        return self.target.signature()

    @eager
    def generate(self) -> dict[str, Tensor]:
        """The target's named parameters, differentiable; tied tensors stand under each name."""
        return self.target.layout.tensors(self.generator.written())

    @torch.no_grad()
    def export(self) -> nn.Module:
        """A plain copy of the target that has the generated weights as parameters, no circuits."""
        with self.generator.without_noise():
            return self.target.filled(self.generate())

    def save_generator(self, path: str | Path, include_target: bool = False) -> None:
        """Save the trained numbers and choices that write the weights, as one safetensors file.

        The weights themselves are not saved.

        Args:
            path: the file.
            include_target: whether the target's buffers and frozen parameters are saved too. If
                not, `from_generator` needs a target that has the same ones (batch norm's
                statistics, the frozen part of a network that is adapted). Most networks have none.

        Raises:
            ArgumentError: the model has choices that a file cannot hold, such as a function as
                `scale`, or a circuit that is searched layer by layer.
            DataError: the file cannot be written.
        """
        save_generator(self, path, include_target)

    @classmethod
    def from_generator(
        cls, path: str | Path, target: nn.Module, strict: bool = True
    ) -> QuantumTrain:
        """Load the model that `save_generator` saved, around a target of the same structure.

        The target's own weights do not matter. In the same process the generated weights are equal
        bit by bit; on another machine they are equal to round-off. The numbers take the target's
        dtype and device.

        Args:
            path: the file.
            target: a module with the same parameters and buffers as the one with which the
                generator was trained.
            strict: whether a target is refused whose own buffers or frozen parameters have other
                values than those in training. It has no effect if the file holds them.

        Raises:
            ArgumentError: the target has other tensors; the message names the first one.
            DataError: the file is missing or damaged, holds no generator, or comes from another
                version.
        """
        return load_generator(cls, path, target, strict)

    @property
    def structural_weights(self) -> Tensor:
        """Weights of the candidates after the relaxation, (len(candidates),), without noise.

        In a search of every layer they are (depth, len(candidates)), and without circuits (0,).
        """
        # Raw weights are the parameters themselves: a caller gets numbers of its own.
        return self.generator.circuits.weights.detach().clone()

    def ranking(self) -> Ranking:
        """Candidates by what they contribute, best first.

        Candidates with equal probabilities are merged.

        Raises:
            ArgumentError: in a search of every layer, which has one circuit (`circuits.found`), and
                for a classical generator, which has none.
        """
        return rank(self.mixture, self.generator.scale)

    @property
    def mixture(self) -> CircuitMixture:
        """`circuits`, if they are a mixture.

        Raises:
            ArgumentError: as in `ranking`.
        """
        return mixture_of(self.generator)

    def parameter_report(self) -> ParameterReport:
        """Counts of trainable numbers and generated weights."""
        found = self.generator.numbers()
        counts = {kind: sum(one.numel() for one in few) for kind, few in found.items()}
        circuits = self.generator.circuits
        return ParameterReport(
            qubits=self.generator.mapping.n,
            depth=0 if isinstance(circuits, NoCircuits) else circuits.depth,
            circuit=counts.get("angles", 0),
            structure=counts.get("structure", 0),
            mapping=counts["mapping"],
            target=self.target.layout.size,
            generator=self.generator.kind,
        )

    def parameter_groups(self, lr: float) -> list[ParameterGroup]:
        """Groups for `torch.optim`: angles, structure, mapping, each at `lr` times its own rate.

        A classical generator has one group, the mapping; a vector counts as a mapping.
        """
        return parameter_groups(self.generator, self.rates, lr)

    def optimizer(self, steps: int, lr: float | None = None) -> torch.optim.Optimizer:
        """Make the optimiser that suits this model; it is used like any other one of torch.

        It is SOAP (`diffqas.optim.SOAP`) for up to 2,048 trainable numbers and Adam for more, with
        the rates of `parameter_groups`, which fall to zero over `steps` steps by a cosine.

        Args:
            steps: the number of steps that there will be.
            lr: the base rate. In a calibrated recipe it is the share of its spread by which a step
                moves a weight. None: 0.01, or, if the recipe is calibrated, 0.12 for SOAP (up to
                twice as much for fewer than 800 steps) and 0.03 for Adam.

        Raises:
            ArgumentError: `steps` is no positive integer, or all parameters are frozen.
        """
        if lr is None:
            lr = UNMEASURED_LR
            if self.rates_measured:
                lr = soap_lr(steps) if suits_soap(self.parameter_groups(1.0)) else ADAM_LR
        return recommended(self.parameter_groups(lr), steps)

    def check(
        self,
        inputs: Tensor | tuple[Any, ...],
        targets: Any,
        loss: Callable[[Any, Any], Tensor],
        lr: float = 0.01,
        optimizer: Callable[[list[ParameterGroup]], torch.optim.Optimizer] = torch.optim.Adam,
    ) -> Checkup:
        """Look for what will keep the model from learning, before it is trained.

        The start is measured (spread of the written weights, gradients, units that are the same for
        every sample), and a copy makes 20 steps on the batch. The model stays as it is.

        Args:
            inputs: a batch of training samples, or a tuple of the target's arguments.
            targets: what the loss compares the outputs with.
            loss: of outputs and targets, such as `torch.nn.functional.cross_entropy`.
            lr: the learning rate that `parameter_groups` will be given.
            optimizer: makes the optimiser from the groups.

        Returns:
            The measurements. `print` shows them as sentences, with what will not learn and what to
            change. `healthy` tells whether nothing of that kind was found; else `findings` lists
            it.

        Raises:
            ArgumentError: there are fewer than two samples, the loss is not one number or has no
                gradient, the learning rate is no number of at least 0, `optimizer` makes no
                optimiser, or the model is frozen.

        >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
        <...>
        >>> model = QuantumTrain(nn.Linear(30, 4), depth=2, recipe="auto")
        >>> x, y = torch.randn(32, 30), torch.randn(32, 4)
        >>> print(model.check(x, y, nn.functional.mse_loss).verdict)
        Nothing was found that keeps it from learning.
        """
        batch = Batch(inputs, targets, loss)
        rule = "make an optimiser of groups, such as torch.optim.Adam"
        require(callable(optimizer), "optimizer", rule, repr(optimizer))

        def stepper(twin: QuantumTrain) -> Callable[[], object]:
            made = optimizer(twin.parameter_groups(lr))
            proper = isinstance(made, torch.optim.Optimizer)
            require(proper, "optimizer", rule, f"a function that makes {type(made).__name__}")

            def closure() -> float:
                made.zero_grad()
                loss, _ = batch.measure(twin)
                loss.backward()
                return float(loss.detach())

            # With a closure, which LBFGS cannot do without, and all others may be given.
            return lambda: made.step(closure)

        return examine(self, batch, lr, self.rates_measured, stepper)

    @torch.no_grad()
    def discretize(self, k: int = 1) -> QuantumTrain:
        """A new model with the k best candidates of the ranking, ready to evaluate or retrain.

        Angles and mapping are kept. Of candidates with equal probabilities one is kept, with the
        sum of their weights. After a search of every layer, the model has the circuit that was
        found.

        Raises:
            ArgumentError: `k` is out of range (1 in a search of every layer), the contributions are
                not finite, or the generator is a classical one.
        """
        if isinstance(self.circuits, PerLayerCircuit):
            require(k == 1, "k", "be 1 in a search of every layer", k)
            found = copy.deepcopy(self)
            found.generator.circuits = self.circuits.fixed()
            return found
        (groups,) = best([self.ranking()], k)
        found = copy.deepcopy(self)
        found.generator.replace_circuits(lambda mixture: mixture.restricted(groups))
        return found


def circuits_for(
    generator: str, sizes: Sizes, relaxation: Relaxation, init_std: float
) -> AnyCircuits:
    """New circuits with random angles, or `NoCircuits` for a classical generator."""
    space, n, depth = sizes.candidates, sizes.n, sizes.depth
    if generator != CIRCUITS:
        return NoCircuits(n)
    if sizes.per_layer:
        return PerLayerCircuit(space, n, depth, relaxation, init_std)
    return CircuitMixture(space, n, depth, relaxation, sizes.sharing, init_std)


def circuits_of(generator: Generator) -> CircuitMixture | PerLayerCircuit:
    """The circuits of a generator, single or stacked.

    Raises:
        ArgumentError: it has none.
    """
    circuits = generator.circuits
    if isinstance(circuits, NoCircuits):
        raise ArgumentError(
            f"The generator {generator.kind} has no circuits, and nothing is searched: only the "
            "generator circuits has candidates to rank, to keep or to measure."
        )
    return circuits


def mixture_of(generator: Generator) -> CircuitMixture:
    """The mixture of a generator, single or stacked.

    Raises:
        ArgumentError: it searches every layer, or has no circuits.
    """
    circuits = circuits_of(generator)
    if isinstance(circuits, PerLayerCircuit):
        raise ArgumentError(
            "A search of every layer finds one circuit, no mixture: see `circuits.found`."
        )
    return circuits


def parameter_groups(generator: Generator, rates: Rates, lr: float) -> list[ParameterGroup]:
    """Groups for `torch.optim` of a generator, single or stacked, without frozen parameters."""
    relative = {"angles": rates.angles, "structure": rates.structure, "mapping": rates.mapping}
    return trained(generator.numbers(), relative, lr)
