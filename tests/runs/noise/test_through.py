"""Finished runs and models in hand, measured by what a device itself gives."""

import csv

import numpy as np
import pytest
import torch

from diffqas import Hermitian, PauliStrings, QuantumLayer, search
from diffqas.circuits import QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.runs import measure_on
from diffqas.runs.noise import noise_run
from diffqas.runs.noise.layer import LayerReading
from diffqas.runs.noise.writing import writing

pytest.importorskip("qiskit")
FEW = [QLSTM_SPACE[index] for index in (0, 6, 9)]
SHOTS = 20_000


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    options = {"depth": 1, "epochs": 1, "chunk": 256, "optimizer": "adam", "quiet": True}
    folder = tmp_path_factory.mktemp("written") / "run"
    return search("bessel", seeds=2, output=folder, **options)


@pytest.fixture(scope="module")
def layered(tmp_path_factory):
    options = {"model": "vqc", "candidates": FEW, "epochs": 1, "baselines": False, "quiet": True}
    folder = tmp_path_factory.mktemp("layered") / "run"
    return search("iris", seeds=2, qubits=2, depth=1, output=folder, **options)


def layer_of(observables):
    torch.manual_seed(0)
    return QuantumLayer(3, 2, candidates=FEW, observables=observables).double()


@pytest.mark.parametrize("device", ["all", "line", "pennylane"])
def test_probabilities_agree_with_the_exact_ones(written, device):
    if device == "pennylane":
        pennylane = pytest.importorskip("pennylane")
        device = pennylane.device("default.qubit", seed=2)
    model = written.models[0]
    found, exact = measure_on(model, device, shots=SHOTS, seed=1), writing(model)
    error = sum(
        (exact.weights[index] ** 2 * exact.exact[index] * (1 - exact.exact[index]) / SHOTS)
        for index in exact.run
    )
    assert ((found - exact.mixed()).abs() <= 5 * error.sqrt() + 1e-9).all()
    assert not torch.equal(found, exact.mixed())


@pytest.mark.parametrize("observables", [PauliStrings(("ZII", "XIY")), Hermitian(2)], ids=str)
@pytest.mark.parametrize("way", ["sampler", "estimator", "mixed", "lightning"])
def test_outputs_agree_with_the_exact_ones(observables, way):
    from qiskit.primitives import StatevectorEstimator

    layer = layer_of(observables)
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(4)).double()
    options, device = {}, "all"
    if way == "estimator":
        options = {"estimator": StatevectorEstimator(seed=np.random.default_rng(1))}
    if way in ("mixed", "lightning"):
        pennylane = pytest.importorskip("pennylane")
        name = {"mixed": "default.mixed", "lightning": "lightning.qubit"}[way]
        device = pennylane.device(name, wires=3, seed=2)
    found = measure_on(layer, device, x, shots=SHOTS, seed=3, **options)
    exact = layer(x).detach()
    # Means of many small draws tell the spread, which falls as the root of the shots.
    if way == "sampler":
        draws = [measure_on(layer, device, x, shots=100, seed=seed) for seed in range(20)]
        values = torch.stack(draws)
        assert ((values.mean(0) - exact).abs() <= 5 * values.std(0) / 20**0.5).all()
    values = [LayerReading(layer, x).weighted(100, np.random.default_rng(k)) for k in range(200)]
    error = torch.stack(values).std(0) * (100 / SHOTS) ** 0.5
    # An estimator spreads its shots over the strings in its own way.
    slack = 3 if way == "estimator" else 1
    assert ((found - exact).abs() <= 5 * slack * error).all()
    assert not torch.equal(found, exact)


def test_answers_of_a_model_are_those_of_its_head(layered):
    model = layered.models[0]
    x = torch.randn(4, 4)
    with torch.no_grad():
        exact = model(x)
    found = measure_on(model, "all", x, shots=SHOTS)
    torch.testing.assert_close(found.float(), exact, atol=0.3, rtol=0)
    assert found.shape == exact.shape


