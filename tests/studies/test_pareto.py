"""Error against two-qubit gates: the front by hand, and a study of one epoch."""

from pathlib import Path

import pytest

from diffqas.cli import main
from pareto import Point, gate_counts, points, table


def test_the_front_is_what_no_other_point_beats_in_both():
    found = [Point(0, 1e-3, 100, 110), Point(0.1, 2e-3, 50, 0), Point(1, 2e-3, 60, 0)]
    assert [point.beaten(found) for point in found] == [False, False, True]
    lines = list(table("bessel", found))
    assert lines[4] == "| 0 | 1.00e-03 | 100.0 | 110 | yes |"
    assert lines[6].endswith("| 60.0 | 0 |  |")
    assert points([], 1) == []


def test_a_searched_layer_has_a_front_too(tmp_path, capsys):
    folder = tmp_path / "study"
    study = Path(__file__).parents[2] / "studies" / "pareto.py"
    main(
        [
            *("study", f"{study}:LAYERS", "--epochs", "1", "--seeds", "2", "--workers", "1"),
            *("--datasets", "iris", "--rows", "two-qubit-gates-l-0", "two-qubit-gates-l-3"),
            *("--output", str(folder)),
        ]
    )
    lines = (folder / "pareto.md").read_text().splitlines()
    assert lines[2].split("|")[2].strip() == "test rows told wrongly, mean"
    errors = [line.split("|")[2].strip() for line in lines[4:6]]
    assert all(error.endswith(" %") for error in errors)
    assert (folder / "pareto-iris.png").exists()
    assert gate_counts("iris", 1)[:2] == [0, 0]
    assert "expected two-qubit gates" in capsys.readouterr().out


def test_a_short_study_leaves_table_and_picture(tmp_path, capsys):
    pytest.importorskip("qiskit")
    folder = tmp_path / "study"
    main(
        [
            *("study", "pareto", "--epochs", "1", "--seeds", "1", "--depth", "1"),
            *("--workers", "1", "--datasets", "narma5", "--output", str(folder)),
            *("--rows", "two-qubit-gates-l-0", "two-qubit-gates-l-3"),
        ]
    )
    lines = (folder / "pareto.md").read_text().splitlines()
    assert lines[0] == "## narma5"
    gates = [float(line.split("|")[3]) for line in lines[4:6]]
    assert 0 < gates[1] <= gates[0] < 40
    assert (folder / "pareto-narma5.png").exists()
    assert "expected two-qubit gates" in capsys.readouterr().out
