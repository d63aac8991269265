"""The study of the accuracy curve, as a user calls it: rows, counts, what is computed again."""

import json
from pathlib import Path

import pytest

from diffqas.cli import main
from diffqas.studies import Plan

SCRIPT = Path(__file__).parents[2] / "studies" / "ten_classes.py"
ROWS = ("search-300", "no-circuit-300", "hashed-300", "ordinary-small-network-300", "direct")
SMALL = ["--datasets", "digits", "--epochs", "1", "--seeds", "2", "--workers", "1"]


@pytest.fixture
def module(monkeypatch):
    """The file as a module; few images, so that an epoch is short."""
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import ten_classes

    return ten_classes


@pytest.fixture
def curve(module, tmp_path, monkeypatch):
    """Runs the study on 120 images, with one rate to choose from."""
    own = tmp_path / "few.py"
    own.write_text(
        "from dataclasses import replace\n"
        "from functools import partial\n"
        "import ten_classes\n"
        "def few(dataset, data_dir, held_out=False):\n"
        "    task = ten_classes.load(dataset, data_dir, held_out)\n"
        "    inputs, targets = task.train.inputs[:120], task.train.targets[:120]\n"
        "    return replace(task, train=replace(task.train, inputs=inputs, targets=targets))\n"
        "TEST = replace(ten_classes.TEN_CLASSES, load=few)\n"
        "HELD_OUT = replace(ten_classes.TEN_CLASSES_HELD_OUT, load=partial(few, held_out=True))\n"
        "ten_classes.FACTORS = (1.0,)\n"
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
    assert counts["hashed-300"] == counts["search-300"] <= 300
    for control in ("no-circuit-300", "ordinary-small-network-300"):
        assert 0.9 * counts["search-300"] < counts[control] <= counts["search-300"]
    assert counts["direct"] == 17_226
    for cell in cells.values():
        assert cell["seeds"] == [100, 101]
    printed = capsys.readouterr().out
    table = (tmp_path / "curve" / "settings.md").read_text()
    assert table.strip() in printed
    assert table.splitlines()[0].startswith("| data set | numbers | row | accuracy, % | seeds |")
    assert table.splitlines()[-1].startswith("| digits | 17,226 | direct |")


def test_a_budget_is_tested_by_itself(module):
    """Against its own search, adjusted over its own rows, as `compare` does."""
    from diffqas.studies import ACCURACY, Cell, compare, holm

    def cell(row, *accuracies):
        group = "search" if row.startswith("search") else "control"
        named = {"study": "c", "dataset": "mnist", "row": row, "group": group}
        seeds = list(range(len(accuracies)))
        figures = {name: list(accuracies) for name in (ACCURACY.test, "train_accuracy")}
        none = dict.fromkeys(("circuit", "target", "identical"))
        whole = {"seeds": seeds, "figures": figures, "seconds": 2.0, "failures": {}}
        return Cell(**named, **none, **whole, trainable=9, deterministic=False)

    rise = [0.01 * value for value in range(7)]
    cells = [
        cell("search 300", *(0.5 + value for value in rise)),
        cell("hashed 300", *(0.4 + value for value in rise)),
        cell("no circuit 300", *(0.5 - value for value in rise)),
        cell("search 1000", *(0.9 + value for value in rise)),
        cell("hashed 1000", 0.9, 0.8),
        cell("direct", *(0.99 for _ in rise)),
    ]
    lines = list(module.table(cells))[2:]
    assert [line.split(" | ")[2] for line in lines] == [cell.row for cell in cells]
    gaps = [line.split(" | ")[5].strip() for line in lines]
    assert gaps == ["", "+10.00", "+6.00", "", "+5.50", ""]
    p = [line.split(" | ")[6].strip() for line in lines]
    expected = holm([entry.p for entry in compare(cells[:3], metric=ACCURACY).others])
    assert p == ["", *(f"{value:.3f}" for value in expected), "", "", ""]


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


def test_every_budget_is_kept(module):
    from diffqas.quantum_train import QuantumTrain
    from diffqas.tasks.images import MLP

    for budget, point in module.POINTS.items():
        model = QuantumTrain(
            MLP((28, 28), 10), depth=point.depth, mapping=point.mapping, chunk=point.chunk
        )
        assert 0.9 * budget < model.parameter_report().total <= budget


def test_images_may_lie_in_a_folder_of_files():
    plan = Plan(f"{SCRIPT}:TEN_CLASSES", data_dir="data")
    assert plan.datasets == ("mnist", "fashion-mnist", "digits")