def test_rows_of_a_device_stand_beside_the_simulated_ones(written, tmp_path):
    steps = []
    report = noise_run(
        written.folder,
        primitives="sampler",
        backend="line",
        shots=[100, 1000],
        top_k=[1],
        repeats=2,
        output=tmp_path / "noise",
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps[-1][0] == steps[-1][1] == len(steps)
    few, many = report.of("search", "sampler")
    assert (few.level, few.shots, many.shots) == ("line", 100, 1000)
    assert len(few.figures["mse"][1]) == 2
    assert few.figures["mse"][1][0] != few.figures["mse"][1][1]
    table = (tmp_path / "noise" / "noise.md").read_text()
    assert "| sampler line, 1,000 shots |" in table
    assert "| routed to | candidate |" in table
    assert "Measured through Qiskit's SamplerV2 on line" in table
    lines = list(csv.DictReader((tmp_path / "noise" / "noise.csv").read_text().splitlines()))
    there = [line for line in lines if line["sweep"] == "sampler" and line["mixture"] == "search"]
    assert [line["total_shots"] for line in there] == ["600"] * 4 + ["6000"] * 4
    assert (tmp_path / "noise" / "noise.png").exists()


def test_the_usual_shots_of_a_device_are_few(layered, tmp_path):
    options = {"samples": 4, "top_k": [1], "output": tmp_path / "noise"}
    report = noise_run(layered.folder, primitives="estimator", **options)
    (row,) = report.of("search", "estimator")
    assert (row.shots, len(row.figures["loss"][0]), row.level) == (4096, 1, "all")
    exact = report.exact("search").values("loss")
    assert row.values("loss") == pytest.approx(exact, rel=0.1)
    assert "asked for standard errors of 1 / sqrt(shots)" in report.notes[-1]


def test_a_sampler_and_a_backend_of_the_callers_own_are_used(layered, tmp_path):
    from qiskit.primitives import StatevectorSampler

    class Counting(StatevectorSampler):
        runs = 0

        def run(self, pubs, *, shots=None):
            self.runs += 1
            return super().run(pubs, shots=shots)

    own = Counting(seed=1)
    options = {"samples": 3, "top_k": [1], "shots": [200], "output": tmp_path / "noise"}
    report = noise_run(layered.folder, sampler=own, **options)
    # One job for each seed: the best candidate alone is among those that were measured.
    assert own.runs == 2
    assert [row.level for row in report.of("top-1", "sampler")] == ["all"]


def test_a_backend_as_an_object_is_run_on(layered, tmp_path):
    aer = pytest.importorskip("qiskit_aer")
    from qiskit.transpiler import CouplingMap

    line = CouplingMap.from_line(3)
    backend = aer.AerSimulator(coupling_map=line, basis_gates=["rz", "sx", "x", "cx"], n_qubits=3)
    options = {"samples": 3, "top_k": [], "shots": [5000], "seeds": 1}
    report = noise_run(layered.folder, backend=backend, output=tmp_path / "noise", **options)
    (row,) = report.of("search", "sampler")
    assert row.values("loss") == pytest.approx(report.exact("search").values("loss"), rel=0.1)
    assert report.costs[0].cost.two_qubit_gates >= 1


def test_a_device_of_pennylane_measures_a_run(layered, tmp_path, misreading):
    device = misreading(0.2, wires=2, seed=1)
    options = {"samples": 5, "top_k": [], "shots": [10**6], "seeds": 1, "readout": [0.2]}
    report = noise_run(layered.folder, backend=device, output=tmp_path / "noise", **options)
    (row,) = report.of("search", "pennylane")
    (closed,) = report.of("search", "readout")
    # The same errors, here in closed form and without shot noise.
    assert row.values("loss") == pytest.approx(closed.values("loss"), rel=0.004)
    assert row.level == "default.mixed"
    assert row.values("loss") != pytest.approx(report.exact("search").values("loss"), rel=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"primitives": "estimator"}, "`primitives` must be sampler where circuits write weights"),
        ({"primitives": "both"}, "`primitives` must be one of"),
        (
            {"primitives": "sampler", "shots": [10**9]},
            "`shots` must be whole numbers from 1 to 10,",
        ),
        ({"primitives": "sampler", "estimator": object()}, "`primitives` must be that of the obj"),
        ({"sampler": object(), "estimator": object()}, "`estimator` must be None beside a"),
        ({"primitives": "sampler", "backend": "nowhere"}, "`backend` must be generic or a fake"),
    ],
)
def test_wrong_arguments_leave_nothing(written, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        noise_run(written.folder, output=tmp_path / "noise", **options)
    assert not (tmp_path / "noise").exists()


def test_wrong_models_and_samples_are_told_in_one_line(written):
    layer = layer_of(Hermitian(2))
    with pytest.raises(ArgumentError, match="`x` must hold the samples that the circuits read"):
        measure_on(layer)
    with pytest.raises(ArgumentError, match="`x` must be None of weights"):
        measure_on(written.models[0], "all", torch.zeros(2, 3))
    with pytest.raises(ArgumentError, match="`model` must be a QuantumTrain, QuantumLayer or QL"):
        measure_on(torch.nn.Linear(2, 2), "all", torch.zeros(2, 2))
