"""A candidate for every layer: which circuit runs, and what its straight-through gradient is."""

import pytest
import torch
from torch.nn.functional import one_hot

from diffqas.architecture import CircuitMixture, Gumbel, Layers, PerLayerCircuit, Raw, Softmax
from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.simulator.oracle import dense_layers

N, DEPTH = 3, 3


@pytest.fixture
def circuit() -> PerLayerCircuit:
    torch.manual_seed(3)
    made = PerLayerCircuit(TABLE_I, N, DEPTH, Gumbel(temperature=0.7)).double()
    with torch.no_grad():
        made.structure.normal_()
    made.noise = torch.rand(DEPTH, 12, dtype=torch.float64)
    return made


def amplitudes(circuit: PerLayerCircuit, choice) -> torch.Tensor:
    angles = circuit.angles.detach().unsqueeze(-1)
    return dense_layers([circuit.candidates[int(index)] for index in choice], angles)


def drawn(circuit: PerLayerCircuit) -> torch.Tensor:
    """Gumbel-max by its textbook formula."""
    return (circuit.structure - torch.log(-torch.log(circuit.noise))).argmax(-1)


def test_training_runs_the_circuit_that_is_drawn(circuit):
    expected = amplitudes(circuit, drawn(circuit)).abs().square()
    torch.testing.assert_close(circuit.train()().detach(), expected, rtol=1e-11, atol=1e-12)
    assert circuit().sum().item() == pytest.approx(1, abs=1e-12)


def test_layers_are_drawn_by_their_probabilities(circuit):
    draw = torch.Generator().manual_seed(0)
    counts = torch.zeros(DEPTH, 12, dtype=torch.float64)
    for _ in range(4000):
        circuit.noise = torch.rand(DEPTH, 12, generator=draw, dtype=torch.float64)
        counts += one_hot(drawn(circuit), 12)
    torch.testing.assert_close(
        counts / 4000, circuit.structure.detach().softmax(-1), rtol=0, atol=0.03
    )


def test_the_straight_through_gradient_is_its_formula(circuit):
    """Softmax's own derivative times 2 Re <circuit, circuit with the other layer>, weighed by the
    cotangent.
    """
    cotangent = torch.randn(2**N, dtype=torch.float64)
    (circuit.train()() * cotangent).sum().backward()
    choice = drawn(circuit).tolist()
    state = amplitudes(circuit, choice)
    noisy = (circuit.structure.detach() - torch.log(-torch.log(circuit.noise))) / 0.7
    soft = noisy.softmax(-1)
    for layer in range(DEPTH):
        others = [
            amplitudes(circuit, [*choice[:layer], k, *choice[layer + 1 :]]) for k in range(12)
        ]
        of_weights = torch.stack(
            [(2 * (state.conj() * other).real * cotangent).sum() for other in others]
        )
        expected = soft[layer] * (of_weights - (soft[layer] * of_weights).sum()) / 0.7
        torch.testing.assert_close(circuit.structure.grad[layer], expected, rtol=1e-9, atol=1e-12)


def test_evaluation_runs_the_most_probable_circuit_without_noise(circuit):
    circuit.eval()
    expected = amplitudes(circuit, circuit.choice).abs().square()
    assert torch.equal(circuit(), circuit())
    torch.testing.assert_close(circuit().detach(), expected, rtol=1e-11, atol=1e-12)


def test_equal_layers_add_up_after_the_first():
    circuit = PerLayerCircuit(TABLE_I, N, 2, Gumbel())
    with torch.no_grad():
        circuit.structure.fill_(-9.0)
        for layer in range(
            2
        ):  # H-Ent-RY and Ent-RY together are more probable than Ring-RX, each alone is not
            circuit.structure[layer, [1, 7, 9]] = torch.tensor([1.0, 1.0, 1.5])
    assert circuit.choice.tolist() == [9, 1]
    assert [candidate.name for candidate in circuit.found[0]] == ["Ring-RX", "Ent-RY"]


def test_copies_are_independent():
    torch.manual_seed(0)
    circuit = PerLayerCircuit(TABLE_I, N, DEPTH, Gumbel(), lead=(4,)).double()
    circuit.noise = torch.rand(4, DEPTH, 12, dtype=torch.float64)
    circuit().square().sum().backward()
    alone = PerLayerCircuit(TABLE_I, N, DEPTH, Gumbel()).double()
    with torch.no_grad():
        alone.angles.copy_(circuit.angles[2])
        alone.structure.copy_(circuit.structure[2])
    alone.noise = circuit.noise[2]
    alone().square().sum().backward()
    for name in ("angles", "structure"):
        torch.testing.assert_close(
            getattr(alone, name).grad, getattr(circuit, name).grad[2], rtol=1e-12, atol=1e-14
        )


def test_fixed_layers_are_those_found_and_their_angles_learn(circuit):
    fixed = circuit.fixed().train()
    assert fixed.found == circuit.found
    torch.testing.assert_close(fixed(), circuit.eval()(), rtol=1e-12, atol=1e-14)
    fixed().square().sum().backward()
    assert fixed.angles.grad is not None
    assert not fixed.structure.requires_grad


def test_given_layers_start_as_the_candidate_does_and_train_their_angles_alone():
    """They draw nothing but angles, and have no limit of 14 qubits: no state of theirs is kept."""
    torch.manual_seed(5)
    given = PerLayerCircuit(TABLE_I, 15, 2, Layers(layers=(7, 7)))
    torch.manual_seed(5)
    alone = CircuitMixture(SearchSpace([TABLE_I[7]]), 15, 2, Raw())
    assert torch.equal(given.angles, alone.angles)
    assert given.given
    assert not given.structure.requires_grad
    torch.testing.assert_close(given(), alone(), rtol=1e-4, atol=1e-7)
    given().square().sum().backward()
    assert given.angles.grad is not None


def test_a_start_from_certain_layers():
    circuit = PerLayerCircuit(TABLE_I, N, 3, Layers(layers=(7, 1, 10)))
    assert [candidate.name for candidate in circuit.found[0]] == ["Ent-RY", "Ent-RY", "Ring-RY"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            (TABLE_I, 15, 2, Gumbel()),
            "`n` must be at most 14 qubits in a search of every layer .raise `chunk`., but",
        ),
        ((TABLE_I, 3, 0, Gumbel()), "`depth` must be at least 1"),
        (
            (TABLE_I, 3, 2, Raw()),
            "`relaxation` must be gumbel or softmax in a search of every layer",
        ),
        (
            (SearchSpace([Candidate(encoding="ry")]), 3, 2, Gumbel()),
            "`candidates` must encode no data",
        ),
    ],
)
def test_wrong_arguments_are_told(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        PerLayerCircuit(*arguments)


def test_without_noise_the_most_probable_circuit_runs_and_its_rivals_have_gradients(circuit):
    still = PerLayerCircuit(TABLE_I, N, DEPTH, Softmax()).double()
    with torch.no_grad():
        still.structure.copy_(circuit.structure)
        still.angles.copy_(circuit.angles)
    expected = amplitudes(still, still.choice).abs().square()
    torch.testing.assert_close(still.train()().detach(), expected, rtol=1e-11, atol=1e-12)
    still().square().sum().backward()
    assert (still.structure.grad.abs().sum(-1) > 0).all()
