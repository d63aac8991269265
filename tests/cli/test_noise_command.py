"""`diffqas noise` as typed."""

import json
import sys

import pytest

from diffqas import search
from diffqas.cli import main


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    options = {"depth": 1, "epochs": 1, "optimizer": "adam", "chunk": 64, "quiet": True}
    return search("bessel", output=tmp_path_factory.mktemp("runs") / "run", **options)


def test_a_table_and_files(run, capsys):
    main(
        [
            "noise",
            str(run.folder),
            "--shots",
            "100",
            "1000",
            "--readout",
            "0.01",
            "--repeats",
            "2",
            "--top-k",
            "1",
        ]
    )
    printed = capsys.readouterr().out
    assert "1,000 shots" in printed
    assert "readout 0.01" in printed
    assert "of the exact median" in printed
    assert "noise.csv" in printed
    assert (run.folder / "noise" / "noise.md").exists()


def test_search_takes_shots(tmp_path):
    arguments = (
        "search bessel --depth 1 --epochs 1 --chunk 256 --shots 50 --shot-gradient parameter-shift"
    )
    main([*arguments.split(), "--output", str(tmp_path / "run")])
    assert (
        json.loads((tmp_path / "run" / "config.json").read_text())["run"]["kind"]["shots"]["count"]
        == 50
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shots", "-1"], "`shots` must be whole numbers"),
        (["--backend", "fake_nowhere"], "needs qiskit-ibm-runtime, which is not installed"),
        (["--depolarising", "-0.5"], "`depolarising` must be above 0"),
        (["--depolarising", "0.5"], "`depolarising` must be between 0 and 0.1"),
        (["--seeds", "0"], "`seeds` must be"),
    ],
)
def test_wrong_options_are_told(run, refused, options, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", None)
    pytest.importorskip("qiskit_aer")
    assert message in refused("noise", str(run.folder), *options)


def test_a_missing_package_is_named(run, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    assert "pip install 'diffqas[noise]'" in refused(
        "noise", str(run.folder), "--depolarising", "0.001"
    )


def test_runs_that_cannot_be_measured_are_told(run, refused, tmp_path):
    assert "it is not a run folder" in refused("noise", str(tmp_path))
    options = {"hidden_size": 1, "depth": 1, "epochs": 1, "classical": False, "quiet": True}
    other = search("bessel", model="qlstm", layers=2, output=tmp_path / "qlstm", **options)
    assert "one layer of at most 7 is measured" in refused("noise", str(other.folder))
    (other.folder / "result.json").unlink()
    assert "is not finished" in refused("noise", str(other.folder))
    file = tmp_path / "file"
    file.touch()
    assert "`output` must be a folder" in refused("noise", str(run.folder), "--output", str(file))


def test_circuits_are_run_through_primitives(run, refused, capsys, tmp_path):
    pytest.importorskip("qiskit")
    options = [
        "--backend",
        "line",
        "--shots",
        "50",
        "--top-k",
        "1",
        "--output",
        str(tmp_path / "a"),
    ]
    main(["noise", str(run.folder), "--primitives", "sampler", *options])
    assert "sampler line, 50 shots" in capsys.readouterr().out
    words = ["noise", str(run.folder), "--primitives"]
    assert "`primitives` must be sampler where circuits write" in refused(*words, "estimator")
    assert "`backend` must be generic or" in refused(*words, "sampler", "--backend", "nowhere")


def test_agents_are_measured_in_episodes(capsys, tmp_path):
    pytest.importorskip("minigrid")
    options = {"episodes": 4, "workers": 2, "depth": 1, "algorithm": "a2c", "quiet": True}
    run = search("minigrid-empty-5x5", output=tmp_path / "run", **options)
    main(
        [
            "noise",
            str(run.folder),
            "--shots",
            "100",
            "--repeats",
            "1",
            "--top-k",
            "1",
            "--episodes",
            "2",
        ]
    )
    printed = capsys.readouterr().out
    assert "minigrid-empty-5x5: reward, measured circuits" in printed
    assert (run.folder / "noise" / "noise.png").exists()
