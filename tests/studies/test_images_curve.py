"""The study of the accuracy curve, as a user calls it: rows, counts, what is computed again."""

import json
from pathlib import Path

import pytest

from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.studies import Plan

SCRIPT = Path(__file__).parents[2] / "studies" / "images_curve.py"
ROWS = ("search-300", "no-circuit-300", "hashed-300", "subspace-300", "direct")
SMALL = ["--datasets", "digits", "--epochs", "1", "--seeds", "2", "--workers", "1"]


@pytest.fixture
def module(monkeypatch):
    """The file as a module; few images, so that an epoch is short."""
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import images_curve

    return images_curve


@pytest.fixture
def curve(module, tmp_path, monkeypatch):
    """Runs the study on 120 images."""
    own = tmp_path / "few.py"
    own.write_text(
        "from dataclasses import replace\n"
        "from functools import partial\n"
        "import images_curve\n"
        "def few(dataset, data_dir, held_out=False):\n"
        "    task = images_curve.load(dataset, data_dir, held_out)\n"
        "    inputs, targets = task.train.inputs[:120], task.train.targets[:120]\n"
        "    return replace(task, train=replace(task.train, inputs=inputs, targets=targets))\n"
        "TEST = replace(images_curve.IMAGES_CURVE, load=few)\n"
        "HELD_OUT = replace(TEST, load=partial(few, held_out=True))\n"
    )

    def run(study, folder, rows=ROWS):
        main(["study", f"{own}:{study}", *SMALL, "--rows", *rows, "--output", str(folder)])
        files = sorted(folder.glob("cells/digits/*.json"))
        return {file.stem: json.loads(file.read_text()) for file in files}

    return run


def test_every_row_has_a_cell_and_the_controls_have_the_searchs_count(curve, tmp_path, capsys):
    cells = curve("HELD_OUT", tmp_path / "curve")
    assert set(cells) == set(ROWS)
    counts = {row: cell["trainable"] for row, cell in cells.items()}
    assert counts["hashed-300"] == counts["subspace-300"] == counts["search-300"] <= 300
    assert counts["no-circuit-300"] < counts["search-300"] < counts["direct"] == 17_226
    for cell in cells.values():
        assert len(cell["test_accuracy"]) == 2
    printed = capsys.readouterr().out
    table = (tmp_path / "curve" / "settings.md").read_text()
    assert table.strip() in printed
    assert table.splitlines()[0] == "| numbers | row | accuracy, % | seeds |"
    assert table.splitlines()[-1].startswith("| 17,226 | direct |")


def test_the_held_out_images_are_none_of_the_test_part(module):
    tested = module.load("digits", None)
    chosen = module.load("digits", None, held_out=True)
    assert len(chosen.train) + len(chosen.test) == len(tested.train)


def test_what_stands_there_is_not_computed_again(curve, tmp_path, capsys):
    folder = tmp_path / "curve"
    first = curve("TEST", folder, ["hashed-300"])
    capsys.readouterr()
    assert curve("TEST", folder, ["hashed-300"]) == first
    assert "1 cells, 1 of them finished before" in capsys.readouterr().out
    # Other samples are another study, in a folder of its own.
    with pytest.raises(SystemExit):
        curve("HELD_OUT", folder, ["hashed-300"])
    assert "was begun with study test, not held-out" in capsys.readouterr().err
    other = curve("HELD_OUT", tmp_path / "other", ["hashed-300"])
    assert other["hashed-300"]["test_accuracy"] != first["hashed-300"]["test_accuracy"]


def test_a_subspace_that_is_too_large_is_left_out_and_said(module, monkeypatch):
    monkeypatch.setattr(module, "MEMORY", 0.001)
    task = module.load("digits", None)
    (row,) = [row for row in module.rows(module.SETTINGS, "default") if row.slug == "subspace-300"]
    with pytest.raises(RunError, match=r"directions of 2 seeds take 0\.0 GiB, more than 0\.001"):
        row.populate(task, row.settings, [0, 1])


def test_every_budget_is_kept(module):
    from diffqas.quantum_train import QuantumTrain
    from diffqas.tasks.images import MLP

    for budget, point in module.POINTS.items():
        model = QuantumTrain(
            MLP((28, 28), 10), depth=point.depth, mapping=point.mapping, chunk=point.chunk
        )
        assert 0.9 * budget < model.parameter_report().total <= budget


def test_images_may_lie_in_a_folder_of_files():
    plan = Plan(f"{SCRIPT}:IMAGES_CURVE", data_dir="data")
    assert plan.datasets == ("mnist", "fashion-mnist", "digits")
