"""Quantum LSTMs whose circuits are measured at every moment."""

import numpy as np
import pytest
import torch

from diffqas import QLSTM, search
from diffqas.architecture import as_relaxation
from diffqas.circuits import QLSTM_SPACE
from diffqas.errors import ArgumentError, RunError
from diffqas.runs import measure_on
from diffqas.runs.noise import noise_run
from diffqas.runs.noise.device import Device, Simulation
from diffqas.runs.noise.pulled_back import damped_outputs
from diffqas.runs.noise.recurrent import RecurrentReading
from diffqas.simulator import features

FEW = [QLSTM_SPACE[index] for index in (0, 6, 9, 13)]
WINDOWS = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double()


def cell(**choices):
    torch.manual_seed(0)
    sizes = {"depth": 2, "candidates": FEW, "spread": 1.0}
    return QLSTM(1, 2, **{**sizes, **choices}).double()


def last(found, x=WINDOWS):
    with torch.no_grad():
        return found(x.unsqueeze(-1))[1][0][-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    options = {"model": "qlstm", "epochs": 1, "depth": 1, "hidden_size": 2, "quiet": True}
    options |= {"optimizer": "adam", "sharing": "shared", "classical": False, "candidates": FEW}
    folder = tmp_path_factory.mktemp("qlstm") / "run"
    return search("bessel", seeds=2, output=folder, **options)


@pytest.mark.parametrize(
    "choices",
    [{}, {"sharing": "shared"}, {"structure": "shared"}, {"squash": "arctan"}],
    ids=str,
)
def test_exact_coefficients_give_what_the_cell_gives(choices):
    own = cell(**choices)
    for found in (own, own.discretize(2)):
        reading = RecurrentReading(found, WINDOWS)
        torch.testing.assert_close(reading.mixed(), last(found))


def test_probabilities_of_a_round_give_the_outputs_that_coefficients_do():
    reading = RecurrentReading(cell(), WINDOWS, constants=True)
    v = torch.randn(6, 3, generator=torch.Generator().manual_seed(2)).double()
    means = reading.readings.means(reading.readings.probabilities(v, reading.run))
    expected = torch.einsum("sf,ckf->csk", features(v), reading.exact)
    torch.testing.assert_close(means, expected)


def test_many_shots_are_exact_and_few_are_not():
    reading = RecurrentReading(cell(), WINDOWS)
    many = reading.weighted(10**15, np.random.default_rng(0))
    torch.testing.assert_close(many, reading.mixed(), atol=1e-6, rtol=0)
    few = [reading.weighted(10, np.random.default_rng(seed)) for seed in range(2)]
    assert not torch.equal(*few)
    assert (few[0] - reading.mixed()).abs().max() > 1e-3


def test_shots_spread_as_their_number_says():
    """A hundred times the shots, a tenth of the deviation: of a smooth function of means."""
    reading = RecurrentReading(cell(relaxation=as_relaxation("softmax")), WINDOWS[:2])
    spreads = []
    for shots in (10_000, 1_000_000):
        draws = [reading.weighted(shots, np.random.default_rng(seed)) for seed in range(60)]
        spreads.append(torch.stack(draws).std(0).mean())
    assert 8 < spreads[0] / spreads[1] < 12.5


def test_wrong_bits_shrink_every_mean():
    """By the probabilities of what is read, bit by bit, as by the factor 1 - 2 e."""
    from diffqas.runs.noise.device import flip, misread

    reading = RecurrentReading(cell(), WINDOWS)
    simulation = Simulation(Device(readout=0.1), 3)
    v = torch.randn(6, 3, generator=torch.Generator().manual_seed(2)).double()
    p = reading.readings.probabilities(v, reading.run)
    for place, index in enumerate(reading.run):
        read = [misread(own, [flip(0.1)] * 3) for own in p[place].numpy()]
        means = reading.readings.means(torch.tensor(np.stack(read))[None])[0]
        found = reading.disturbed(index, simulation)
        torch.testing.assert_close(torch.einsum("sf,kf->sk", features(v), found), means)


@pytest.mark.parametrize("rate", [0.0, 0.003, 0.1])
def test_damped_outputs_are_those_of_a_density_matrix(rate):
    """Each circuit at fixed inputs, so that Qiskit merges what stands between two CNOTs."""
    pytest.importorskip("qiskit_aer")
    # H and RX, in front of a blind candidate, are counted as two pulses and can be had by one.
    space = [one for one in QLSTM_SPACE if not (one.hadamard and one.encoding == "rx")]
    reading = RecurrentReading(cell(candidates=space), WINDOWS, constants=True)
    simulation = Simulation(Device(depolarising=rate or 1e-15), 3)
    v = torch.tensor([[0.3, -1.1, 0.7]], dtype=torch.float64)
    exact = reading.readings.probabilities(v, reading.run)
    for index in reading.run[::7]:
        circuit = reading.readables(index)[0]
        found = torch.from_numpy(damped_outputs(circuit.gates, 3, 2, rate))
        here = torch.einsum("sf,kf->sk", features(v), found)
        fixed = circuit.to_qiskit(v[0].tolist())
        p = simulation.samples(lambda fixed=fixed: fixed, [()], exact[index].numpy())
        means = reading.readings.means(torch.tensor(p)[None])[0]
        # Qiskit merges turns by angles that it rounds.
        torch.testing.assert_close(here, means, atol=1e-6, rtol=0)
        if rate == 0:
            torch.testing.assert_close(found, reading.exact[index])


def test_a_finished_run_is_measured(run, tmp_path):
    options = {"readout": [1e-9, 0.1], "top_k": [1], "repeats": 2, "output": tmp_path / "noise"}
    report = noise_run(run.folder, shots=[10, 10**14], **options)
    exact = report.exact("search")
    assert exact.values("mse") == pytest.approx(run.result["test_mse"], rel=1e-4)
    few, many = report.of("search", "shots")
    for seed in range(2):
        assert many.figures["mse"][seed] == pytest.approx([exact.figures["mse"][seed][0]] * 2, 1e-3)
    assert few.figures["mse"][0][0] != few.figures["mse"][0][1]
    little, much = (row.values("mse") for row in report.of("search", "readout"))
    assert little == pytest.approx(exact.values("mse"), rel=1e-4)
    assert much != pytest.approx(exact.values("mse"), rel=1e-3)
    model = run.models[1]
    few = RecurrentReading(model.cell.discretize(1), WINDOWS)
    # One circuit of each gate, of which some are constants, at every moment.
    assert report.exact("top-1").circuits[1] == len(few.run) * 4
    assert any("at every moment of a window" in note for note in report.notes)


def test_errors_after_gates_are_measured_too(run, tmp_path):
    pytest.importorskip("qiskit_aer")
    options = {"shots": [], "top_k": [1], "samples": 9, "output": tmp_path / "noise"}
    report = noise_run(run.folder, depolarising=[1e-12, 0.05], **options)
    for mixture in ("search", "top-1"):
        exact = report.exact(mixture).values("mse")
        none, much = (row.values("mse") for row in report.of(mixture, "depolarising"))
        assert none == pytest.approx(exact, rel=1e-4)
        assert much != pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("way", ["sampler", "estimator", "pennylane"])
def test_a_device_measures_moment_by_moment(way):
    pytest.importorskip("pennylane" if way == "pennylane" else "qiskit")
    found = cell(candidates=FEW[:1], depth=1)
    x = WINDOWS[:2, :2]
    options, device = {}, "all"
    if way == "estimator":
        from qiskit.primitives import StatevectorEstimator

        options = {"estimator": StatevectorEstimator(seed=np.random.default_rng(0))}
    if way == "pennylane":
        import pennylane

        device = pennylane.device("default.qubit", wires=3, seed=1)
    measured = measure_on(found, device, x, shots=20_000, **options)
    # sigmoid and tanh have slopes of at most 1: five errors of 1 / sqrt(shots) at two moments.
    torch.testing.assert_close(measured, last(found, x), atol=10 / 20_000**0.5, rtol=0)
    assert not torch.equal(measured, last(found, x))


def test_what_is_not_measured_is_told_in_one_line(run, tmp_path):
    with pytest.raises(ArgumentError, match="`backend` must be measured with `primitives` of a"):
        noise_run(run.folder, backend="generic", output=tmp_path / "noise")
    assert not (tmp_path / "noise").exists()
    options = {"model": "qlstm", "epochs": 1, "depth": 1, "hidden_size": 2, "quiet": True}
    options |= {"optimizer": "adam", "sharing": "shared", "classical": False, "candidates": FEW[:1]}
    two = search("bessel", layers=2, output=tmp_path / "two", **options)
    with pytest.raises(RunError, match="has 2 layers and the hidden size 2: one layer of at most"):
        noise_run(two.folder)
