"""What the page of a run says is what its folder says, for every kind of run."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from diffqas import search
from diffqas.agents.rewards import moving
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.reports.page import build
from diffqas.reports.terminal import spread
from diffqas.runs.report import report_runs, run_page
from diffqas.storage import load_tensors, save_tensors
from diffqas.tasks.series import load_series

KINDS = {
    "series": ("bessel", {"seeds": [3, 5], "depth": 1, "epochs": 2}),
    "qlstm": (
        "damped-shm",
        {"model": "qlstm", "hidden_size": 1, "depth": 1, "epochs": 2, "classical": False},
    ),
    "images": ("digits", {"classes": [1, 5], "depth": 1, "epochs": 1, "seeds": 2}),
    "agents": ("cartpole", {"episodes": 30, "seeds": 2, "workers": 4, "depth": 2}),
}
NEEDS = {"images": "sklearn", "agents": "gymnasium"}


@pytest.fixture(scope="module", params=KINDS)
def finished(request, tmp_path_factory):
    if request.param in NEEDS:
        pytest.importorskip(NEEDS[request.param])
    dataset, choices = KINDS[request.param]
    return search(
        dataset, **choices, output=tmp_path_factory.mktemp("runs") / request.param, quiet=True
    )


@pytest.fixture(scope="module")
def bessel(tmp_path_factory):
    dataset, choices = KINDS["series"]
    return search(dataset, **choices, output=tmp_path_factory.mktemp("runs") / "bessel", quiet=True)


@pytest.fixture
def run(bessel, tmp_path):
    return shutil.copytree(bessel.folder, tmp_path / "bessel")


def records(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_every_kind_of_run_has_its_page(finished):
    page = run_page(finished.folder)
    result = finished.result
    assert page.finished
    assert not page.notes
    assert page.command.startswith(f"diffqas search {result['task']}")
    figure = (
        result["mean_reward"] if "mean_reward" in result else result[f"test_{result['metric']}"]
    )
    assert page.results is not None
    if result["metric"] != "accuracy":
        assert page.results.rows[0][1] == spread(figure)
        assert spread(figure) in page.summary
    assert [row[0] for row in page.results.rows[1:]] == [
        row["name"] for row in result["references"]
    ]
    assert {circuit.name for circuit in page.circuits} == {
        p.name for p in finished.folder.glob("circuit*.qasm")
    }
    assert all(circuit.drawing.startswith("q0 ") for circuit in page.circuits)
    assert page.ranking is not None
    assert len(page.ranking.rows) == len(result["ranking"])
    assert len(build([page])) < 1_000_000


def test_structural_weights_are_those_of_the_last_record(finished):
    weights = run_page(finished.folder).weights
    assert weights is not None
    last = np.median(records(finished.folder)[-1]["structural_weights"], axis=0)
    shown = np.concatenate([place.values[-1] for place in weights.places])
    assert shown == pytest.approx(last, rel=1e-4)
    ranked = {
        (row.get("gate", ""), name): row
        for row in finished.result["ranking"]
        for name in row["merged"]
    }
    assert len(ranked) == len(shown)
    for place in weights.places:
        for name, constant in zip(place.candidates, place.constant, strict=True):
            assert ranked[place.name, name]["constant"] == constant


def test_curves_and_predictions_of_a_series(bessel):
    page = run_page(bessel.folder)
    (chart,) = page.charts
    assert chart.log
    assert [line.label for line in chart.lines] == ["train", "test"]
    assert chart.lines[1].y[-1] == pytest.approx(np.median(bessel.result["test_mse"]), rel=1e-4)
    samples = load_tensors(bessel.folder / "predictions.pt")
    assert list(page.predictions) == sorted(samples["snapshots"])
    last = page.predictions[2]
    assert last.boundary == samples["boundary"] - 0.5
    data = load_series("bessel")  # the page has the series' own units
    truth = data.unscaled(samples["truth"].numpy())
    predicted = data.unscaled(samples["snapshots"][2][0].numpy())
    assert last.lines[0].y == pytest.approx(truth.tolist(), abs=1e-4)
    assert last.lines[1].y == pytest.approx(predicted.tolist(), rel=1e-3, abs=1e-4)
    assert last.heading == "bessel"
    assert chart.heading == "mse of the series scaled to -1 .. 1"
    assert page.command == "diffqas search bessel --depth 1 --epochs 2 --seed 3 --seeds 2"
    assert "3, 5" in page.remarks[0]


def test_predictions_of_a_version_without_the_scale_are_as_the_model_sees_them(run):
    samples = load_tensors(run / "predictions.pt")
    del samples["scale"]
    save_tensors(run / "predictions.pt", samples)
    result = json.loads((run / "result.json").read_text())
    del result["scale"]
    (run / "result.json").write_text(json.dumps(result))
    page = run_page(run)
    assert page.predictions[2].heading == "value as the model sees it"
    assert page.predictions[2].lines[0].y == pytest.approx(samples["truth"].tolist(), abs=1e-4)
    assert page.charts[0].heading == "mse"


def test_rewards_of_agents(tmp_path):
    pytest.importorskip("gymnasium")
    dataset, choices = KINDS["agents"]
    run = search(dataset, **choices, output=tmp_path / "run", quiet=True)
    (chart,) = run_page(run.folder).charts
    tensors = load_file(run.folder / "episodes.safetensors")
    expected = np.median([moving(tensors[f"reward-{seed}"], 3, 1)[0] for seed in (0, 1)], axis=0)
    assert chart.lines[0].y == pytest.approx(expected, rel=1e-4)
    for name in ("result.json", "episodes.safetensors"):
        (run.folder / name).unlink()
    page = run_page(run.folder)
    assert "not finished (3" in page.summary
    assert page.charts[0].across == "episode"


def test_an_unfinished_run_says_so(run):
    (run / "result.json").unlink()
    page = run_page(run)
    assert not page.finished
    assert page.summary.startswith(
        "This run is not finished (2 of 2 epochs): continue it with `diffqas resume"
    )
    assert page.charts
    assert page.weights is not None
    assert sum(page.weights.places[0].constant) == 6
    (run / "metrics.jsonl").write_text("")
    page = run_page(run)
    assert "no epoch is recorded yet" in page.summary
    assert not page.charts
    build([page])


def test_failures_and_what_is_missing_are_told(run, capsys):
    result = json.loads((run / "result.json").read_text())
    lost = {"failures": {"3": "the loss became nan"}, "test_mse": [float("nan"), 0.25]}
    (run / "result.json").write_text(json.dumps(result | lost))
    for name in ("predictions.pt", "metrics.jsonl"):
        (run / name).unlink()
    main(["report", str(run)])
    printed = capsys.readouterr().out
    assert "bessel: predictions.pt is missing" in printed
    assert "bessel: metrics.jsonl is missing" in printed
    text = (run / "report.html").read_text()
    assert "Seed 3: the loss became nan" in text
    assert "Test mse 0.25 after 2 epochs" in text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("config.json", "{", "Cannot read"),
        (
            "config.json",
            '{"format": 1}',
            "config.json has format 1, this version of diffqas reads format 3",
        ),
        ("result.json", "{}", "result.json: it lacks `task`."),
        ("result.json", "[]", "result.json"),
        ("predictions.pt", "no tensors", "it is damaged"),
    ],
)
def test_damaged_files_are_one_line(run, name, content, words, refused):
    (run / name).write_text(content)
    assert words in refused("report", str(run))
    assert not (run / "report.html").exists()


def test_a_line_that_a_crash_cut_off_is_left_out(run):
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 3, "lo')
    assert run_page(run).charts[0].lines[0].x == [1, 2]


def test_a_report_replaces_a_report_alone(run, tmp_path, refused, capsys):
    assert report_runs([run]) == (run / "report.html", [])
    report_runs([run])
    other = tmp_path / "page.html"
    other.write_text("<p>mine")
    assert "page.html is no report of diffqas" in refused(
        "report", str(run), "--output", str(other)
    )
    assert other.read_text() == "<p>mine"
    main(["report", str(run), "--output", str(other), "--overwrite"])
    assert str(other) in capsys.readouterr().out.replace("\n", "")
    assert "diffqas report" in other.read_text()[:2_000]


def test_several_runs_go_here_and_differ(run, tmp_path, monkeypatch, refused):
    twin = shutil.copytree(run, tmp_path / "twins" / "bessel")
    monkeypatch.chdir(tmp_path)
    path, _ = report_runs([run, twin])
    assert path.resolve() == tmp_path / "report.html"
    assert str(twin) in path.read_text()  # equal names are told apart
    assert "`runs` must differ from each other" in refused(
        "report", str(run), str(run / ".." / "bessel")
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "`runs` must name at least one run folder"),
        (["nowhere"], "There is no folder nowhere."),
        (["nowhere", "--output", "page.pdf"], "`output` must name a .html file, but got page.pdf."),
        (["nowhere", "--output", "no/page.html"], "`output` must lie in a folder that exists"),
    ],
)
def test_wrong_arguments(arguments, words, refused):
    assert words in refused("report", *arguments)


def test_another_run_in_the_folder_takes_its_report_away(run):
    report_runs([run])
    search("bessel", depth=1, epochs=1, output=run, overwrite=True, quiet=True)
    assert not (run / "report.html").exists()


def test_a_folder_with_the_name_of_a_script(run, tmp_path):
    bad = run.rename(tmp_path / "<script>alert(1)<")
    path, _ = report_runs([bad])
    assert "<script>alert" not in path.read_text()
    with pytest.raises(RunError, match="There is no folder"):
        run_page(run)
