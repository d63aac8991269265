"""The circuits of one layer's four gates: each gate a weighted sum of candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from diffqas.architecture import Kept, Ranking, Relaxation, fewer_rotations, stays
from diffqas.circuits import Candidate, EncodedFinding, SearchSpace, encoded_findings
from diffqas.errors import choose, require
from diffqas.layers.searched_circuits import Groups, SearchedCircuits, stacked
from diffqas.simulator import MAX_QUBITS, Observables, heisenberg

GATES = ("forget", "input", "output", "cell")
STRUCTURES = ("gate", "shared")

_PROBES = 64
"""Inputs at which a candidate's spread is measured."""


class GateCircuits(SearchedCircuits):
    """QNN_gate(v) = sum_j w_gate,j <Z>_j(v; theta_gate,j) for the four gates of one layer.

    The equation is that of arXiv 2508.14955. In shapes, `lead` is that of `SearchedCircuits`.

    Args:
        candidates: circuits of CNOTs and rotations that encode each input by one rotation.
        n: the number of qubits.
        outputs: the number of qubits that are read; these are the first ones.
        depth: the layers of the circuits.
        relaxation: how structural parameters become weights.
        sharing: `"separate"` (one theta for each candidate of each gate) or `"shared"` (one for
            each gate).
        structure: `"gate"` (structural weights for each gate) or `"shared"` (one set for the four).
        spread: the standard deviation of the angles at the start, in radians.

    Raises:
        ArgumentError: a wrong argument.
    """

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
        rule = f"need at most {MAX_QUBITS} qubits with the input"
        require(n <= MAX_QUBITS, "hidden_size", rule, f"{n} qubits")
        choose(structure, STRUCTURES, "structure")
        for candidate in candidates:
            require(candidate.encodes, "candidates", "encode data", candidate.name)
            # An output is pulled back as strings, once per step for all moments of a series.
            simple = isinstance(candidate, Candidate) and len(candidate.encodings) <= 1
            rule = "be Candidate objects with a single encoding rotation"
            require(simple, "candidates", rule, candidate.name)
            if isinstance(candidate, Candidate):
                candidate.cnots(n)  # tells of an entangler that is none of CNOTs
        rows = len(GATES) if structure == "gate" else 1
        sets = (len(GATES),)
        super().__init__(
            candidates, n, depth, relaxation, sharing, rows=rows, sets=sets, init_std=spread
        )
        self.outputs = outputs
        self._reservoir: Kept[Observables] = Kept()

    @property
    def rows(self) -> tuple[str, ...]:
        """What each row of structural weights belongs to: the gates, or `all`."""
        return GATES if self.structure.shape[-2] > 1 else ("all",)

    def forward(self) -> Observables:
        """The four gates as functions of v for the present parameters.

        v: (*lead, 1, batch, n) -> (*lead, 4, batch, outputs).
        """
        weights = self.step_weights()
        of_gates = weights.expand(*weights.shape[:-2], len(GATES), -1)
        placed = self.placed(of_gates, self._places).unsqueeze(-2)
        # A reservoir's circuits never change: each is pulled back once, and only mixed anew.
        if stays(self.angles):
            each = self._reservoir(self._each, self.angles, self.choice)
            if each.coefficients is not None:
                return each.mixed(placed)
        return heisenberg(
            self.candidates, self._angles(), self.outputs, weights=placed, separate=self.separate
        )

    def mixed_alone(self) -> tuple[Tensor, Tensor]:
        """Noiseless weights and coefficients of every candidate in every gate of a single layer.

        Returns:
            Weights (4, candidates), 0 of candidates that a gate does not name, and coefficients (4,
            candidates, outputs, 3**n) as of `Observables`, held on at most
            `MAX_COEFFICIENT_QUBITS` qubits.
        """
        weights = self.placed(self.weights.expand(len(GATES), -1), self._places)
        coefficients = self._each().coefficients
        assert coefficients is not None
        return weights, coefficients.squeeze(1)

    def angles_of_gates(self) -> Tensor:
        """Of a single layer a copy of all gates' angles, (4, ...), or (4, candidates, ...)."""
        return self._angles().squeeze(1).clone()

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
        return self.ranked_rows(variances.sqrt().gather(1, self.choice))

    def findings(self, space: SearchSpace) -> Sequence[EncodedFinding]:
        """What is proved of candidates as a gate of this size."""
        return encoded_findings(space, self.n, self.depth, self.outputs)

    @torch.no_grad()
    def restricted(self, groups: Groups) -> GateCircuits:
        """Fewer candidates as found here: per row, each group's first, with the group's weight."""
        _, space = self.part(groups)
        structure = "gate" if len(self.structure) > 1 else "shared"
        few = GateCircuits(
            space, self.n, self.outputs, self.depth, self.relaxation, self.sharing, structure
        )
        angles = self.angles
        if self.separate:
            gate = torch.arange(len(GATES), device=angles.device).unsqueeze(1)
            firsts = [[group[0] for group in row] for row in groups]
            first = angles.new_tensor(firsts, dtype=torch.long).expand(len(GATES), -1)
            angles = angles[gate, first]
        self.hand_on(few, groups, fewer_rotations(self.candidates, space, angles))
        return few

    @staticmethod
    def stacked(layers: Sequence[GateCircuits]) -> GateCircuits:
        """Layers that differ in their numbers only, as one; see `searched_circuits.stacked`."""
        return stacked(layers)

    @property
    def _places(self) -> Tensor:
        """`choice` of each gate, (4, candidates of a row)."""
        return self.choice.expand(len(GATES), -1)

    def _angles(self) -> Tensor:
        """Angles as the simulator takes them, (*lead, 4, 1, ...)."""
        angles = self.placed(self.angles, self._places) if self.separate else self.angles
        return angles.unsqueeze(self.structure.dim() - 1)

    def extra_repr(self) -> str:
        """Line shown by print(model)."""
        circuits = f"{self.choice.shape[1]} candidates a gate, {self.n} qubits"
        return f"{circuits}, {self.sharing} angles, {self.relaxation}"
