"""The script of the accuracy curve, as a user calls it: rows, counts, what is computed again."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "studies" / "images_curve.py"
SMALL = [
    "--dataset",
    "digits",
    "--images",
    "120",
    "--epochs",
    "1",
    "--seeds",
    "2",
    "--budgets",
    "300",
]


@pytest.fixture
def script(monkeypatch):
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("images_curve", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "images_curve", module)  # dataclasses look their module up
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["images_curve.py", *SMALL, *arguments])
        module.main()

    run.module = module
    return run


def test_every_row_writes_a_line_and_the_controls_have_the_searchs_count(script, tmp_path, capsys):
    out = tmp_path / "curve.jsonl"
    script("--out", str(out), "--validate")
    entries = {entry["row"]: entry for entry in map(json.loads, out.read_text().splitlines())}
    assert list(entries) == list(script.module.ROWS)
    counts = {row: entry["trainable"] for row, entry in entries.items()}
    assert counts["hashed"] == counts["subspace"] == counts["search"] <= 300
    assert counts["no-circuit"] < counts["search"] < counts["direct"] == 17_226
    for entry in entries.values():
        assert len(entry["test_accuracy"]) == 2
        assert entry["identity"]["validate"] is True
    table = capsys.readouterr().out.splitlines()[-7:]
    assert table[0] == "| numbers | row | accuracy, % | seeds |"
    assert table[-1].startswith("| 17,226 | direct |")


def test_what_stands_there_is_not_computed_again_and_other_settings_are(
    script, tmp_path, monkeypatch
):
    out = tmp_path / "curve.jsonl"
    script("--out", str(out), "--rows", "hashed")
    first = out.read_text()
    with monkeypatch.context() as patch:
        patch.setattr(script.module, "measure", None)
        script("--out", str(out), "--rows", "hashed")
    assert out.read_text() == first
    script("--out", str(out), "--rows", "hashed", "--validate")
    assert out.read_text().startswith(first)
    assert len(out.read_text().splitlines()) == 2


def test_a_subspace_that_is_too_large_is_left_out_and_said(script, tmp_path, capsys):
    out = tmp_path / "curve.jsonl"
    script("--out", str(out), "--rows", "subspace", "--memory", "0.001")
    assert (
        "300 subspace   left out: its directions take 0.0 GiB (--memory, --seeds)"
        in capsys.readouterr().out
    )
    assert not out.exists()


def test_every_budget_is_kept(script):
    from diffqas.quantum_train import QuantumTrain
    from diffqas.tasks.images import MLP

    for budget, point in script.module.POINTS.items():
        model = QuantumTrain(
            MLP((28, 28), 10), depth=point.depth, mapping=point.mapping, chunk=point.chunk
        )
        assert 0.9 * budget < model.parameter_report().total <= budget
