"""Circuits of a searched layer as files: a script without diffqas gives the model's outputs."""

import json
import runpy

import numpy as np
import pytest
import torch

from diffqas import search
from diffqas.circuits import QLSTM_SPACE
from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.runs.export import export_circuits, export_run
from diffqas.runs.export.circuits import FOLDER

FEW = [QLSTM_SPACE[index] for index in (0, 9)]
SMALL = {"model": "vqc", "candidates": FEW, "epochs": 1, "baselines": False, "quiet": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "iris"
    search("iris", seeds=2, qubits=3, front="linear", output=folder, **SMALL)
    return folder


def reproduced(folder, monkeypatch):
    """Outputs of the written script, and those that stand in the folder."""
    pytest.importorskip("qiskit_qasm3_import")
    monkeypatch.setattr("sys.path", [])  # nothing of diffqas
    monkeypatch.setattr("builtins.print", lambda *words: None)
    names = runpy.run_path(str(folder / "run.py"), run_name="__main__")
    return names["found"], names["expected"]


@pytest.mark.parametrize(
    "options",
    [
        {"qubits": 3, "front": "linear"},
        {"qubits": 3, "observables": "z", "structure": "output", "uploads": 1},
        {"qubits": 2, "depth": 1, "observables": "hermitian", "head": "linear"},
        {"qubits": 3, "observables": "diagonal", "relaxation": "softmax", "sharing": "separate"},
    ],
    ids=str,
)
def test_a_script_gives_the_outputs(options, tmp_path, monkeypatch):
    run = search("iris", output=tmp_path / "run", **SMALL, **options)
    exported = export_circuits(run.folder)
    found, expected = reproduced(exported.path, monkeypatch)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    samples = torch.tensor(exported.about["samples"]["inputs"], dtype=torch.float32)
    with torch.no_grad():
        np.testing.assert_allclose(run.models[0](samples).numpy(), expected, atol=1e-4)


def test_values_and_averaged_images(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    images = search("digits", classes=(0, 1), output=tmp_path / "images", qubits=4, **SMALL)
    found, expected = reproduced(export_circuits(images.folder).path, monkeypatch)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_parts_of_an_image_overlap_where_four_does_not_divide(folder, monkeypatch):
    pytest.importorskip("qiskit_qasm3_import")
    names = runpy.run_path(str(export_circuits(folder).path / "run.py"))
    image = torch.rand(6, 9, dtype=torch.float64)
    wanted = torch.nn.functional.adaptive_avg_pool2d(image[None], 4)[0]
    np.testing.assert_allclose(names["pooled"](image.numpy()), wanted.numpy())


def test_the_best_candidate_of_another_seed(folder, capsys, tmp_path, monkeypatch):
    target = tmp_path / "deep" / "best"
    options = ["--format", "circuits", "--top-k", "1", "--seed", "1", "--output", str(target)]
    main(["export", str(folder), *options])
    name, head, given, out, script = capsys.readouterr().out.splitlines()
    assert name == str(target)
    assert "1 circuit on 3 qubits" in head
    assert given.startswith("  input: rows (batch, 4)")
    assert "(setosa, versicolor, virginica)" in out
    assert "run.py" in script
    written = {"circuit-1.qasm", "circuits.json", "around.safetensors", "run.py"}
    assert {path.name for path in target.iterdir()} == written
    assert json.loads((target / "circuits.json").read_text())["seed"] == 1
    found, expected = reproduced(target, monkeypatch)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_second_export_leaves_no_circuits_of_the_first(folder, tmp_path):
    target = tmp_path / "circuits"
    first = export_circuits(folder, output=target, top_k=2)
    assert first.circuits == 2
    (target / "circuit-9.qasm").write_text("somebody's own")
    export_circuits(folder, output=target, top_k=1)
    names = {path.name for path in target.glob("*.qasm")}
    assert names == {"circuit-1.qasm", "circuit-9.qasm"}
    export_circuits(folder, output=target, top_k=2)
    assert len(json.loads((target / "circuits.json").read_text())["circuits"]) == 2


@pytest.mark.parametrize(
    "listed",
    [
        "no JSON",
        "[]",
        '{"kind": "other", "circuits": [{"file": "circuit-5.qasm"}]}',
        '{"kind": "diffqas-circuits", "circuits": [{"file": "../circuit-5.qasm"}, {"file": "x"}]}',
        '{"kind": "diffqas-circuits", "circuits": 3}',
    ],
)
def test_a_list_from_elsewhere_removes_nothing(listed, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    for place in (inner / "circuit-5.qasm", tmp_path / "circuit-5.qasm", inner / "x"):
        place.write_text("kept")
    (inner / "circuits.json").write_text(listed)
    assert FOLDER.earlier(inner) == []


def test_a_new_run_in_the_folder_leaves_no_exported_circuits(tmp_path):
    options = {**SMALL, "qubits": 2, "output": tmp_path / "run"}
    run = search("iris", **options)
    export_circuits(run.folder)
    search("iris", overwrite=True, **options)
    assert not list((tmp_path / "run" / "circuits").iterdir())


@pytest.mark.parametrize("format", ["safetensors", "onnx", "generator"])
def test_other_formats_say_why_not(folder, format):
    with pytest.raises(RunError, match="neither ONNX nor a classical network has operators"):
        export_run(folder, format)


def test_what_cannot_be_exported_is_one_line(folder, refused, tmp_path):
    words = ("export", str(folder))
    circuits = (*words, "--format", "circuits")
    assert "`k` must be between 1 and" in refused(*circuits, "--top-k", "99")
    assert "`seed` must be one of the run's seeds, 0, 1" in refused(*circuits, "--seed", "7")
    (tmp_path / "file").touch()
    assert "`output` must be a folder" in refused(*circuits, "--output", str(tmp_path / "file"))
    assert "`top_k` must go with --format circuits" in refused(*words, "--top-k", "1")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(ArgumentError, match="`k` must be between"):
        export_circuits(folder, top_k=0)


def test_networks_that_are_written_have_no_circuits_of_their_own(tmp_path):
    options = {"depth": 1, "epochs": 1, "chunk": 64, "optimizer": "adam", "quiet": True}
    run = search("bessel", output=tmp_path / "run", **options)
    with pytest.raises(RunError, match="is of the model qt: circuits with a front and a head"):
        export_circuits(run.folder)
