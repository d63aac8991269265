"""A test class to inherit, which checks what every candidate must keep.

The package's own candidates pass it, too.
"""

from __future__ import annotations

from copy import deepcopy
from typing import ClassVar
from unittest import SkipTest

import torch
from torch import Tensor

from diffqas.circuits import AnyCandidate, Candidate, QasmAnsatz, SearchSpace, gate_list, to_qasm
from diffqas.errors import ArgumentError, DataError
from diffqas.simulator import dense_probabilities, probabilities


class CandidateContract:
    """Tests of one candidate, for pytest; nothing but `candidate` has to be set.

    Example, as a test file of one's own:

        class TestMine(CandidateContract):
            candidate = Mine(reach=2)

    Attributes:
        candidate: the circuit.
        sizes: numbers of qubits; those that the candidate does not have are left out, one must
            remain.
        depth: layers.
        values, gradients: largest deviations from the oracle in float64.
        single: largest deviation of float32.
    """

    candidate: ClassVar[AnyCandidate]
    sizes: ClassVar[tuple[int, ...]] = (2, 3, 4)
    depth: ClassVar[int] = 3
    values: ClassVar[float] = 1e-10
    gradients: ClassVar[float] = 1e-9
    single: ClassVar[float] = 1e-4

    def angles(self, n: int, *lead: int) -> Tensor:
        """Normal angles that require a gradient, float64 (*lead, depth, n) or with r behind."""
        r = self.candidate.rotations_per_qubit
        shape = (*lead, self.depth, n) if r == 1 else (*lead, self.depth, n, r)
        return _normal(n, shape).requires_grad_()

    def known_sizes(self) -> list[int]:
        """Those of `sizes` that the candidate has; the own one of a circuit from OpenQASM."""
        if isinstance(self.candidate, QasmAnsatz):
            return [self.candidate.n]
        found = []
        for n in self.sizes:
            try:
                gate_list(self.candidate, n)
            except ArgumentError:
                continue
            found.append(n)
        assert found, f"{self.candidate.name} has none of the sizes {self.sizes}"
        return found

    def test_probabilities_are_normalised(self) -> None:
        """They are no less than 0 and add up to 1, and move nothing but what they are told to."""
        for n in self.known_sizes():
            found = probabilities([self.candidate], self.angles(n))
            assert found.shape == (1, 2**n)
            assert float(found.detach().min()) >= 0
            torch.testing.assert_close(found.sum(), torch.ones((), dtype=torch.float64))

    def test_values_and_gradients_are_those_of_dense_matrices(self) -> None:
        """In float64, values and a vector-Jacobian product."""
        for n in self.known_sizes():
            angles = self.angles(n)
            found = probabilities([self.candidate], angles)
            expected = dense_probabilities([self.candidate], angles)
            self._assert_same_function(found, expected, angles)

    def test_single_precision_is_near(self) -> None:
        """Values in float32, which stays float32."""
        for n in self.known_sizes():
            angles = self.angles(n).detach()
            found = probabilities([self.candidate], angles.float())
            assert found.dtype == torch.float32
            expected = probabilities([self.candidate], angles)
            torch.testing.assert_close(found.double(), expected, rtol=0, atol=self.single)

    def test_leading_dimensions_are_circuits_of_their_own(self) -> None:
        """A batch gives what its entries give alone, values and gradients."""
        for n in self.known_sizes():
            angles = self.angles(n, 2, 3)
            together = probabilities([self.candidate], angles)
            assert together.shape == (2, 3, 1, 2**n)
            entries = [probabilities([self.candidate], one) for one in angles.flatten(0, 1)]
            alone = torch.stack(entries).unflatten(0, (2, 3))
            self._assert_same_function(together, alone, angles)

    def test_a_neighbour_in_the_space_changes_nothing(self) -> None:
        """Beside another candidate, with shared angles and with angles of its own."""
        other = Candidate(entangler="chain", rotation=("rz", "rx", "ry", "rz"))
        space = SearchSpace([other, self.candidate])
        for n in self.known_sizes():
            r = space.angles_per_qubit
            angles = _normal(n, (2, self.depth, n, r))
            # A candidate with fewer rotations than its neighbour uses the first angles.
            own = angles[..., : self.candidate.rotations_per_qubit]
            if own.shape[-1] == 1:
                own = own.squeeze(-1)
            alone = probabilities([self.candidate], own)[:, 0]
            shared = probabilities(space, angles[0])[1]
            torch.testing.assert_close(shared, alone[0], rtol=0, atol=self.values)
            apart = probabilities(space, angles, separate=True)[1]
            torch.testing.assert_close(apart, alone[1], rtol=0, atol=self.values)

    def test_openqasm_and_back_is_the_same_circuit(self) -> None:
        """The exported text, read again, has the same probabilities (needs the extra `qasm`)."""
        for n in self.known_sizes():
            angles = self.angles(n).detach()
            try:
                again = QasmAnsatz(to_qasm(self.candidate, angles.tolist()))
            except DataError as error:
                if "not installed" in str(error):
                    raise SkipTest(str(error)) from None
                raise
            # The text holds numbers, so that the circuit read from it has no angles of its own.
            none = torch.zeros(1, n, dtype=torch.float64)
            found, expected = probabilities([again], none), probabilities([self.candidate], angles)
            torch.testing.assert_close(found, expected, rtol=0, atol=self.values)

    def test_equal_choices_are_equal(self) -> None:
        """A copy is equal, has the same hash and name, and is a duplicate in a search space."""
        copy = deepcopy(self.candidate)
        assert copy == self.candidate
        assert hash(copy) == hash(self.candidate)
        assert copy.name == self.candidate.name
        assert self.candidate != Candidate(entangler="none", rotation=("rz",) * 7)

    def _assert_same_function(self, found: Tensor, expected: Tensor, angles: Tensor) -> None:
        torch.testing.assert_close(found, expected, rtol=0, atol=self.values)
        # One random cotangent tells apart two Jacobians that differ, but for a null set.
        cotangent = _normal(1, tuple(found.shape))
        pulled = [_pulled(each, angles, cotangent) for each in (found, expected)]
        torch.testing.assert_close(*pulled, rtol=0, atol=self.gradients)


def _normal(seed: int, shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _pulled(output: Tensor, angles: Tensor, cotangent: Tensor) -> Tensor:
    if not output.requires_grad:  # a constant
        return torch.zeros_like(angles)
    (found,) = torch.autograd.grad(
        output, angles, cotangent, allow_unused=True, materialize_grads=True
    )
    return found
