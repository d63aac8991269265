"""A finished run measured: figures beside the exact ones, files, and what is refused."""

import csv
import json

import numpy as np
import pytest
import torch

from diffqas import search
from diffqas.circuits import TABLE_I
from diffqas.errors import ArgumentError
from diffqas.runs.noise import NoiseReport, NoiseRow, noise_run
from diffqas.runs.noise.measured import drawn, weighted
from diffqas.runs.noise.table import report_csv, report_markdown
from diffqas.runs.noise.writing import Scorer, writing

LIVE = (TABLE_I[1], TABLE_I[6], TABLE_I[10])
SMALL = {"depth": 2, "epochs": 1, "optimizer": "adam", "quiet": True}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return search("bessel", seeds=2, output=tmp_path_factory.mktemp("raw") / "run", **SMALL)


@pytest.fixture(scope="module")
def soft(tmp_path_factory):
    """Few qubits, weights that are probabilities, angles of each candidate's own."""
    options = SMALL | {
        "chunk": 256,
        "relaxation": "softmax",
        "sharing": "separate",
        "candidates": LIVE,
    }
    return search("bessel", seeds=2, output=tmp_path_factory.mktemp("soft") / "run", **options)


def test_exact_figures_are_those_of_the_run(run, tmp_path):
    report = noise_run(run.folder, shots=[10**15], top_k=[2], repeats=2, output=tmp_path / "noise")
    exact = report.exact("search").figures["mse"]
    assert [values[0] for values in exact] == pytest.approx(run.result["test_mse"], rel=1e-4)
    (many,) = report.of("search", "shots")
    assert many.figures["mse"][0] == pytest.approx(exact[0] * 2, rel=1e-3)
    assert report.enough("search") == 10**15
    assert report.exact("top-2").figures["mse"] != exact


def test_figures_of_few_shots_are_those_of_the_sampled_weights(run, tmp_path):
    report = noise_run(run.folder, shots=[500], top_k=[], repeats=2, output=tmp_path / "noise")
    (row,) = report.of("search", "shots")
    found = writing(run.models[1])
    assert found.run == (1, 4, 6, 7, 9, 10)
    p = weighted(found, 500, np.random.default_rng((1, 500, 0, 1)))
    model = run.models[1]
    task_inputs, targets = _test_part()
    with torch.no_grad():
        weights = model.target.layout.tensors(model.generator(p.float()))
        outputs = model.target.call(weights, (task_inputs,), {})
    assert row.figures["mse"][1][1] == pytest.approx(
        torch.nn.functional.mse_loss(outputs, targets).item(), rel=1e-4
    )
    assert row.circuits == (6, 6)


def _test_part():
    from diffqas.searches.data_sets import load_task

    test = load_task("bessel").test.to("cpu", torch.float32)
    return test.inputs, test.targets


def test_mixtures_of_frequencies_are_unbiased(soft):
    found = writing(soft.models[0])
    truth = found.mixed()
    assert torch.allclose(truth, soft.models[0].circuits().detach().double(), atol=1e-6)
    for estimate in (weighted, drawn):
        values = torch.stack(
            [estimate(found, 40, np.random.default_rng(step)) for step in range(600)]
        )
        error = values.std(0) / 600**0.5
        assert ((values.mean(0) - truth).abs() <= 5 * error + 1e-9).all()
    # drawn shots are a multinomial of the mixture: their variance is known
    variance = truth * (1 - truth) / (40 * 3)
    assert torch.allclose(values.var(0), variance, rtol=0.35, atol=1e-9)


def test_seeds_are_measured_alike_in_any_company_and_shots_in_any_list(run, tmp_path):
    both = noise_run(run.folder, shots=[100, 1000], top_k=[], repeats=2, output=tmp_path / "both")
    one = noise_run(run.folder, shots=[1000], top_k=[], repeats=2, seeds=1, output=tmp_path / "one")
    assert one.seeds == (0,)
    expected = both.of("search", "shots")[1].figures["mse"][0]
    assert one.of("search", "shots")[0].figures["mse"][0] == pytest.approx(expected, rel=1e-3)


def test_constants_are_measured_only_when_asked(run, tmp_path):
    report = noise_run(
        run.folder, shots=[100], top_k=[], repeats=1, constants=True, output=tmp_path / "noise"
    )
    assert report.exact("search").circuits == (12, 12)
    assert writing(run.models[0], True).run == tuple(range(len(TABLE_I)))


