"""A fast weight programmer is the plain loop over moments, samples and candidates in float64."""

import numpy as np
import pytest
import torch

from diffqas import (
    QFWP,
    QLSTM_SPACE,
    Candidate,
    Diagonal,
    Hermitian,
    PauliStrings,
    QasmAnsatz,
    QuantumTrain,
    Z,
)
from diffqas.errors import ArgumentError
from diffqas.simulator import dense_observed, observed, using_cores
from diffqas.simulator.oracle import dense_state

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
TURNED = (
    Candidate(hadamard=True, entangler="chain", rotation=("rz", "ry"), encoding="ry"),
    Candidate(entangler="none", rotation="rx", encoding=("ry", "rz")),
)
SIZES = {"input_size": 2, "output_size": 2, "qubits": 3, "depth": 2, "candidates": FEW}
CHOICES = [
    {},
    {"input_qubits": "first"},
    {"base_angles": "trained"},
    {"structure": "output"},
    {"relaxation": "softmax"},
    {"candidates": TURNED, "base_angles": "trained", "latent_size": 3},
    {"candidates": FEW[:1], "depth": 1, "output_size": 3},
    {"input_size": 5},
    {"slow": "written"},
    {"observables": Diagonal(2)},
    {"observables": Hermitian(2)},
    {"observables": PauliStrings(("ZIZ", "XYI"))},
]


def make(randomise, **choices):
    return randomise(QFWP(**{**SIZES, **choices}).double())


def linear(layer, x):
    """W x + b, entry by entry."""
    rows = [
        sum(w * value for w, value in zip(row, x, strict=True)) + bias
        for row, bias in zip(layer.weight, layer.bias, strict=True)
    ]
    return torch.stack(rows)


def slow_moment(cell, x, theta):
    """The weighted sum of the circuits for one input and one set of angles."""
    layer = cell.circuits
    n = layer.n
    shown = list(x)
    if cell.input_qubits == "first":
        shown += [torch.zeros((), dtype=torch.float64)] * (n - len(shown))
    places = range(layer.encodings * n)
    inputs = torch.stack([shown[place % len(shown)] for place in places]).reshape(-1, n)
    outputs = []
    for output in range(cell.output_size):
        row = output if len(layer.structure) > 1 else 0
        total = torch.zeros((), dtype=torch.float64)
        for weight, index in zip(layer.weights[row], layer.choice[row].tolist(), strict=True):
            found = dense_observed(
                [layer.candidates[index]],
                inputs,
                theta if theta.dim() == 3 else theta.unsqueeze(-1),
                layer.observables,
                outputs=cell.output_size,
                coefficients=layer.coefficients,
            )
            total = total + weight * found[0, output]
        outputs.append(total)
    return torch.stack(outputs)


class Given:
    """A linear layer of numbers that are given."""

    def __init__(self, weight, bias):
        self.weight, self.bias = weight, bias


def slow_layers(cell):
    """The three layers of the slow network, whether its weights are trained or written."""
    names = ("encoder", "to_layers", "to_qubits")
    if not isinstance(cell.slow, QuantumTrain):
        return [getattr(cell.slow, name) for name in names]
    written = cell.slow.generate()
    return [Given(written[f"{name}.weight"], written[f"{name}.bias"]) for name in names]


def slow_programmer(cell, x, state):
    """What `cell(x, state)` must give: a loop over samples and moments."""
    encoder, to_layers, to_qubits = slow_layers(cell)
    outputs, states = [], []
    for sequence, added in zip(x, state, strict=True):
        moments = []
        for moment in sequence:
            latent = linear(encoder, moment)
            of_layers = linear(to_layers, latent)
            of_qubits = linear(to_qubits, latent)
            added = added + torch.outer(of_layers, of_qubits).reshape(added.shape)
            moments.append(slow_moment(cell, moment, cell.circuits.angles + added))
        outputs.append(torch.stack(moments))
        states.append(added)
    return torch.stack(outputs), torch.stack(states)


def assert_slow(cell, x, state):
    tensors = [x, state, *(p for p in cell.parameters() if p.requires_grad)]
    results = cell(x, state), slow_programmer(cell, x, state)
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)
    draw = torch.Generator().manual_seed(3)
    above = [torch.randn(part.shape, generator=draw, dtype=torch.float64) for part in results[0]]
    found = [torch.autograd.grad(result, tensors, above) for result in results]
    for got, expected in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    assert all(gradient.abs().max() > 0 for gradient in found[0])


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_values_and_gradients_through_time_are_those_of_the_loop(choices, normal, randomise):
    cell = make(randomise, **choices)
    x = normal(1, 2, 3, cell.input_size).requires_grad_()
    state = normal(2, 2, *cell.state_shape).requires_grad_()
    assert_slow(cell, x, state)


