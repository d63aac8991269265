"""Searched circuits of a layer: structural weights over candidates, and the candidates' angles."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    SHARINGS,
    Ranking,
    Relaxation,
    angle_shape,
    ranked,
    step_noise,
)
from diffqas.circuits import AnyCandidate, EncodedFinding, SearchSpace, gate_list
from diffqas.errors import as_number, choose, require, whole

Groups = list[list[list[int]]]
"""For each row of structural weights groups of places among its candidates."""


class SearchedCircuits(nn.Module):
    """What every searched layer is made of: rows of structural weights, and angles.

    Every row weighs the candidates whose places in `candidates` are listed in `choice`. At the
    beginning a row has all of them; after `restricted`, rows may have different ones. The
    parameters of several layers that were `stacked` have a leading dimension. In shapes, `lead` is
    (), or (layers,) for stacked layers.

    Args:
        candidates: circuits with data encoding.
        n: the number of qubits.
        depth: the layers of the circuits.
        relaxation: how structural parameters become weights.
        sharing: `"shared"` (one theta for all candidates) or `"separate"` (one for each).
        rows: the number of rows of structural weights.
        sets: the leading dimensions of the angles of one layer, such as (4,) for four gates that
            share no angles.
        init_std: the standard deviation of the angles at the start, in radians.

    Raises:
        ArgumentError: a wrong argument.
    """

    choice: Tensor

    def __init__(
        self,
        candidates: SearchSpace,
        n: int,
        depth: int,
        relaxation: Relaxation,
        sharing: str,
        *,
        rows: int,
        sets: tuple[int, ...] = (),
        init_std: float,
    ) -> None:
        super().__init__()
        require(whole(depth), "depth", "be a whole number of at least 1", depth)
        choose(sharing, SHARINGS, "sharing")
        for candidate in candidates:
            require(candidate.encodes, "candidates", "encode data", candidate.name)
            gate_list(candidate, n)  # tells of a candidate that does not fit n qubits
        self.candidates, self.n, self.depth = candidates, n, depth
        self.relaxation, self.sharing = relaxation, sharing
        count = len(candidates)
        own = (count,) if self.separate else ()
        shape = (*sets, *own, *angle_shape(candidates, depth, n))
        self.angles = nn.Parameter(init_std * torch.randn(shape))
        # Its tables of places would be lost when the layer gets memory, without a word.
        rule = "be made where tensors have memory: move it to its device afterwards"
        require(not self.angles.is_meta, "layer", rule, "the meta device")
        # A single candidate has nothing to be weighed against: its weight stays.
        self.structure = nn.Parameter(
            relaxation.initial(count).repeat(rows, 1), requires_grad=count > 1
        )
        self.register_buffer("choice", torch.arange(count).repeat(rows, 1), persistent=False)
        self.in_order = True
        """Whether every row names all candidates in their order."""
        self._progress = 0.0
        self.noise: Tensor | None = None
        """Uniform noise for the next pass of a stochastic relaxation; None draws it anew."""

    @property
    def separate(self) -> bool:
        """Whether each candidate has angles of its own."""
        return self.sharing == "separate"

    @property
    def progress(self) -> float:
        """The share of the training done, 0 to 1.

        The training loop sets it, and annealed relaxations read it.
        """
        return self._progress

    @progress.setter
    def progress(self, value: float) -> None:
        # In a captured step of a card it is a tensor, which nobody asks.
        fits = isinstance(value, Tensor) or 0 <= as_number(value) <= 1
        require(fits, "progress", "be between 0 and 1", repr(value))
        self._progress = value

    @property
    def spaces(self) -> list[SearchSpace]:
        """Candidates of each row, in the order of its structural weights."""
        return [
            SearchSpace(self.candidates[index] for index in row) for row in self.choice.tolist()
        ]

    @property
    def weights(self) -> Tensor:
        """Mixture weights without noise, (*lead, rows, candidates of a row)."""
        return self.relaxation.weights(self.structure, self.progress)

    def step_weights(self) -> Tensor:
        """Mixture weights of one pass, shaped as `weights`: in training a relaxation may be noisy.

        A stochastic relaxation uses `noise`, or draws it.
        """
        noise = None
        if self.training:
            noise = step_noise(self.relaxation, self.structure, self.noise)
        return self.relaxation.weights(self.structure, self.progress, noise)

    def placed(self, values: Tensor, choice: Tensor) -> Tensor:
        """Values (*lead, rows, candidates of a row, ...) at their places in `candidates`, else 0.

        Args:
            values: of the candidates that each row names.
            choice: the places, (rows, candidates of a row).
        """
        if self.in_order:
            return values
        at = self.structure.dim() - 1  # the dimension of the candidates
        places = choice.reshape(*choice.shape, *[1] * (values.dim() - at - 1)).expand_as(values)
        zeros = values.new_zeros(*values.shape[:at], len(self.candidates), *values.shape[at + 1 :])
        return zeros.scatter(at, places, values)

    @abstractmethod
    def findings(self, space: SearchSpace) -> Sequence[EncodedFinding]:
        """What can be known of candidates in this layer without training."""

    def ranked_rows(self, spreads: Tensor) -> list[Ranking]:
        """Candidates of each row by what they contribute, best first; equal ones are merged.

        Args:
            spreads: how much each candidate's outputs vary, (rows, candidates of a row).
        """
        rows = zip(self.spaces, self.weights, spreads, strict=True)
        return [
            ranked(space, self.same(space), weights, spread, self.relaxation)
            for space, weights, spread in rows
        ]

    def same(self, space: SearchSpace) -> list[list[int]]:
        """The places of candidates that are the same function, in groups.

        If each candidate has its own angles, only candidates whose angles have no effect can be the
        same function.
        """
        groups: dict[str, list[int]] = {}
        for index, finding in enumerate(self.findings(space)):
            first: AnyCandidate = finding.candidate
            # Equal functions of equal angles: with angles of their own, only if these do nothing.
            alike = not self.separate or not finding.trains
            if alike and finding.duplicate_of is not None:
                first = finding.duplicate_of
            groups.setdefault(first.name, []).append(index)
        return list(groups.values())

    def part(self, groups: Groups) -> tuple[Tensor, SearchSpace]:
        """The first candidate of each group: places in `candidates`, and all of them as a space.

        Gives the places of each row, (rows, groups).
        """
        firsts = [[group[0] for group in row] for row in groups]
        chosen = self.choice.gather(1, self.choice.new_tensor(firsts))
        kept = sorted(set(chosen.flatten().tolist()))
        return chosen, SearchSpace(self.candidates[index] for index in kept)

    def hand_on(self, few: SearchedCircuits, groups: Groups, angles: Tensor) -> None:
        """Give a layer of fewer candidates its choice, weights and angles as they are found here.

        Args:
            few: made with the space that `part` gives.
            groups: per row; a group goes on as its first candidate with the group's weight.
            angles: of those candidates.
        """
        chosen, _ = self.part(groups)
        kept = sorted(set(chosen.flatten().tolist()))
        rows = [[kept.index(index) for index in row] for row in chosen.tolist()]
        few.choice = chosen.new_tensor(rows)
        few.in_order = all(row == list(range(len(kept))) for row in rows)
        merged = [
            self.relaxation.merge(row, own, self.progress)
            for row, own in zip(self.structure, groups, strict=True)
        ]
        # Alone, a softmax weight is 1 whatever its parameter.
        matters = chosen.shape[1] > 1 or self.relaxation.name == "raw"
        trains = self.structure.requires_grad and matters
        few.angles = nn.Parameter(angles.clone(), self.angles.requires_grad)
        few.structure = nn.Parameter(torch.stack(merged), trains)
        few.progress = self.progress
        few.train(self.training)

    @torch.no_grad()
    def write_back(self, layers: Sequence[SearchedCircuits]) -> None:
        """Copy the numbers of `stacked` layers into the layers given, one each.

        Raises:
            ArgumentError: another number of layers than were stacked.
        """
        count = len(self.structure) if self.structure.dim() > 2 else 0
        rule = f"be as many as were stacked, {count}"
        require(len(layers) == count, "layers", rule, len(layers))
        for name, numbers in self.named_parameters():
            for own, layer in zip(numbers, layers, strict=True):
                layer.get_parameter(name).copy_(own)
        for layer in layers:
            layer.progress = self.progress


Layer = TypeVar("Layer", bound=SearchedCircuits)


def stacked(layers: Sequence[Layer]) -> Layer:
    """Stack layers that differ in their numbers only: parameters get a leading dimension.

    The given layers are copied and not changed.

    Raises:
        ArgumentError: there are no layers, they are of different kinds, or their shapes differ.
    """
    require(len(layers) >= 1, "layers", "hold at least one layer", "an empty list")
    strangers = [
        type(layer).__name__ for layer in layers if not isinstance(layer, SearchedCircuits)
    ]
    require(not strangers, "layers", "be searched layers of one kind", ", ".join(strangers))
    shapes = {
        tuple((name, tuple(p.shape)) for name, p in layer.named_parameters()) for layer in layers
    }
    got = f"{len(shapes)} kinds of shapes"
    require(len(shapes) == 1, "layers", "differ in their numbers only", got)
    together = copy.deepcopy(layers[0])
    for name, parameter in layers[0].named_parameters():
        numbers = torch.stack([layer.get_parameter(name).detach() for layer in layers])
        setattr(together, name, nn.Parameter(numbers, parameter.requires_grad))
    return together
