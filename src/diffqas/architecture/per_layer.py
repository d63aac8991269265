"""A search of every layer by itself: one candidate is drawn per layer, and its weights are learned.

A weighted sum of layers' outputs is no mixture of circuits, and no hardware could run it. So the
forward pass always runs one circuit. Each layer's candidate is drawn with its probability
(Gumbel-max), and the gradient is that of the noisy softmax from which it was drawn
(straight-through Gumbel-softmax; Jang et al. 2017, arXiv 1611.01144):

    backward: d loss / d a_lk = Re <d loss / d psi_l, L_lk psi_(l-1)>,  a = softmax((structure +
    noise) / temperature)

Here L_lk is the layer of candidate k. In evaluation every layer is the most probable one. With
`Softmax` in place of `Gumbel` there is no noise in training either: the most probable circuit
always runs, and the gradients of the other candidates decide when another one becomes the most
probable.

In a layer, a candidate stands for its entangler and its rotations. The candidate of the first layer
also decides whether the circuit begins with Hadamards. From the second layer on, the twelve
candidates of Table I are therefore six different layers, and probabilities of equal layers add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from diffqas.architecture.angles import angle_shape
from diffqas.architecture.relaxation import Gumbel, Relaxation, step_noise
from diffqas.circuits import AnyCandidate, Candidate, SearchSpace, check_no_data
from diffqas.errors import ArgumentError, require
from diffqas.simulator import MAX_QUBITS, eager, layered_probabilities
from diffqas.storage import storable

MAX_PER_LAYER_QUBITS = 14
"""The most qubits where layers are searched. At 14 qubits a step in single precision stores 1.5 MB
per layer and seed (Table I), and time grows as memory does.
"""

START = 1e-3
"""The spread of the structural parameters at the start: all circuits are nearly equally probable,
and the most probable one is random.
"""


@storable
@dataclass(frozen=True)
class Layers(Gumbel):
    """A relaxation for given layers, which are not searched.

    Attributes:
        layers: the index of the candidate of each layer.

    >>> Layers(layers=(1, 0)).initial(2).tolist()
    [[0.0, 20.0], [20.0, 0.0]]
    """

    layers: tuple[int, ...] = ()

    def initial(self, count: int) -> Tensor:
        """Structural parameters at the start, (depth, count)."""
        return 20.0 * one_hot(torch.tensor(self.layers), count).float()


class PerLayerCircuit(nn.Module):
    """p(theta) of one circuit with a searched candidate in every layer.

    It can be used in the place of a `CircuitMixture`.

    Args:
        candidates: the search space.
        n: the number of qubits, at most 14 if layers are searched.
        depth: the number of layers.
        relaxation: with a `Gumbel` layers are drawn in training, with a `Softmax` the most probable
            ones run. With `Layers` they are given, and only the angles are trained.
        spread: the standard deviation of the angles at the start, in radians.
        lead: the leading dimensions, one entry per independent copy.

    Raises:
        ArgumentError: a wrong argument.
    """

    sharing = "shared"
    shots = None
    """Always None, as the probabilities are exact."""

    def __init__(
        self,
        candidates: SearchSpace,
        n: int,
        depth: int,
        relaxation: Relaxation,
        spread: float = 1.0,
        lead: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        require(isinstance(depth, int) and depth >= 1, "depth", "be at least 1", depth)
        given = isinstance(relaxation, Layers)
        limit = (
            f"be at most {MAX_PER_LAYER_QUBITS} qubits in a search of every layer (raise `chunk`)"
        )
        # Of layers that are given one circuit is computed, and none of its states is stored.
        most = MAX_QUBITS if given else MAX_PER_LAYER_QUBITS
        require(1 <= n <= most, "n", f"be at most {most} qubits" if given else limit, n)
        rule = "be gumbel or softmax in a search of every layer: one circuit runs, no sum"
        require(relaxation.name != "raw", "relaxation", rule, relaxation.name)
        for candidate in candidates:
            as_layer(candidate)  # refuses what has no layers of its own
            check_no_data([candidate])
            candidate.cnots(n)  # tells of an entangler that does not fit n qubits
        self.candidates, self.n, self.depth = candidates, n, depth
        self.relaxation, self.spread = relaxation, spread
        shape = (*lead, *angle_shape(candidates, depth, n))
        self.angles = nn.Parameter(spread * torch.randn(shape))
        start = relaxation.initial(len(candidates)).expand(*lead, depth, -1)
        # Layers that are given draw nothing: those of one candidate start as that candidate does.
        noise = torch.zeros_like(start) if given else START * torch.randn(start.shape)
        self.structure = nn.Parameter(start + noise, requires_grad=not given)
        self.progress = 0.0
        """As of `CircuitMixture`; so is `noise`."""
        self.noise: Tensor | None = None

    @property
    def given(self) -> bool:
        """Whether the layers are given and not searched."""
        return isinstance(self.relaxation, Layers)

    @property
    def weights(self) -> Tensor:
        """Noiseless probability of every candidate in every layer, (*lead, depth, candidates)."""
        return self.relaxation.weights(self.structure, self.progress)

    @property
    def choice(self) -> Tensor:
        """The index of the most probable candidate of every layer, (*lead, depth).

        After the first layer, candidates that differ only in their start count as one, and the
        index is that of the first of them.
        """
        return self.merged.argmax(-1)

    @property
    def merged(self) -> Tensor:
        """As `weights`, but the first of equal layers has the sum of their weights."""
        weights = self.weights.detach()
        first = torch.tensor(self._first_equal, device=weights.device)
        # Hadamards stand before the first layer only: from the second on, candidates that
        # differ in them alone are the same layer, and their probabilities add.
        table = one_hot(first, len(self.candidates)).to(weights)
        return torch.cat([weights[..., :1, :], weights[..., 1:, :] @ table], dim=-2)

    @property
    def _first_equal(self) -> list[int]:
        layers = [as_layer(candidate) for candidate in self.candidates]
        return [layers.index(layer) for layer in layers]

    @eager
    def forward(self) -> Tensor:
        """The probabilities of one circuit, (*lead, 2**n).

        In training with a `Gumbel` this circuit is drawn; otherwise it is the most probable one.
        """
        if not (self.training and self.structure.requires_grad):
            return self._probabilities(self.choice)
        noise = step_noise(self.relaxation, self.structure, self.noise)
        soft = self.relaxation.weights(self.structure, self.progress, noise)
        # The largest noisy weight is a draw from the softmax without noise (Gumbel-max).
        choice = soft.argmax(-1) if self.relaxation.stochastic else self.choice
        # Straight through: the value is that of the drawn circuit, the gradient that of `soft`.
        hard = one_hot(choice, len(self.candidates)).to(soft)
        return self._probabilities(choice, hard + (soft - soft.detach()))

    def _probabilities(self, choice: Tensor, weights: Tensor | None = None) -> Tensor:
        lead = self.structure.shape[:-2]
        angles = self.angles.reshape(-1, self.depth, self.n, self.candidates.angles_per_qubit)
        if weights is not None:
            weights = weights.reshape(-1, *weights.shape[-2:])
        layers = choice.reshape(-1, self.depth)
        found = layered_probabilities(self.candidates, angles, layers, weights)
        return found.reshape(*lead, -1)

    @property
    def found(self) -> list[tuple[Candidate, ...]]:
        """The most probable circuit of every copy, as a candidate for each layer.

        Only the candidate of the first layer decides about Hadamards.
        """
        circuits = []
        for first, *others in self.choice.reshape(-1, self.depth).tolist():
            later = [as_layer(self.candidates[index]) for index in others]
            circuits.append((self.candidates[first], *later))
        return circuits

    @torch.no_grad()
    def fixed(self) -> PerLayerCircuit:
        """A copy with the most probable layers, which are no longer searched; angles still learn.

        There must be no leading dimensions.
        """
        alone = self.stacked(())
        alone.relaxation = Layers(layers=tuple(self.choice.tolist()))
        alone.angles = nn.Parameter(self.angles.clone(), self.angles.requires_grad)
        start = alone.relaxation.initial(len(self.candidates))
        alone.structure = nn.Parameter(start.to(self.structure), requires_grad=False)
        alone.progress = self.progress
        return alone.train(self.training)

    def stacked(self, lead: tuple[int, ...]) -> PerLayerCircuit:
        """A freshly started module of the same choices with leading dimensions."""
        return PerLayerCircuit(
            self.candidates, self.n, self.depth, self.relaxation, self.spread, lead
        )

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        return (
            f"{len(self.candidates)} candidates in each of {self.depth} layers, {self.relaxation}"
        )


def as_layer(candidate: AnyCandidate) -> Candidate:
    """The candidate as it acts after the first layer, that is, without Hadamards at the start.

    Raises:
        ArgumentError: the candidate is a user's own ansatz, whose start and layers belong together.

    >>> as_layer(Candidate(hadamard=True)).name
    'Ent-RY'
    """
    if not isinstance(candidate, Candidate):
        raise ArgumentError(
            f"A search of every layer needs Candidate objects, but got {candidate.name}."
        )
    return replace(candidate, hadamard=False)


def in_short(circuit: Sequence[Candidate]) -> str:
    """The names of a circuit's layers, where equal neighbours are counted together.

    Hadamards in the first name stand before the first layer.

    >>> in_short([Candidate(hadamard=True), Candidate(), Candidate(rotation="rx")])
    '2 H-Ent-RY, Ent-RX'
    """
    names: list[str] = []
    start = "H-" if circuit[0].hadamard else ""
    for layer, same in groupby(map(as_layer, circuit)):
        count = len(list(same))
        names.append(layer.name if count == 1 else f"{count} {layer.name}")
    first, *others = names
    number, _, name = first.rpartition(" ")
    head = f"{number} {start}{name}" if number else f"{start}{name}"
    return ", ".join([head, *others])
