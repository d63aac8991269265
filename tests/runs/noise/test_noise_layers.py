"""Searched layers whose circuits are measured: figures beside the exact ones, and what limits."""

import csv

import numpy as np
import pytest
import torch

from diffqas import Diagonal, Hermitian, PauliStrings, QuantumLayer, Z, search
from diffqas.circuits import QLSTM_SPACE
from diffqas.errors import ArgumentError
from diffqas.runs.noise import noise_run
from diffqas.runs.noise.device import Device, Simulation
from diffqas.runs.noise.layer import LayerReading
from diffqas.runs.noise.measured import drawn, weighted

FEW = [QLSTM_SPACE[index] for index in (0, 6, 9)]
SMALL = {"model": "vqc", "candidates": FEW, "epochs": 1, "baselines": False, "quiet": True}
OBSERVABLES = [
    Z(),
    PauliStrings(("ZII", "XIY", "IYX"), trained=True),
    Diagonal(2),
    Hermitian(2),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw") / "run"
    return search("iris", seeds=2, qubits=2, depth=1, output=folder, **SMALL)


@pytest.fixture(scope="module")
def soft(tmp_path_factory):
    """Values, weights that are probabilities, observables in several bases."""
    table = tmp_path_factory.mktemp("data") / "table.csv"
    rows = [f"{k},{(7 * k) % 11},{(3 * k) % 5 + 0.5 * k}" for k in range(20)]
    table.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    options = SMALL | {"observables": "hermitian", "qubits": 3, "relaxation": "softmax"}
    options |= {"head": "linear"}  # which reads all three windows
    folder = tmp_path_factory.mktemp("soft") / "run"
    return search("table", csv=table, label="y", output=folder, **options)


def layer_of(observables, **choices):
    torch.manual_seed(0)
    sizes = {"inputs": 3, "outputs": 3, "candidates": FEW, "observables": observables}
    return QuantumLayer(**{**sizes, **choices}).double()


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
@pytest.mark.parametrize("choices", [{}, {"structure": "output"}, {"uploads": 2}], ids=str)
def test_exact_probabilities_give_the_outputs_of_the_layer(observables, choices):
    layer = layer_of(observables, **choices)
    x = torch.randn(5, 3, dtype=torch.float64)
    with torch.no_grad():
        for found in (layer, layer.discretize(2)):
            torch.testing.assert_close(LayerReading(found, x).mixed(), found(x))


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_shots_are_unbiased(observables):
    layer = layer_of(observables, relaxation="softmax")
    x = torch.randn(4, 3, dtype=torch.float64)
    found, truth = LayerReading(layer, x), layer(x).detach()
    for estimate in (weighted, drawn):
        values = torch.stack(
            [estimate(found, 30, np.random.default_rng(step)) for step in range(400)]
        )
        error = values.std(0) / 400**0.5
        assert ((values.mean(0) - truth).abs() <= 5 * error + 1e-9).all()


@pytest.mark.parametrize("observables", OBSERVABLES, ids=str)
def test_a_device_of_tiny_errors_gives_the_exact_probabilities(observables):
    pytest.importorskip("qiskit_aer")
    layer = layer_of(observables, uploads=2, input_scale="trained", depth=2)
    found = LayerReading(layer, torch.randn(3, 3, dtype=torch.float64))
    simulation = Simulation(Device(depolarising=1e-15), 3)
    for index in found.run:
        torch.testing.assert_close(found.disturbed(index, simulation), found.exact[index])


def test_readout_errors_shrink_an_expectation():
    """<Z> of one qubit whose bit is flipped with probability r is (1 - 2 r) <Z>."""
    layer = layer_of(Z(), candidates=FEW[:1])
    x = torch.randn(6, 3, dtype=torch.float64)
    found, simulation = LayerReading(layer, x, constants=True), Simulation(Device(readout=0.1), 3)
    p = found.disturbed(0, simulation)[None]
    torch.testing.assert_close(found.mixed(p), 0.8 * layer(x).detach())


def test_exact_figures_are_those_of_the_run(run, tmp_path):
    report = noise_run(run.folder, shots=[10**15], top_k=[1], repeats=2, output=tmp_path / "noise")
    exact = report.exact("search").figures
    for name in ("accuracy", "loss"):
        first = [values[0] for values in exact[name]]
        assert first == pytest.approx(run.result[f"test_{name}"], rel=1e-4)
    (many,) = report.of("search", "shots")
    assert many.figures["loss"][0] == pytest.approx(exact["loss"][0] * 2, rel=1e-3)
    model = run.models[1]
    found = model.layer.discretize(1)
    with torch.no_grad():
        inputs, targets = _test_part()
        outputs = model.answers(found(model.angles_of(inputs)))
    alone = report.exact("top-1").figures["loss"][1][0]
    assert alone == pytest.approx(torch.nn.functional.cross_entropy(outputs, targets).item())


def _test_part():
    from diffqas.tasks import load_named, table_task

    test = table_task(load_named("iris")).to("cpu", torch.float32).test
    return test.inputs, test.targets


def test_files_hold_every_figure(soft):
    steps = []
    report = noise_run(
        soft.folder,
        shots=[10, 100],
        readout=[0.01],
        repeats=3,
        top_k=[1],
        progress=lambda done, total: steps.append((done, total)),
    )
    target = soft.folder / "noise"
    assert sorted(path.name for path in target.iterdir()) == ["noise.csv", "noise.md", "noise.png"]
    rows = list(csv.DictReader((target / "noise.csv").read_text().splitlines()))
    assert len(rows) == 3 * (1 + 2 * 3) + 2
    assert {row["mixture"] for row in rows} == {"search", "search, drawn", "top-1"}
    bases = LayerReading(soft.models[0].layer, torch.zeros(1, 2)).bases
    assert bases == 3
    assert report.of("top-1", "shots")[0].circuits == (bases,)
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert any(f"in {bases} bases each" in note for note in report.notes)
    exact = report.exact("search").values("mse")
    assert exact == pytest.approx(soft.result["test_mse"], rel=1e-4)


def test_fewer_samples_are_spread_over_the_test_part(run, tmp_path):
    report = noise_run(run.folder, shots=[], top_k=[], samples=3, output=tmp_path / "noise")
    assert "Figures are of 3 of the 30 test samples" in report.notes[0]
    inputs, targets = _test_part()
    with torch.no_grad():
        outputs = run.models[0](inputs[[0, 14, 29]])
    loss = torch.nn.functional.cross_entropy(outputs, targets[[0, 14, 29]]).item()
    assert report.exact("search").figures["loss"][0][0] == pytest.approx(loss, rel=1e-5)


def test_large_circuits_are_measured_for_as_many_samples_as_can_be_kept(run, monkeypatch, tmp_path):
    monkeypatch.setattr("diffqas.runs.noise.layer.MOST_NUMBERS", 2 * 3 * 4 * 7)
    report = noise_run(run.folder, shots=[], top_k=[], output=tmp_path / "noise")
    assert "Figures are of 7 of the 30 test samples" in report.notes[0]


def test_devices_score_every_mixture(run, tmp_path):
    pytest.importorskip("qiskit_aer")
    options = {"shots": [], "top_k": [1], "samples": 4, "output": tmp_path / "noise"}
    report = noise_run(run.folder, depolarising=[1e-15, 0.1], backend="generic", **options)
    for mixture in ("search", "top-1"):
        exact = report.exact(mixture).values("loss")
        none, much = (row.values("loss") for row in report.of(mixture, "depolarising"))
        assert none == pytest.approx(exact, rel=1e-4)
        assert much != pytest.approx(exact, rel=1e-3)
        assert len(report.of(mixture, "backend")) == 1


def test_a_backend_is_measured_with_shots_too(run, tmp_path):
    pytest.importorskip("qiskit_aer")
    options = {"shots": [20, 10**14], "top_k": [], "samples": 3, "repeats": 2}
    report = noise_run(run.folder, backend="generic", output=tmp_path / "noise", **options)
    without, few, many = report.of("search", "backend")
    assert [row.shots for row in (without, few, many)] == [None, 20, 10**14]
    for seed, values in enumerate(many.figures["loss"]):
        assert values == pytest.approx(2 * without.figures["loss"][seed], rel=1e-4)
    assert len(set(few.figures["loss"][0])) == 2
    table = (tmp_path / "noise" / "noise.md").read_text()
    assert "backend generic, 20 shots" in table
    lines = list(csv.DictReader((tmp_path / "noise" / "noise.csv").read_text().splitlines()))
    of_backend = [line["total_shots"] for line in lines if line["sweep"] == "backend"]
    assert of_backend[:4] == ["", "", "60", "60"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shots": [0]}, "`shots` must be whole numbers"),
        ({"samples": 0}, "`samples` must be a whole number of at least 1"),
        ({"top_k": [99]}, "`k` must be between 1 and"),
        ({"episodes": 3}, "`episodes` must go with an environment"),
        ({"seeds": -1}, "`seeds` must be"),
    ],
)
def test_wrong_arguments_leave_nothing(run, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        noise_run(run.folder, output=tmp_path / "noise", **options)
    assert not (tmp_path / "noise").exists()


def test_samples_are_those_of_a_layer(tmp_path):
    options = {"depth": 1, "epochs": 1, "chunk": 64, "optimizer": "adam", "quiet": True}
    other = search("bessel", output=tmp_path / "run", **options)
    with pytest.raises(ArgumentError, match="`samples` must go with circuits that read samples"):
        noise_run(other.folder, samples=3)
