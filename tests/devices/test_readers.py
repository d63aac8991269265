"""What measures circuits, whoever makes the device: the simulator's exact values in the mean."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, InputSlot, operations
from diffqas.devices import (
    NO_INPUTS,
    EstimatorReader,
    PennyLaneReader,
    Readable,
    SamplerReader,
    reader_of,
)
from diffqas.errors import ArgumentError, DataError
from diffqas.layers import LayerReadings
from diffqas.simulator import gate_states

SHOTS = 10_000
DRAW = np.random.default_rng(1)
ANGLES = DRAW.normal(size=(2, 3)).tolist()
INPUTS = DRAW.normal(size=(4, 3))
RING = QLSTM_SPACE[9]
HADAMARD = np.array([[1, 1], [1, -1]], complex) / np.sqrt(2)


def circuit(turns=()):
    return Readable(RING.name, 3, operations(RING, ANGLES, ["x0", "x1", "x2"]), turns)


def exact(inputs=INPUTS) -> np.ndarray:
    gates = operations(RING, ANGLES, ["x0", "x1", "x2"])
    return gate_states(gates, 3, torch.tensor(inputs)).abs().square().numpy()


def within_shot_noise(found, p, shots=SHOTS) -> bool:
    """Every frequency lies within five standard errors of its probability."""
    return bool((np.abs(found - p) <= 5 * np.sqrt(p * (1 - p) / shots) + 1e-9).all())


def pennylane_device(name, **options):
    pennylane = pytest.importorskip("pennylane")
    try:
        return pennylane.device(name, wires=3, **options)
    except pennylane.DeviceError:
        pytest.skip(f"{name} is not installed")


@pytest.mark.parametrize("device", ["all", "line"])
def test_the_sampler_gives_every_sample_its_own_frequencies(device):
    pytest.importorskip("qiskit")
    reader = reader_of(device)
    assert isinstance(reader, SamplerReader)
    one, other = reader.read([circuit(), circuit()], INPUTS, SHOTS, seed=2)
    assert within_shot_noise(one, exact())
    assert within_shot_noise(other, exact())
    # Circuits that are alike are drawn by themselves, not by the same numbers.
    assert not np.array_equal(one, other)
    again = SamplerReader(device).read([circuit()], INPUTS, SHOTS, seed=2)
    assert np.array_equal(again[0], one)
    assert list(reader.costs) == [RING.name]


@pytest.mark.parametrize("name", ["default.qubit", "default.mixed", "lightning.qubit"])
def test_a_device_of_pennylane_gives_them_too(name):
    reader = reader_of(pennylane_device(name, seed=3))
    assert isinstance(reader, PennyLaneReader)
    (found,) = reader.read([circuit()], INPUTS, SHOTS)
    assert within_shot_noise(found, exact())
    assert (reader.way, reader.name) == ("pennylane", name)


def test_errors_of_a_device_of_pennylane_are_those_of_the_closed_form(misreading):
    from diffqas.runs.noise.device import flip, misread

    device = misreading(0.1, wires=3, seed=3)
    (found,) = reader_of(device).read([circuit()], INPUTS, SHOTS)
    p = np.stack([misread(own, [flip(0.1)] * 3) for own in exact()])
    assert within_shot_noise(found, p)
    assert not within_shot_noise(found, exact())


@pytest.mark.parametrize("way", ["qiskit", "pennylane"])
def test_a_basis_is_turned_to_before_the_measurement(way):
    pytest.importorskip(way)
    reader = SamplerReader() if way == "qiskit" else reader_of(pennylane_device("default.qubit"))
    swapped = np.eye(4, dtype=complex)[[0, 1, 3, 2]]  # CNOT from the first to the second qubit
    turns = [((0,), HADAMARD), ((2, 1), swapped)]
    (found,) = reader.read([circuit(turns)], INPUTS, SHOTS, seed=1)
    states = gate_states(circuit().gates, 3, torch.tensor(INPUTS)).numpy()
    whole = np.kron(HADAMARD, np.eye(4)[[0, 3, 2, 1]])
    assert within_shot_noise(found, np.abs(states @ whole.T) ** 2)


@pytest.mark.parametrize("device", ["all", "line"])
def test_an_estimator_is_asked_for_the_precision_of_the_shots(device):
    pytest.importorskip("qiskit")
    reader = EstimatorReader(device)
    sums = [{"ZII": 1.0}, {"IZZ": 0.5, "ZIZ": -2.0}]
    (found,) = reader.expectations([circuit()], sums, INPUTS, SHOTS, seed=4)
    signs = np.array([1.0, -1.0])
    p = exact().reshape(-1, 2, 2, 2)
    first = np.einsum("sabc,a->s", p, signs)
    pairs = [np.einsum(f"sabc,{one},{two}->s", p, signs, signs) for one, two in ("bc", "ac")]
    expected = np.stack([first, 0.5 * pairs[0] - 2 * pairs[1]], axis=1)
    # The second sum has at most the standard error of both terms added up.
    assert (np.abs(found - expected) <= 5 * np.array([1, 2.5]) / SHOTS**0.5).all()
    assert found.shape == (4, 2)


def test_circuits_without_data_have_one_sample():
    pytest.importorskip("qiskit")
    still = Readable("still", 3, [gate for gate in circuit().gates if not gate.encodes])
    assert not any(isinstance(angle, InputSlot) for gate in still.gates for angle in gate.angles)
    found = SamplerReader().read([still], NO_INPUTS, 100)
    assert found.shape == (1, 1, 8)
    # Beside others that read data, it is the same for all of their samples.
    both = SamplerReader().read([still, circuit()], INPUTS, 100)
    assert all(np.array_equal(one, other) for one, other in pairwise(both[0]))


def test_what_a_device_cannot_do_is_told_in_one_line():
    pytest.importorskip("qiskit")
    with pytest.raises(ArgumentError, match="`shots` must be whole numbers from 1 to 10,000,000"):
        SamplerReader().read([circuit()], INPUTS, 10**8)
    with pytest.raises(ArgumentError, match="`backend` must be generic or a fake backend"):
        SamplerReader("nowhere").read([circuit()], INPUTS, 10)
    pennylane = pytest.importorskip("pennylane")
    small = reader_of(pennylane.device("default.qubit", wires=2))
    with pytest.raises(ArgumentError, match="`backend` must have at least 3 wires, numbered from"):
        small.read([circuit()], INPUTS, 10)
    with pytest.raises(ArgumentError, match="`sampler` must go with a device of Qiskit"):
        reader_of(pennylane.device("default.qubit"), sampler=object())

    class Broken(pennylane.devices.DefaultQubit):
        def execute(self, *_, **__):
            raise RuntimeError("out of\n  liquid helium")

    with pytest.raises(DataError, match="could not run the circuits: out of liquid helium"):
        reader_of(Broken(wires=3)).read([circuit()], INPUTS, 10)


def test_a_layer_hands_out_what_it_measures():
    from diffqas import PauliStrings, QuantumLayer

    torch.manual_seed(0)
    observables = PauliStrings(("ZII", "XIY"))
    layer = QuantumLayer(3, 2, candidates=[RING], observables=observables).double()
    x = torch.tensor(INPUTS)
    readings = LayerReadings(layer, x)
    for place in range(len(readings.bases)):
        own = readings.readable(0, place)
        states = gate_states(own.gates, 3, x)
        assert len(own.turns) == len(readings.bases[place].turns)
        assert states.shape == (4, 8)
