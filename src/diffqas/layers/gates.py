"""The circuits of one layer's four gates: each gate a weighted sum of candidates."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from diffqas.architecture import (
    SHARINGS,
    Kept,
    Ranking,
    Relaxation,
    angle_shape,
    fewer_rotations,
    ranked,
    stays,
    step_noise,
)
from diffqas.circuits import SearchSpace, encoded_findings
from diffqas.errors import choose, require, whole
from diffqas.simulator import MAX_QUBITS, Observables, heisenberg

GATES = ("forget", "input", "output", "cell")
STRUCTURES = ("gate", "shared")

_PROBES = 64
"""Inputs at which a candidate's spread is measured."""


class GateCircuits(nn.Module):
    """QNN_gate(v) = sum_j w_gate,j <Z>_j(v; theta_gate,j) for the four gates of one layer.

    The equation is that of arXiv 2508.14955.

    Every row of structural weights names its candidates by `choice`, their places in `candidates`;
    in the beginning it names them all, after `restricted` the rows may name different ones. The
    parameters of several layers that were `stacked` have a leading dimension; below, `lead` is (),
    or (layers,) of stacked ones.

    Args:
        candidates: circuits with data encoding.
        n: qubits.
        outputs: how many qubits are read, the first ones.
        depth: layers of the circuits.
        relaxation: how structural parameters become weights.
        sharing: `"separate"` (one theta for each candidate of each gate) or `"shared"` (one for
            each gate).
        structure: `"gate"` (structural weights for each gate) or `"shared"` (one set for the four).
        spread: standard deviation of the angles at the start, in radians.
    """

    choice: Tensor

    def __init__(
        self,
        candidates: SearchSpace,
        n: int,
        outputs: int,
        depth: int,
        relaxation: Relaxation,
        sharing: str = "separate",
        structure: str = "gate",
        spread: float = 0.01,
    ) -> None:
        super().__init__()
        require(whole(depth), "depth", "be a whole number of at least 1", depth)
        rule = f"need at most {MAX_QUBITS} qubits with the input"
        require(n <= MAX_QUBITS, "hidden_size", rule, f"{n} qubits")
        choose(sharing, SHARINGS, "sharing")
        choose(structure, STRUCTURES, "structure")
        for candidate in candidates:
            require(candidate.encoding is not None, "candidates", "encode data", candidate.name)
            candidate.cnots(n)  # tells of an entangler that does not fit n qubits
        self.candidates, self.n, self.outputs, self.depth = candidates, n, outputs, depth
        self.relaxation, self.sharing = relaxation, sharing
        count = len(candidates)
        rows = len(GATES) if structure == "gate" else 1
        own = (count,) if self.separate else ()
        shape = (len(GATES), *own, *angle_shape(candidates, depth, n))
        self.angles = nn.Parameter(spread * torch.randn(shape))
        # A single candidate has nothing to be weighed against: its weight stays.
        self.structure = nn.Parameter(
            relaxation.initial(count).repeat(rows, 1), requires_grad=count > 1
        )
        self.register_buffer("choice", torch.arange(count).repeat(rows, 1), persistent=False)
        self.progress = 0.0
        """How far training has come, 0 to 1; set by the training loop, read by annealed
        relaxations.
        """
        self._reservoir: Kept[Observables] = Kept()
        self.noise: Tensor | None = None
        """Uniform noise for the next pass of a stochastic relaxation; None draws it anew."""

    @property
    def separate(self) -> bool:
        """Whether each candidate has angles of its own."""
        return self.sharing == "separate"

    @property
    def rows(self) -> tuple[str, ...]:
        """What each row of structural weights belongs to: the gates, or `all`."""
        return GATES if self.structure.shape[-2] > 1 else ("all",)

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

    def forward(self) -> Observables:
        """The four gates as functions of v for the present parameters.

        v: (*lead, 1, batch, n) -> (*lead, 4, batch, outputs).
        """
        noise = None
        if self.training:
            noise = step_noise(self.relaxation, self.structure, self.noise)
        weights = self.relaxation.weights(self.structure, self.progress, noise)
        of_gates = weights.expand(*weights.shape[:-2], len(GATES), -1)
        placed = self._placed(of_gates).unsqueeze(-2)
        # A reservoir's circuits never change: each is pulled back once, and only mixed anew.
        if stays(self.angles):
            each = self._reservoir(self._each, self.angles, self.choice)
            if each.coefficients is not None:
                return each.mixed(placed)
        return heisenberg(
            self.candidates, self._angles(), self.outputs, weights=placed, separate=self.separate
        )

    def _each(self, *_: Tensor) -> Observables:
        """Every candidate by itself, at a copy of the present angles."""
        return heisenberg(
            self.candidates, self._angles().clone(), self.outputs, separate=self.separate
        )

    @torch.no_grad()
    def ranking(self, squash: Callable[[Tensor], Tensor]) -> list[Ranking]:
        """Candidates of each row by what they contribute, best first.

        Those that are provably the same are merged.

        The contribution is |w| times the standard deviation of the outputs over inputs uniform in
        [-1, 1] (raw; root mean square over outputs, and over gates that share w), or the weight
        (softmax, gumbel).
        """
        draw = torch.Generator().manual_seed(0)
        uniform = 2 * torch.rand(_PROBES, self.n, generator=draw, dtype=torch.float64) - 1
        probes = squash(uniform).to(self.angles)
        each = heisenberg(self.candidates, self._angles(), self.outputs, separate=self.separate)
        # Root mean square of the outputs' spreads: variances add up, standard deviations do not.
        variances = each(probes).var(1, correction=0).mean(-1)
        if len(self.structure) == 1:
            variances = variances.mean(0, keepdim=True)
        spreads = variances.sqrt().gather(1, self.choice)
        rows = zip(self.spaces, self.weights, spreads, strict=True)
        return [
            ranked(space, self._same(space), weights, spread, self.relaxation)
            for space, weights, spread in rows
        ]

    def _same(self, space: SearchSpace) -> list[list[int]]:
        """Places of candidates that are the same function.

        Where each has angles of its own, only those without any say are.
        """
        found = encoded_findings(space, self.n, self.depth, self.outputs)
        groups: dict[str, list[int]] = {}
        for index, finding in enumerate(found):
            first = finding.candidate
            # Equal functions of equal angles: with angles of their own, only if these do nothing.
            alike = not self.separate or not finding.trains
            if alike and finding.duplicate_of is not None:
                first = finding.duplicate_of
            groups.setdefault(first.name, []).append(index)
        return list(groups.values())

    @torch.no_grad()
    def restricted(self, groups: list[list[list[int]]]) -> GateCircuits:
        """Fewer candidates as found here: per row, each group's first, with the group's weight."""
        firsts = [[group[0] for group in row] for row in groups]
        chosen = self.choice.gather(1, self.choice.new_tensor(firsts))
        kept = sorted(set(chosen.flatten().tolist()))
        space = SearchSpace(self.candidates[index] for index in kept)
        few = GateCircuits(
            space, self.n, self.outputs, self.depth, self.relaxation, self.sharing, self._structure
        )
        few.choice = chosen.new_tensor(
            [[kept.index(index) for index in row] for row in chosen.tolist()]
        )
        angles = self.angles
        if self.separate:
            gate = torch.arange(len(GATES), device=angles.device).unsqueeze(1)
            first = angles.new_tensor(firsts, dtype=torch.long).expand(len(GATES), -1)
            angles = angles[gate, first]
        angles = fewer_rotations(self.candidates, space, angles)
        merged = [
            self.relaxation.merge(row, own, self.progress)
            for row, own in zip(self.structure, groups, strict=True)
        ]
        # Alone, a softmax weight is 1 whatever its parameter.
        matters = len(firsts[0]) > 1 or self.relaxation.name == "raw"
        trains = self.structure.requires_grad and matters
        few.angles = nn.Parameter(angles.clone(), self.angles.requires_grad)
        few.structure = nn.Parameter(torch.stack(merged), trains)
        few.progress = self.progress
        return few.train(self.training)

    @staticmethod
    def stacked(layers: Sequence[GateCircuits]) -> GateCircuits:
        """Layers that differ in their numbers only, as one: parameters get a leading dimension.

        It uses copies.
        """
        together = copy.deepcopy(layers[0])
        for name in ("angles", "structure"):
            parameters = [layer.get_parameter(name) for layer in layers]
            stack = torch.stack([parameter.detach() for parameter in parameters])
            setattr(together, name, nn.Parameter(stack, parameters[0].requires_grad))
        return together

    @property
    def _structure(self) -> str:
        return "gate" if self.structure.shape[-2] > 1 else "shared"

    def _angles(self) -> Tensor:
        """Angles as the simulator takes them, (*lead, 4, 1, ...)."""
        angles = self._placed(self.angles) if self.separate else self.angles
        return angles.unsqueeze(self.structure.dim() - 1)

    def _placed(self, values: Tensor) -> Tensor:
        """Values (*lead, 4, candidates of a row, ...) at their places in `candidates`, else 0."""
        at = self.structure.dim() - 1  # the dimension of the candidates
        places = self.choice.expand(len(GATES), -1)
        places = places.reshape(*places.shape, *[1] * (values.dim() - at - 1)).expand_as(values)
        zeros = values.new_zeros(*values.shape[:at], len(self.candidates), *values.shape[at + 1 :])
        return zeros.scatter(at, places, values)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        circuits = f"{self.choice.shape[1]} candidates a gate, {self.n} qubits"
        return f"{circuits}, {self.sharing} angles, {self.relaxation}"
