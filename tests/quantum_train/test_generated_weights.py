"""Generated weights against the papers' formula, written as a loop over the weights in plain
Python.
"""

import math

import pytest
import torch
from torch import nn

from diffqas.circuits import Candidate
from diffqas.quantum_train import DimensionScale, QuantumTrain, RawScale, TanhScale
from diffqas.simulator import dense_probabilities

CODES = {"signed": {"0": -1.0, "1": 1.0}, "binary": {"0": 0.0, "1": 1.0}}
SCALES = {
    "raw": lambda p, n: p,
    "dimension": lambda p, n: max(-32.0, min(32.0, 2**n * p)),
    "tanh": lambda p, n: math.tanh(2**n * p),
    "paper": lambda p, n: 2**n * p,
    "own": lambda p, n: p * p + n,
}
OBJECTS = {"paper": DimensionScale(None), "own": lambda p, n: p * p + n}


def by_hand(model, bits, scale, chunk):
    """kappa_i = gain (<beta, bits of i> + gamma s(p_i) + bias) + offset, one weight after the
    other.
    """
    generator, circuits = model.generator, model.circuits
    n, code = generator.mapping.n, CODES[bits]
    rows = dense_probabilities(circuits.candidates, circuits.angles.detach())
    p = (circuits.structure.detach() @ rows).tolist()
    weight, bias = generator.mapping.weight.tolist(), generator.mapping.bias.tolist()
    gain, offset = generator.gain.tolist(), generator.offset.tolist()
    owners = [tensor for tensor, size in enumerate(model.target.layout.sizes) for _ in range(size)]
    flat = []
    for i, tensor in enumerate(owners):
        state, piece = divmod(i, chunk)
        *beta, gamma = weight[piece]
        value = gamma * SCALES[scale](p[state], n) + bias[piece]
        for qubit, bit in enumerate(format(state, f"0{n}b")):  # qubit 0 is the most significant bit
            value += beta[qubit] * code[bit]
        flat.append(gain[tensor] * value + offset[tensor])
    return flat


def check(model, bits, scale, chunk):
    model = model.double()
    with torch.no_grad():
        for parameter in (*model.parameters(), model.generator.gain, model.generator.offset):
            parameter.copy_(torch.randn_like(parameter))
    expected = by_hand(model, bits, scale, chunk)
    generated = model.generate()
    assert list(generated) == [name for slot in model.target.layout.slots for name in slot.names]
    got = [value for tensor in generated.values() for value in tensor.flatten().tolist()]
    assert got == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("bits", CODES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("chunk", [1, 3])
def test_formula_for_every_choice(bits, scale, chunk):
    target = nn.Sequential(
        nn.Linear(5, 3), nn.Linear(3, 7)
    )  # p = 46: no power of two, no multiple of 3
    model = QuantumTrain(target, depth=2, bits=bits, scale=OBJECTS.get(scale, scale), chunk=chunk)
    check(model, bits, scale, chunk)


@pytest.mark.parametrize("p", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("chunk", [1, 3, 20])
def test_formula_for_every_number_of_weights(p, chunk):
    target = nn.Linear(1, p, bias=False)
    model = QuantumTrain(target, depth=1, chunk=chunk, bits="signed", scale="dimension")
    check(model, "signed", "dimension", chunk)


def test_formula_for_a_space_of_different_rotations():
    space = [
        Candidate(entangler="chain"),
        Candidate(hadamard=True, rotation=("rz", "ry", "rx")),
        Candidate(True),
    ]
    model = QuantumTrain(nn.Linear(4, 3), depth=2, candidates=space, bits="binary", scale="tanh")
    check(model, "binary", "tanh", 1)


@pytest.mark.parametrize("limit", [2.0, 32.0, None])
def test_dimension_scale_cuts_both_ways(limit):
    p = torch.tensor([-20.0, -0.3, 0.0, 0.3, 20.0], dtype=torch.float64)
    top = math.inf if limit is None else limit
    expected = [max(-top, min(top, 8 * value)) for value in p.tolist()]
    assert DimensionScale(limit)(p, 3).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_tanh_scale_is_smooth_and_bounded(gain):
    p = torch.tensor([-5.0, 0.01, 0.1], dtype=torch.float64)
    assert TanhScale(gain)(p, 4).tolist() == pytest.approx(
        [math.tanh(gain * 16 * value) for value in p.tolist()]
    )
    assert RawScale()(p, 4) is p
