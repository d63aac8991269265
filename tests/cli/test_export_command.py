"""`diffqas export` as a person types it."""

import json

import pytest
import torch

from diffqas import QuantumTrain, load_network, search
from diffqas.cli import main
from diffqas.tasks.series import SeriesLSTM


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "bessel"
    search("bessel", epochs=1, depth=1, optimizer="adam", output=folder, quiet=True)
    return folder


def test_a_network_and_what_to_feed_it(folder, capsys):
    main(["export", str(folder)])
    name, head, given, out, beside = capsys.readouterr().out.splitlines()
    assert name == str(folder / "network.safetensors")
    size = (folder / "network.safetensors").stat().st_size
    assert head == f"  {size:,} bytes: 1,781 weights, no quantum part"
    scaling = json.loads((folder / "network.json").read_text())["input"]["scaling"]
    assert given.startswith("  input: window (batch, 4) float32: 2 * (value - low)")
    assert f"low {scaling['low']:g}, high {scaling['high']:g}" in given
    assert out.startswith("  output: prediction (batch) float32: low + ")
    assert "network.json" in beside
    assert load_network(folder / "network.safetensors")(torch.zeros(3, 4)).shape == (3,)


def test_a_generators_bytes_stand_beside_those_of_the_network(folder, capsys, tmp_path):
    path = tmp_path / "g.safetensors"
    main(["export", str(folder), "--format", "generator", "--output", str(path)])
    name, line = capsys.readouterr().out.splitlines()
    assert name == str(path)
    assert f"{path.stat().st_size:,} bytes: " in line
    assert "1,781 weights (as safetensors 7,884 bytes" in line
    assert QuantumTrain.from_generator(path, target=SeriesLSTM()).parameter_report().target == 1781


def test_show_lists_what_was_exported(folder, capsys):
    main(["export", str(folder)])
    main(["show", str(folder)])
    assert "network*.safetensors" in capsys.readouterr().out


def test_what_cannot_be_exported_is_one_line(folder, refused, tmp_path, monkeypatch):
    assert "There is no result.json" in refused("export", str(tmp_path))
    assert "`seed` must be one of the run's seeds, 0" in refused(
        "export", str(folder), "--seed", "4"
    )
    assert "must name a .onnx file" in refused(
        "export", str(folder), "--format", "onnx", "--output", "x.txt"
    )
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.json").write_text((folder / "config.json").read_text())
    assert "is not finished. Continue it with `diffqas resume" in refused("export", str(unfinished))
    assert {p.name for p in tmp_path.iterdir()} == {"unfinished"}
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    line = refused("export", str(folder), "--format", "onnx", "--output", str(tmp_path / "n.onnx"))
    assert "pip install 'diffqas[onnx]'" in line
    assert not (tmp_path / "n.onnx").exists()


def test_an_unwritable_output_is_one_line(folder, refused, tmp_path):
    (tmp_path / "n.safetensors").mkdir()
    line = refused("export", str(folder), "--output", str(tmp_path / "n.safetensors"))
    assert "Cannot write" in line
    assert [p.name for p in tmp_path.iterdir()] == ["n.safetensors"]


def test_an_unknown_format_names_the_known_ones(folder, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["export", str(folder), "--format", "pickle"])
    assert stop.value.code == 2
    assert "safetensors" in capsys.readouterr().err
