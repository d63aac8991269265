"""Test classes to inherit, which check what must hold for every candidate.

The package's own candidates are tested by the same classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import ClassVar
from unittest import SkipTest

import torch
from torch import Tensor

from diffqas.circuits import (
    AnyCandidate,
    Candidate,
    Hermitian,
    QasmAnsatz,
    SearchSpace,
    Z,
    gate_list,
    to_qasm,
)
from diffqas.errors import ArgumentError, DataError
from diffqas.simulator import dense_observed, dense_probabilities, observed, probabilities


class _Contract:
    """What the tests of circuits with and without data share."""

    candidate: ClassVar[AnyCandidate]
    sizes: ClassVar[tuple[int, ...]] = (2, 3, 4)
    depth: ClassVar[int]
    values: ClassVar[float] = 1e-10
    gradients: ClassVar[float] = 1e-9
    single: ClassVar[float] = 1e-4

    def angles(self, n: int, *lead: int) -> Tensor:
        """Normal angles that require a gradient, float64 (*lead, depth, n) or with r behind."""
        r = self.candidate.rotations_per_qubit
        shape = (*lead, self.depth, n) if r == 1 else (*lead, self.depth, n, r)
        return _normal(n, shape).requires_grad_()

    def known_sizes(self) -> list[int]:
        """The numbers of `sizes` that fit the candidate; for a circuit from OpenQASM its own."""
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

    def test_equal_choices_are_equal(self) -> None:
        """A copy is equal, has the same hash and name, and is a duplicate in a search space."""
        copy = deepcopy(self.candidate)
        assert copy == self.candidate
        assert hash(copy) == hash(self.candidate)
        assert copy.name == self.candidate.name
        assert self.candidate != Candidate(entangler="none", rotation=("rz",) * 7)


class CandidateContract(_Contract):
    """Tests of one candidate without data, for pytest; only `candidate` has to be set.

    A test file of your own may look like this:

        class TestMine(CandidateContract):
            candidate = Mine(reach=2)

    Attributes:
        candidate: the circuit.
        sizes: the numbers of qubits to test. Those that do not fit the candidate are left out, and
            at least one must remain.
        depth: the number of layers.
        values, gradients: the largest deviations from dense matrices that are allowed in float64.
        single: the largest deviation of float32 that is allowed.
    """

    depth: ClassVar[int] = 3

    def test_probabilities_are_normalised(self) -> None:
        """Probabilities are at least 0 and add up to 1."""
        for n in self.known_sizes():
            found = probabilities([self.candidate], self.angles(n))
            assert found.shape == (1, 2**n)
            assert float(found.detach().min()) >= 0
            torch.testing.assert_close(found.sum(), torch.ones((), dtype=torch.float64))

    def test_values_and_gradients_are_those_of_dense_matrices(self) -> None:
        """Values and a vector-Jacobian product agree with dense matrices in float64."""
        for n in self.known_sizes():
            angles = self.angles(n)
            found = probabilities([self.candidate], angles)
            expected = dense_probabilities([self.candidate], angles)
            _assert_same_function(self, found, expected, [angles])

    def test_single_precision_is_near(self) -> None:
        """Values in float32 are near those in float64, and their dtype stays float32."""
        for n in self.known_sizes():
            angles = self.angles(n).detach()
            found = probabilities([self.candidate], angles.float())
            assert found.dtype == torch.float32
            expected = probabilities([self.candidate], angles)
            torch.testing.assert_close(found.double(), expected, rtol=0, atol=self.single)

    def test_leading_dimensions_are_circuits_of_their_own(self) -> None:
        """A batch gives the same values and gradients as each of its entries alone."""
        for n in self.known_sizes():
            angles = self.angles(n, 2, 3)
            together = probabilities([self.candidate], angles)
            assert together.shape == (2, 3, 1, 2**n)
            entries = [probabilities([self.candidate], one) for one in angles.flatten(0, 1)]
            alone = torch.stack(entries).unflatten(0, (2, 3))
            _assert_same_function(self, together, alone, [angles])

    def test_a_neighbour_in_the_space_changes_nothing(self) -> None:
        """Another candidate in the space changes nothing, with shared or with separate angles."""
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
            again = _read_again(to_qasm(self.candidate, angles.tolist()))
            # The text holds numbers, so that the circuit read from it has no angles of its own.
            none = torch.zeros(1, n, dtype=torch.float64)
            found, expected = probabilities([again], none), probabilities([self.candidate], angles)
            torch.testing.assert_close(found, expected, rtol=0, atol=self.values)


class EncodedCandidateContract(_Contract):
    """Tests of one candidate with data; `CandidateContract` is for those without.

    Attributes:
        candidate: the circuit.
        sizes: the numbers of qubits to test. Those that do not fit the candidate are left out, and
            at least one must remain.
        depth: the number of layers, a multiple of the uploads.
        uploads: the largest number of times that data is encoded.
        values, gradients: the largest deviations from dense matrices that are allowed in float64.
        single: the largest deviation of float32 that is allowed.
    """

    depth: ClassVar[int] = 2
    uploads: ClassVar[int] = 2

    def inputs(self, n: int, uploads: int) -> Tensor:
        """Normal inputs that require a gradient, float64 (uploads, n)."""
        return _normal(n + 10, (uploads, n)).requires_grad_()

    def test_outputs_and_gradients_are_those_of_dense_matrices(self) -> None:
        """Outputs and gradients agree with dense matrices in float64.

        The observables are Z and trained ones. Gradients are taken in inputs, angles and the
        numbers of the observables.
        """
        for n in self.known_sizes():
            r = self.candidate.rotations_per_qubit
            for uploads in {1, self.uploads}:
                inputs, angles = self.inputs(n, uploads), self.angles(n)
                numbers = _normal(2, (n, 4)).requires_grad_()
                for observables, own in ((Z(), None), (Hermitian(1), numbers)):
                    variables = [inputs, angles] if own is None else [inputs, angles, own]
                    found = observed(
                        [self.candidate],
                        inputs,
                        angles,
                        observables,
                        outputs=n,
                        coefficients=own,
                        uploads=uploads,
                    )
                    expected = dense_observed(
                        [self.candidate],
                        inputs,
                        angles.reshape(self.depth, n, r),
                        observables,
                        outputs=n,
                        coefficients=own,
                    )
                    _assert_same_function(self, found, expected, variables)

    def test_single_precision_is_near(self) -> None:
        """Outputs in float32 are near those in float64, and their dtype stays float32."""
        for n in self.known_sizes():
            inputs, angles = self.inputs(n, 1).detach(), self.angles(n).detach()
            found = observed([self.candidate], inputs.float(), angles.float(), Z(), outputs=n)
            assert found.dtype == torch.float32
            expected = observed([self.candidate], inputs, angles, Z(), outputs=n)
            torch.testing.assert_close(found.double(), expected, rtol=0, atol=self.single)

    def test_a_neighbour_in_the_space_changes_nothing(self) -> None:
        """Another candidate in the space changes nothing, with shared angles."""
        other = Candidate(False, "cz-chain", ("rz", "rx", "ry", "rz"), ("ry", "rz"))
        space = SearchSpace([other, self.candidate])
        for n in self.known_sizes():
            inputs = self.inputs(n, 1).detach()
            angles = _normal(n, (self.depth, n, space.angles_per_qubit))
            # A candidate with fewer rotations than its neighbour uses the first angles.
            own = angles[..., : self.candidate.rotations_per_qubit]
            if own.shape[-1] == 1:
                own = own.squeeze(-1)
            alone = observed([self.candidate], inputs, own, Z(), outputs=n)[0]
            together = observed(space, inputs, angles, Z(), outputs=n)[1]
            torch.testing.assert_close(together, alone, rtol=0, atol=self.values)

    def test_openqasm_and_back_is_the_same_circuit(self) -> None:
        """The exported text, read again, has the same outputs (needs the extra `qasm`)."""
        for n in self.known_sizes():
            inputs, angles = self.inputs(n, 1).detach(), self.angles(n).detach()
            names = [f"x{q}" for q in range(n)]
            again = _read_again(to_qasm(self.candidate, angles.tolist(), names))
            # The text holds numbers, so that the circuit read from it has no angles of its own.
            none = torch.zeros(1, n, dtype=torch.float64)
            found = observed([again], inputs, none, Z(), outputs=n)
            expected = observed([self.candidate], inputs, angles, Z(), outputs=n)
            torch.testing.assert_close(found, expected, rtol=0, atol=self.values)


def _assert_same_function(
    contract: _Contract, found: Tensor, expected: Tensor, variables: Sequence[Tensor]
) -> None:
    """Equal values, and equal gradients in all of the variables."""
    torch.testing.assert_close(found, expected, rtol=0, atol=contract.values)
    # With probability 1, one random cotangent tells apart two Jacobians that differ.
    cotangent = _normal(1, tuple(found.shape))
    pulled = [_pulled(each, variables, cotangent) for each in (found, expected)]
    torch.testing.assert_close(*pulled, rtol=0, atol=contract.gradients)


def _read_again(text: str) -> QasmAnsatz:
    try:
        return QasmAnsatz(text)
    except DataError as error:
        if "not installed" in str(error):
            raise SkipTest(str(error)) from None
        raise


def _normal(seed: int, shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _pulled(output: Tensor, variables: Sequence[Tensor], cotangent: Tensor) -> list[Tensor]:
    """Gradients of the sum of output times cotangent in each variable."""
    if not output.requires_grad:  # a constant
        return [torch.zeros_like(variable) for variable in variables]
    found = torch.autograd.grad(
        output, list(variables), cotangent, allow_unused=True, materialize_grads=True
    )
    return list(found)