def test_files_hold_every_figure(soft, tmp_path):
    target = tmp_path / "deep" / "noise"
    steps = []
    report = noise_run(
        soft.folder,
        shots=[10, 100],
        readout=[0.01],
        repeats=3,
        top_k=[1],
        output=target,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert sorted(path.name for path in target.iterdir()) == ["noise.csv", "noise.md", "noise.png"]
    rows = list(csv.DictReader((target / "noise.csv").read_text().splitlines()))
    assert len(rows) == 2 * (3 * (1 + 2 * 3) + 2 * 1)
    assert {row["mixture"] for row in rows} == {"search", "search, drawn", "top-1"}
    (one,) = [
        r
        for r in rows
        if (r["mixture"], r["level"], r["seed"], r["repeat"]) == ("top-1", "100", "1", "2")
    ]
    assert float(one["test_mse"]) == report.of("top-1", "shots")[1].figures["mse"][1][2]
    assert one["total_shots"] == "100"
    assert "| search, drawn | 100 shots | 300 |" in (target / "noise.md").read_text()
    assert steps[-1][0] == steps[-1][1] == len(steps)


def test_readout_errors_move_the_figures_more_the_larger_they_are(run, tmp_path):
    report = noise_run(
        run.folder, shots=[], readout=[1e-9, 0.1], top_k=[], output=tmp_path / "noise"
    )
    exact = report.exact("search").values("mse")
    little, much = (row.values("mse") for row in report.of("search", "readout"))
    assert little == pytest.approx(exact, rel=1e-3)
    assert abs(much[0] / exact[0] - 1) > 0.01


def test_devices_score_every_mixture(soft, tmp_path):
    pytest.importorskip("qiskit_aer")
    options = {"shots": [], "top_k": [1], "output": tmp_path / "noise"}
    report = noise_run(soft.folder, depolarising=[1e-15, 0.05], backend="generic", **options)
    for mixture in ("search", "top-1"):
        exact = report.exact(mixture).values("mse")
        none, much = (row.values("mse") for row in report.of(mixture, "depolarising"))
        assert none == pytest.approx(exact, rel=1e-3)
        assert much != pytest.approx(exact, rel=1e-3)
        assert len(report.of(mixture, "backend")) == 1
    assert "Devices: density matrices, exact." in report.notes


def test_images_are_scored_by_their_accuracy(tmp_path):
    pytest.importorskip("sklearn")
    run = search("digits", classes=(0, 1), depth=1, epochs=1, output=tmp_path / "run", quiet=True)
    report = noise_run(run.folder, shots=[10**15], repeats=1, top_k=[])
    assert report.metrics == ("accuracy", "loss")
    assert report.of("search", "shots")[0].figures["loss"][0][0] == pytest.approx(
        run.result["test_loss"][0], rel=1e-3
    )
    assert (run.folder / "noise" / "noise.png").exists()


def test_a_search_with_shots_is_scored_from_exact_probabilities(tmp_path):
    run = search("bessel", shots=1000, output=tmp_path / "run", **SMALL)
    report = noise_run(run.folder, shots=[], top_k=[1])
    assert report.exact("search").values("mse") == pytest.approx(run.result["test_mse"], rel=1e-4)


def test_a_run_of_one_candidate_has_one_best(tmp_path):
    options = SMALL | {"chunk": 256, "candidates": [TABLE_I[1]]}
    report = noise_run(search("bessel", output=tmp_path / "run", **options).folder, shots=[100])
    assert report.mixtures == ["search", "top-1"]


def test_seeds_that_diverged_are_left_out(run, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for path in run.folder.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    result = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(
        json.dumps(result | {"failures": {"0": "the loss became nan"}})
    )
    assert noise_run(folder, shots=[], top_k=[]).seeds == (1,)


def test_enough_shots_stay_enough():
    def row(sweep, level, value):
        return NoiseRow("search", sweep, level, (6,), {"mse": ((value,),)})

    rows = [
        row("exact", "", 1.0),
        row("shots", 10, 1.05),
        row("shots", 100, 1.2),
        row("shots", 1000, 0.91),
    ]
    report = NoiseReport("t", ("mse",), (0,), tuple(rows), ())
    assert report.enough("search") == 1000
    assert NoiseReport("t", ("mse",), (0,), tuple(rows[:3]), ()).enough("search") is None
    assert "not within 10 %" in report_markdown(
        NoiseReport("t", ("mse",), (0,), tuple(rows[:3]), ())
    )
    assert report_csv(report).splitlines()[-1] == "search,shots,1000,6,6000,0,0,0.91"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shots": [-5]}, "`shots` must be whole numbers from 1 to 1e\\+15, but got -5"),
        ({"shots": [10, 10]}, "`shots` must differ from each other"),
        ({"repeats": 0}, "`repeats` must be a whole number of at least 1"),
        ({"seeds": 0}, "`seeds` must be a whole number of at least 1"),
        ({"top_k": [99]}, "`k` must be between 1 and"),
        ({"readout": [0.0]}, "`readout` must be above 0"),
        ({"readout": [0.7]}, "`readout` must be between 0 and 0.5"),
        ({"method": "exactly"}, "`method` must be one of"),
    ],
)
def test_wrong_arguments_leave_nothing(run, options, message, tmp_path):
    with pytest.raises(ArgumentError, match=message):
        noise_run(run.folder, output=tmp_path / "noise", **({"readout": [0.1]} | options))
    assert not (tmp_path / "noise").exists()


def test_the_scorer_gives_one_figure_per_model(run):
    from diffqas.searches.data_sets import load_task

    task = load_task("bessel").to("cpu", torch.float32)
    score = Scorer(run.models, task)([writing(model).mixed() for model in run.models])
    assert score["mse"] == pytest.approx(run.result["test_mse"], rel=1e-4)
