"""ONNX files judged by onnxruntime: the same outputs as PyTorch, for any number of samples."""

import json

import pytest
import torch
from torch import nn

from diffqas.errors import DataError
from diffqas.runs.export import export_run
from diffqas.runs.export.networks import networks
from diffqas.runs.export.onnx import onnx_content, onnx_difference

ONNX = "the extra onnx"


def test_onnxruntime_computes_what_torch_computes(run, tmp_path):
    onnx = pytest.importorskip("onnx", reason=ONNX)
    runtime = pytest.importorskip("onnxruntime", reason=ONNX)
    pytest.importorskip("onnxscript", reason=ONNX)
    files = export_run(run.folder, "onnx", output=tmp_path / "n.onnx")
    for exported, network in zip(files, networks(run.models[0]).values(), strict=True):
        assert exported.difference < 1e-5
        model = onnx.load(exported.path)
        onnx.checker.check_model(model, full_check=True)
        said = {entry.key: entry.value for entry in model.metadata_props}
        sides = {side: json.loads(said[side]) for side in ("input", "output")}
        session = runtime.InferenceSession(str(exported.path), providers=["CPUExecutionProvider"])
        (side_in,), (side_out,) = session.get_inputs(), session.get_outputs()
        assert (side_in.name, side_out.name) == (sides["input"]["name"], sides["output"]["name"])
        assert side_in.shape[1:] == sides["input"]["shape"][1:]
        for count in (1, 2, 37):
            x = 2 * torch.randn(count, *side_in.shape[1:])
            (found,) = session.run(None, {side_in.name: x.numpy()})
            with torch.no_grad():
                torch.testing.assert_close(
                    torch.from_numpy(found), network(x), rtol=1e-4, atol=1e-5
                )
        if run.folder.name == "bessel":
            assert sides["input"]["scaling"].keys() == {"formula", "low", "high"}
        assert b"site-packages" not in exported.path.read_bytes()
        assert str(tmp_path).encode() not in exported.path.read_bytes()


def test_torchs_lstm_and_double_precision():
    pytest.importorskip("onnxscript", reason=ONNX)
    pytest.importorskip("onnxruntime", reason=ONNX)

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.head = nn.LSTM(1, 6, batch_first=True), nn.Linear(6, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    network, x = Last().double(), torch.randn(4, 7, 1, dtype=torch.float64)
    content = onnx_content(network, x, "x", "y", {"unit": "none"})
    assert onnx_difference(content, network, x) < 1e-5


def test_a_missing_package_is_named(run_of, tmp_path, monkeypatch):
    folder = run_of("bessel").folder
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(DataError, match=r"pip install 'diffqas\[onnx\]'"):
        export_run(folder, "onnx", output=tmp_path / "n.onnx")
    assert not list(tmp_path.iterdir())