@pytest.mark.parametrize("choices", [{}, {"observables": Hermitian(2)}], ids=str)
def test_plain_torch_is_the_loop(choices, normal, randomise, monkeypatch):
    monkeypatch.setattr("diffqas.simulator.encoded.compiled.serves", lambda *_: False)
    monkeypatch.setattr("diffqas.simulator.encoded.polynomial.cheaper", lambda *_: False)
    monkeypatch.setattr("diffqas.simulator.encoded.door.Door.call", None)
    cell = make(randomise, **choices)
    x = normal(1, 2, 2, 2).requires_grad_()
    assert_slow(cell, x, normal(2, 2, 2, 3).requires_grad_())


@pytest.mark.parametrize("way", ["polynomials", "states"])
@pytest.mark.parametrize("samples", [1, 5, 11])
def test_each_sample_has_angles_of_its_own_whatever_computes_it(way, samples, normal, monkeypatch):
    """Chunks of eight samples hold several sets of angles, the last one spare lanes."""
    short = way == "polynomials"
    monkeypatch.setattr("diffqas.simulator.encoded.polynomial.cheaper", lambda *_: short)
    leaves = [
        normal(1, samples, 1, 3).requires_grad_(),
        normal(2, samples, 2, 3).requires_grad_(),
        normal(3, 1, 4).requires_grad_(),
    ]
    x, theta, w = leaves
    found = observed(FEW, x, theta, Z(), outputs=2, weights=w)
    rows = [
        w[0] @ dense_observed(FEW, inputs, angles.unsqueeze(-1), Z(), outputs=2)
        for inputs, angles in zip(x, theta, strict=True)
    ]
    expected = torch.stack(rows)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    above = normal(4, samples, 2)
    for got, wanted in zip(
        torch.autograd.grad(found, leaves, above),
        torch.autograd.grad(expected, leaves, above),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("samples", [3, 20, 35])
def test_threads_share_the_samples_and_change_nothing(samples, normal, monkeypatch):
    monkeypatch.setattr("diffqas.simulator.pauli_plan.MIN_WORK_PER_THREAD", 1)
    monkeypatch.setattr("diffqas.simulator.encoded.polynomial.cheaper", lambda *_: True)
    leaves = [
        normal(1, samples, 1, 3).requires_grad_(),
        normal(2, samples, 2, 3).requires_grad_(),
        normal(3, 1, 4).requires_grad_(),
    ]
    x, theta, w = leaves
    results: list[list[torch.Tensor]] = []
    for threads in (1, 2, 3):
        with using_cores(threads):
            found = observed(FEW, x, theta, Z(), outputs=2, weights=w)
            above = normal(4, samples, 2)
            results.append([found, *torch.autograd.grad(found, leaves, above)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_the_sizes_of_the_public_code(normal, randomise):
    # Dense matrices of eight qubits take half a second each, way back included.
    cell = make(randomise, input_size=1, output_size=4, qubits=8, candidates=FEW[:1])
    x = normal(1, 1, 1, 1).requires_grad_()
    assert_slow(cell, x, normal(2, 1, 2, 8).requires_grad_())


def test_numbers_are_those_of_the_public_code():
    cell = QFWP(1, 4, candidates=QLSTM_SPACE[:1])
    assert cell.parameter_report().total + torch.nn.Linear(4, 1).weight.numel() + 1 == 111
    searched = QFWP(1, 4)
    assert searched.parameter_report().total == 106 + 36
    assert "106 of the slow network" in str(searched.parameter_report())
    every = sum(p.numel() for group in searched.parameter_groups(0.1) for p in group["params"])
    assert every == searched.parameter_report().total


def test_pennylane_runs_the_circuit_of_the_public_code(normal, randomise):
    qml = pytest.importorskip("pennylane")
    n, depth = 4, 2
    cell = make(
        randomise,
        input_size=1,
        output_size=3,
        qubits=n,
        candidates=QLSTM_SPACE[:1],  # Hadamards, RY of the input, brick of CNOTs, RY
        input_qubits="first",
    )
    cell.circuits.structure.data.fill_(1.0)
    cell.circuits.angles.data.zero_()

    @qml.qnode(qml.device("default.qubit", wires=n), interface="torch", diff_method="backprop")
    def circuit(x, theta):
        for q in range(n):
            qml.Hadamard(wires=q)
        for q, angle in enumerate(x):
            qml.RY(angle, wires=q)
        for layer in range(depth):
            for first in (0, 1):
                for q in range(first, n - 1, 2):
                    qml.CNOT(wires=[q, q + 1])
            for q in range(n):
                qml.RY(theta[layer, q], wires=q)
        return [qml.expval(qml.PauliZ(q)) for q in range(3)]

    def outer(batch):
        latent = cell.slow.encoder(batch)
        pairs = zip(cell.slow.to_layers(latent), cell.slow.to_qubits(latent), strict=True)
        return torch.stack([torch.outer(*pair) for pair in pairs])

    x = normal(1, 2, 3, 1).requires_grad_()
    theta = torch.zeros(2, depth, n, dtype=torch.float64)
    moments = []
    for t in range(3):
        theta = theta + outer(x[:, t])
        rows = zip(x[:, t], theta, strict=True)
        moments.append(torch.stack([torch.stack(circuit(*row)) for row in rows]))
    expected = torch.stack(moments, 1)
    found, state = cell(x)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(state, theta)
    tensors = [x, *cell.slow.parameters()]
    for got, wanted in zip(
        torch.autograd.grad(found.square().sum(), tensors),
        torch.autograd.grad(expected.square().sum(), tensors),
        strict=True,
    ):
        torch.testing.assert_close(got, wanted)


def test_float32_is_float64_rounded(normal, randomise):
    cell = make(randomise).float()
    x = normal(1, 3, 4, 2)
    single, state = cell(x.float())
    double, _ = cell.double()(x)
    assert single.dtype == state.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=0, atol=2e-5)


def test_shapes_are_those_of_torch():
    cell, lstm = QFWP(2, 3, 4, candidates=FEW), torch.nn.LSTM(2, 3, batch_first=True)
    for shape in ((5, 7, 2), (1, 1, 2), (7, 2)):
        output, state = cell(torch.randn(shape))
        assert output.shape == lstm(torch.randn(shape))[0].shape
        assert state.shape == (*shape[:-2], 2, 4)


def test_one_sample_is_a_batch_of_one(normal, randomise):
    cell = make(randomise)
    x, state = normal(1, 4, 2), normal(2, 2, 3)
    single, batch = cell(x, state), cell(x[None], state[None])
    for got, expected in zip(single, batch, strict=True):
        torch.testing.assert_close(got, expected[0])


def test_a_sequence_can_be_cut_in_two(normal, randomise):
    cell = make(randomise, base_angles="trained")
    x = normal(1, 2, 5, 2)
    whole, last = cell(x)
    first, state = cell(x[:, :2])
    second, end = cell(x[:, 2:], state)
    torch.testing.assert_close(torch.cat((first, second), 1), whole)
    torch.testing.assert_close(end, last)
    torch.testing.assert_close(cell.last(x), whole[:, -1])
    torch.testing.assert_close(cell.last(x[0]), whole[0, -1])


@pytest.mark.parametrize("choices", [{}, {"candidates": TURNED}, {"structure": "output"}], ids=str)
def test_what_is_kept_computes_as_it_did(choices, normal, randomise):
    cell = make(randomise, **choices)
    x = normal(1, 3, 4, 2)
    every = cell.discretize(k=min(len(entries) for entries in cell.ranking().values()))
    torch.testing.assert_close(every(x)[0], cell(x)[0])
    best = cell.discretize()
    assert [len(space) for space in best.chosen.values()] == [1] * len(cell.chosen)
    assert best(x)[0].shape == (3, 4, 2)
    of_data = cell.discretize(x=x)
    assert torch.equal(of_data.slow.encoder.weight, cell.slow.encoder.weight)


def test_a_kept_candidate_of_fewer_rotations_has_its_own_angles(normal, randomise):
    cell = make(randomise, candidates=TURNED)
    few = QFWP(**{**SIZES, "candidates": TURNED[1:]}).double()
    assert few.state_shape == (2, 3)
    assert cell.state_shape == (2, 3, 2)
    with torch.no_grad():
        cell.circuits.structure.copy_(torch.tensor([[0.0, 1.0]]))
    kept = cell.discretize()
    assert kept.state_shape == (2, 3)
    x = normal(1, 3, 4, 2)
    torch.testing.assert_close(kept(x)[0], cell(x)[0])


def test_candidates_that_see_inputs_by_their_angles_alone_rank(randomise):
    # The encoding of this one only turns a global phase.
    blind = Candidate(entangler="ent", rotation="ry", encoding="rz")
    cell = make(randomise, candidates=[blind, QLSTM_SPACE[0]])
    assert all(entry.contribution > 0 for entry in cell.ranking()["all"])


def test_ranking_by_the_loss(normal, randomise):
    cell = make(randomise)
    x = normal(1, 3, 4, 2)
    found = cell.ranking("perturbation", loss=lambda: cell(x)[0].square().mean())
    assert len(found["all"]) == len(cell.ranking()["all"])


def test_the_layer_of_a_sequence(normal, randomise):
    cell = make(randomise)
    x = normal(1, 4, 2)
    layer = cell.programmed(x)
    torch.testing.assert_close(layer(x[-1:]), cell(x)[0][-1:])
    assert "OPENQASM 3" in cell.discretize().programmed(x).to_qasm()


@pytest.mark.parametrize("choices", [{}, {"candidates": TURNED[:1], "base_angles": "trained"}])
def test_the_text_of_a_circuit_whose_angles_are_open(choices, normal, randomise):
    """Read again with what the slow network writes, it is the circuit of the last moment."""
    pytest.importorskip("openqasm3")
    cell = make(randomise, **choices).discretize()
    text = cell.to_qasm()
    x = normal(1, 3, 2)
    numbers = {f"x{place}": value for place, value in enumerate(x[-1].tolist())}
    rotations = cell.circuits.candidates.angles_per_qubit
    added = cell.added(x)[-1].detach().reshape(2, 3, rotations)
    for (layer, qubit, rotation), value in np.ndenumerate(added.numpy()):
        name = f"w{layer}_{qubit}"
        numbers[name if rotations == 1 else f"{name}_{rotation}"] = float(value)
    lines = text.splitlines()
    bound = [f"const float[64] {name} = {value!r};" for name, value in numbers.items()]
    kept = [line for line in lines if not line.startswith("input")]
    circuit = QasmAnsatz("\n".join([*kept[:2], *bound, *kept[2:]]))
    state = dense_state(circuit, torch.zeros(1, 3, 1, dtype=torch.float64))
    z = torch.tensor([[1 - 2 * (index >> (2 - q) & 1) for index in range(8)] for q in range(2)])
    expected = cell.structural_weights[0, 0] * (z * state.abs().square()).sum(-1)
    torch.testing.assert_close(cell(x)[0][-1], expected)
    with pytest.raises(ArgumentError, match="call `discretize\\(k=1\\)` first"):
        make(randomise).to_qasm()


def test_a_state_is_loaded_and_other_choices_are_refused(normal, randomise):
    cell = make(randomise)
    other = QFWP(**SIZES).double()
    other.load_state_dict(cell.state_dict())
    x = normal(1, 2, 3, 2)
    assert torch.equal(other(x)[0], cell(x)[0])
    with pytest.raises(ArgumentError, match="input_qubits 'all', not 'first'"):
        QFWP(**SIZES, input_qubits="first").double().load_state_dict(cell.state_dict())


def test_what_is_random_follows_from_the_seed():
    torch.manual_seed(4)
    one = QFWP(**SIZES).state_dict()
    torch.manual_seed(4)
    assert all(torch.equal(value, one[name]) for name, value in QFWP(**SIZES).state_dict().items())


def test_batches_of_models_by_vmap(normal, randomise):
    cells = [randomise(QFWP(**SIZES).double(), seed) for seed in range(3)]
    numbers, _ = torch.func.stack_module_state(cells)
    x = normal(1, 2, 3, 2)

    def loss(own):
        output, _ = torch.func.functional_call(cells[0], own, (x,))
        return output.square().sum()

    found = torch.func.vmap(torch.func.grad(loss))(numbers)
    for place, cell in enumerate(cells):
        own = torch.autograd.grad(cell(x)[0].square().sum(), cell.slow.encoder.weight)[0]
        torch.testing.assert_close(found["slow.encoder.weight"][place], own)


def test_under_autocast_circuits_stay_exact(normal, randomise):
    cell = make(randomise).float()
    x = normal(1, 2, 3, 2).float()
    with torch.autocast("cpu", torch.bfloat16):
        output, _ = cell(x)
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, cell(x)[0], rtol=0, atol=0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": 0}, "`input_size` must be a whole number of at least 1, but got 0"),
        ({"output_size": 2.5}, "`output_size` must be a whole number"),
        ({"output_size": 4}, "`output_size` must be at most 3, the qubits, but got 4"),
        ({"latent_size": 0}, "`latent_size` must be a whole number"),
        ({"qubits": 30}, "`qubits` must be at most 26"),
        ({"qubits": 0}, "`qubits` must be a whole number"),
        ({"depth": 0}, "`depth` must be a whole number of at least 1, but got 0"),
        ({"input_size": 4, "input_qubits": "first"}, "`input_size` must be at most 3, the qubits"),
        ({"input_qubits": "one"}, "`input_qubits` must be one of"),
        ({"base_angles": "zeros"}, "`base_angles` must be one of .*did you mean 'zero'"),
        ({"structure": "gate"}, "`structure` must be one of"),
        ({"relaxation": "soft"}, "`relaxation` must be one of"),
        ({"init_std": -1, "base_angles": "trained"}, "`init_std` must be a finite number"),
        ({"candidates": [Candidate()]}, "`candidates` must encode data, but got Ent-RY"),
        ({"rates": {"head": 1.0}}, "`rates` must be one of"),
        ({"rates": {"slow": -1.0}}, "`rates` must be finite numbers of at least 0"),
        ({"num_layers": 2}, "`num_layers` must be 1"),
        ({"batch_first": False}, "`batch_first` must be True"),
        ({"bidirectional": True}, "`bidirectional` must be False"),
        ({"dropout": 0.1}, "`dropout` must be 0"),
        ({"proj_size": 1}, "`proj_size` must be 0"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message) as error:
        QFWP(**{**SIZES, **arguments})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("x", "state", "message"),
    [
        ([[0.0]], None, "`x` must be a torch.float32 tensor like the angles, but got list"),
        (torch.zeros(2, 3, 2).double(), None, "`x` must be a torch.float32 tensor"),
        (torch.zeros(2), None, "`x` must have two or three dimensions, but got 1"),
        (torch.zeros(2, 3, 1), None, r"`x` must have the shape \(batch, time, 2\) or \(time, 2\)"),
        (torch.zeros(2, 0, 2), None, r"`x` must have the shape .* got \(2, 0, 2\)"),
        (torch.zeros(2, 3, 2), (1, 2), "`state` must be a torch.float32 tensor .* got tuple"),
        (torch.zeros(2, 3, 2), torch.zeros(2, 3), r"`state` must have the shape \(2, 2, 3\)"),
        (torch.zeros(3, 2), torch.zeros(1, 2, 3), r"`state` must have the shape \(2, 3\)"),
    ],
    ids=range(8),
)
def test_wrong_inputs_are_named(x, state, message):
    with pytest.raises(ArgumentError, match=message) as error:
        QFWP(**SIZES)(x, state)
    assert "\n" not in str(error.value)


def test_circuits_write_the_slow_network():
    torch.manual_seed(0)
    cell = QFWP(1, 4, slow="written")
    assert cell.parameter_report().slow == 7 * 5 + 12 + 9
    assert "56 that write the 106 weights of the slow network" in str(cell.parameter_report())
    assert sum(p.numel() for p in cell.parameters() if p.requires_grad) == 36 + 56
    own = QFWP(1, 4)
    own.slow = QuantumTrain(own.slow, depth=5)
    own.load_state_dict(cell.state_dict())
    x = torch.randn(3, 4, 1)
    assert torch.equal(own(x)[0], cell(x)[0])
    cell.progress = 0.5
    assert cell.slow.progress == 0.5


def test_a_state_of_a_written_slow_network_is_no_state_of_a_trained_one():
    with pytest.raises(ArgumentError, match="slow 'written', not 'trained'"):
        QFWP(1, 2, 3).load_state_dict(QFWP(1, 2, 3, slow="written").state_dict())
    with pytest.raises(ArgumentError, match="`slow` must be one of trained, written"):
        QFWP(1, 2, 3, slow="frozen")


def test_a_found_circuit_of_fewer_rotations_keeps_the_weights_that_were_written():
    torch.manual_seed(1)
    cell = QFWP(1, 2, 3, candidates=[TURNED[0], FEW[0]], slow="written")
    with torch.no_grad():
        cell.circuits.structure.copy_(torch.tensor([[0.0, 1.0]]))
    x = torch.randn(4, 3, 1)
    found = cell.discretize(k=1, x=x)
    assert not isinstance(found.slow, QuantumTrain)
    torch.testing.assert_close(found(x)[0], cell(x)[0], rtol=1e-4, atol=1e-5)
