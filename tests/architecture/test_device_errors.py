"""Wrong bits and depolarised circuits in closed form, against dense matrices and Qiskit."""

import math
from functools import reduce

import numpy as np
import pytest
import torch

from diffqas.architecture import CircuitMixture, DeviceErrors, Gumbel, Raw, Shots, Softmax, misread
from diffqas.architecture.shots import live, sampled, shift_jacobian, shot_generators
from diffqas.circuits import TABLE_I, Candidate, SearchSpace, to_qiskit
from diffqas.devices import BASIS, error_gates
from diffqas.errors import ArgumentError
from diffqas.kinds import LIVE_SPACE
from diffqas.runs.noise.device import Device, Simulation
from diffqas.simulator import dense_probabilities

ERRORS = DeviceErrors(readout=0.03, depolarising=0.004)
MIXED = SearchSpace(
    [Candidate(rotation="ry"), Candidate(rotation="rz"), Candidate(entangler="ring")]
)


def dense_misreading(n, rate):
    flip = torch.tensor([[1 - rate, rate], [rate, 1 - rate]], dtype=torch.float64)
    return reduce(torch.kron, [flip] * n)


def expected(model, weights, errors):
    """The mixture by dense matrices: constants as they are, all others misread and mixed."""
    n, depth = model.n, model.depth
    total = 0
    for place, candidate in enumerate(model.candidates):
        own = model.angles[place] if model.sharing == "separate" else model.angles
        p = dense_probabilities([candidate], own)[0]
        if place in live(model.candidates):
            kept = error_gates(candidate, n, depth).untouched(errors.depolarising)
            p = dense_misreading(n, errors.readout) @ (kept * p + (1 - kept) / 2**n)
        total = total + weights[place] * p
    return total


@pytest.mark.parametrize("n", [1, 2, 5])
def test_wrong_bits_are_a_product_of_matrices(n):
    p = torch.rand(3, 2**n, dtype=torch.float64, requires_grad=True)
    found, dense = misread(p, 0.07), p @ dense_misreading(n, 0.07)
    torch.testing.assert_close(found, dense)
    upstream = torch.randn(3, 2**n, dtype=torch.float64)
    (one,) = torch.autograd.grad(found, p, upstream)
    (other,) = torch.autograd.grad(dense, p, upstream)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("relaxation", [Raw(), Softmax(), Gumbel()])
def test_the_mixture_and_its_gradients_are_those_of_dense_matrices(sharing, relaxation):
    torch.manual_seed(0)
    model = CircuitMixture(TABLE_I, 3, 2, relaxation, sharing).double().train()
    model.measure(None, ERRORS)
    model.noise = torch.rand(len(TABLE_I), dtype=torch.float64)
    weights = relaxation.weights(model.structure, 0.0, model.noise)
    numbers = [model.angles, model.structure]
    upstream = torch.randn(8, dtype=torch.float64)
    found, truth = model(), expected(model, weights, ERRORS)
    torch.testing.assert_close(found, truth)
    wanted = torch.autograd.grad(truth, numbers, upstream)
    for one, other in zip(torch.autograd.grad(found, numbers, upstream), wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_no_errors_change_no_bit_and_evaluation_is_exact():
    torch.manual_seed(0)
    model = CircuitMixture(TABLE_I, 4, 2, Raw()).train()
    exact = model().detach()
    model.measure(None, DeviceErrors())
    assert torch.equal(model(), exact)
    model.measure(None, ERRORS)
    assert not torch.allclose(model(), exact, atol=1e-4)
    assert model.restricted([[1], [7]]).errors == model.stacked((2,)).errors == ERRORS
    assert torch.equal(model.eval()(), exact)


def test_shifted_circuits_with_errors_give_the_derivative():
    angles = torch.randn(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    places = live(MIXED)

    def read(values):
        return sampled(MIXED, values, None, (), errors=ERRORS)[places]

    truth = torch.autograd.functional.jacobian(read, angles).flatten(2).permute(2, 0, 1)
    torch.testing.assert_close(shift_jacobian(MIXED, angles, errors=ERRORS), truth)


@pytest.mark.parametrize("gradient", ["exact", "parameter-shift"])
def test_shots_are_drawn_from_what_is_read(gradient):
    torch.manual_seed(0)
    model = CircuitMixture(TABLE_I, 2, 1, Softmax()).double().train()
    model.measure(None, ERRORS)
    exact = model().detach()
    model.measure(Shots(50, gradient), ERRORS)
    drawn = []
    for step in range(200):
        model.draws = shot_generators([0], step)
        drawn.append(model().detach())
    found = torch.stack(drawn)
    error = found.std(0) / math.sqrt(len(found))
    assert ((found.mean(0) - exact).abs() <= 5 * error + 1e-12).all()


@pytest.mark.parametrize("uploads", [0, 2])
def test_gates_are_those_that_qiskit_compiles(uploads):
    qiskit = pytest.importorskip("qiskit")
    space = LIVE_SPACE if uploads else [TABLE_I[place] for place in live(TABLE_I)]
    for candidate in space:
        draw = np.random.default_rng(0)
        angles = draw.uniform(0.2, 1.2, (2, 4, candidate.rotations_per_qubit))
        data = {}
        if uploads:
            data = {"uploads": uploads, "inputs": [f"x{place}" for place in range(4 * uploads)]}
        circuit = to_qiskit(candidate, angles.squeeze(-1).tolist(), **data)
        values = draw.uniform(0.2, 1.2, circuit.num_parameters)
        circuit = circuit.assign_parameters(values.tolist())
        compiled = qiskit.transpile(
            circuit, basis_gates=list(BASIS), optimization_level=1, seed_transpiler=0
        )
        counts = compiled.count_ops()
        found = error_gates(candidate, 4, 2, max(1, uploads))
        assert found.cnots == counts["cx"], candidate.name
        assert found.pulses == counts.get("sx", 0) + counts.get("x", 0), candidate.name


def test_one_qubit_is_depolarised_exactly():
    pytest.importorskip("qiskit_aer")
    candidate, angles = Candidate(hadamard=True, rotation=("ry", "rx")), torch.randn(3, 1, 2)
    p = dense_probabilities([candidate], angles.double())[0]
    device = Device(depolarising=0.02)
    found = Simulation(device, 1).probabilities(candidate, angles.tolist(), p.numpy())
    kept = error_gates(candidate, 1, 3).untouched(0.02)
    errors = DeviceErrors(depolarising=0.02)
    closed = errors.disturbed(p[None], torch.tensor([kept], dtype=torch.float64))[0]
    # A fully mixed qubit stays one in every turn: nothing is approximated.
    np.testing.assert_allclose(found, closed.numpy(), atol=1e-6)


@pytest.mark.parametrize("name", ["readout", "depolarising"])
def test_rates_out_of_range_are_refused(name):
    with pytest.raises(ArgumentError, match=f"`{name}` must be at least 0 and at most"):
        DeviceErrors(**{name: 0.7})
