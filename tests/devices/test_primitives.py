"""Qiskit's primitives against the simulator: exact values within the shot noise."""

import numpy as np
import pytest
import torch

from diffqas import Candidate, probabilities
from diffqas.circuits import to_qiskit
from diffqas.devices import ALL, estimate, sample
from diffqas.errors import ArgumentError, DataError

pytest.importorskip("qiskit")

SHOTS = 20_000
RING = Candidate(entangler="ring", rotation="ry")
ANGLES = [[0.3, 1.1, -0.4, 0.9], [0.7, -0.2, 0.5, 1.3]]


def exact() -> np.ndarray:
    return probabilities([RING], torch.tensor(ANGLES, dtype=torch.float64))[0].numpy()


def ideal_device():
    aer = pytest.importorskip("qiskit_aer")
    from qiskit.transpiler import CouplingMap

    # Five qubits in a line, without errors: a ring of four has to be moved around on it.
    return aer.AerSimulator(
        coupling_map=CouplingMap.from_line(5), basis_gates=["rz", "sx", "x", "cx"], n_qubits=5
    )


@pytest.mark.parametrize("where", ["simulator", "line", "device"])
def test_frequencies_agree_with_the_exact_probabilities(where):
    device = {"simulator": ALL, "line": "line"}.get(where) or ideal_device()
    circuits = [to_qiskit(RING, ANGLES)]
    (found,) = sample(circuits, SHOTS, device, seed=3)
    p = exact()
    # A frequency has the variance p (1 - p) / shots; all 16 lie within five of its roots.
    error = np.sqrt(p * (1 - p) / SHOTS) + 1e-12
    assert (np.abs(found - p) <= 5 * error + 1e-9).all()
    assert np.array_equal(sample(circuits, SHOTS, device, seed=3)[0], found)


@pytest.mark.parametrize("where", ["simulator", "line", "device"])
def test_expectations_agree_with_the_exact_ones(where):
    device = {"simulator": ALL, "line": "line"}.get(where) or ideal_device()
    precision = 0.0 if where == "simulator" else 0.01
    p = exact().reshape(2, 2, 2, 2)
    signs = np.array([1.0, -1.0])
    first = np.einsum("abcd,a->", p, signs)
    pair = np.einsum("abcd,b,d->", p, signs, signs)
    sums = [{"ZIII": 1.0}, {"ZIII": 0.5, "IZIZ": -2.0}]
    ((one, both),) = estimate([to_qiskit(RING, ANGLES)], sums, device, precision=precision)
    # The second sum has the standard error of its terms, 0.5 and 2 times that of one.
    assert one == pytest.approx(first, abs=1e-12 + 5 * precision)
    assert both == pytest.approx(0.5 * first - 2 * pair, abs=1e-12 + 5 * 2.5 * precision)


def test_a_primitive_of_the_callers_own_is_used():
    from qiskit.primitives import StatevectorEstimator, StatevectorSampler

    circuits = [to_qiskit(RING, ANGLES)]
    own = sample(circuits, 100, sampler=StatevectorSampler(seed=5))
    assert np.array_equal(own, sample(circuits, 100, seed=5))
    value = estimate(circuits, [{"ZIII": 1.0}], precision=0.1, estimator=StatevectorEstimator())
    assert abs(value.item()) <= 2


def test_what_no_device_can_run_is_told_in_one_line():
    circuits = [to_qiskit(RING, ANGLES)]
    with pytest.raises(ArgumentError, match="`shots` must be a whole number of at least 1"):
        sample(circuits, 0)
    with pytest.raises(ArgumentError, match="`precision` must be above 0 on a device"):
        estimate(circuits, [{"ZIII": 1.0}], "line")
    with pytest.raises(ArgumentError, match="strings of 4 letters I, X, Y or Z, but got 'ZZ'"):
        estimate(circuits, [{"ZZ": 1.0}])
    with pytest.raises(ArgumentError, match="`circuits` must hold at least one circuit"):
        sample([], 10)
    opened = to_qiskit(Candidate(encoding="ry", rotation="ry"), [[0.1, 0.2]], ["x0", "x1"])
    with pytest.raises(DataError, match="could not run the circuits"):
        sample([opened], 10)
