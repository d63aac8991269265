"""`diffqas predict` as a person types it."""

import csv
import shutil

import numpy as np
import pytest
import torch

from diffqas import load, search
from diffqas.cli import main
from diffqas.errors import ArgumentError, RunError
from diffqas.runs import predict_run
from diffqas.tasks.tables import load_table

TINY = {"depth": 1, "epochs": 2, "quiet": True}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rows = [
        f"{i % 7},{i * i % 11},{'high' if i % 7 > 3 else 'low'},{1.3 * (i % 7):.1f}"
        for i in range(60)
    ]
    path = tmp_path_factory.mktemp("table") / "own.csv"
    path.write_text("\n".join(["a,b,kind,value", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def classes(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes") / "run"
    options = {"csv": table, "label": "kind", "leave_out": ["value"], "seeds": 2}
    return search("table", **options, **TINY, output=folder).folder


@pytest.fixture
def run(classes, tmp_path):
    return shutil.copytree(classes, tmp_path / "run")


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def failed(words, capsys):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_test_rows_have_the_run_s_accuracy(run, table, tmp_path, capsys):
    data = load_table(table, "kind", leave_out=["value"])
    values = np.round(data.test_inputs * data.stds + data.means)
    names = [data.class_names[place] for place in data.test_targets]
    rows = [f"{a:g},{b:g},{name}" for (a, b), name in zip(values, names, strict=True)]
    new = tmp_path / "new.csv"
    new.write_text("\n".join(["a,b,kind", *rows]) + "\n")
    main(["predict", str(run), str(new)])
    printed = capsys.readouterr().out
    for words in ("line", "kind", "probability", f"of {len(rows)} rows", "predicted.csv"):
        assert words in printed
    found = read(run / "predicted.csv")
    assert [line["kind"] for line in found] == names
    first = load(run).models[0].export().eval()
    logits = first(torch.tensor(data.test_inputs, dtype=torch.float32))
    alone = predict_run(run, new).each[0]
    assert alone == pytest.approx(logits.softmax(dim=1).detach().numpy(), abs=1e-6)
    for line in found:
        shares = [float(line[f"probability of {name}"]) for name in data.class_names]
        assert sum(shares) == pytest.approx(1)
        assert line["predicted kind"] == data.class_names[int(np.argmax(shares))]


def test_values_of_several_seeds_have_a_range(table, tmp_path, capsys):
    folder = tmp_path / "values"
    search("table", csv=table, label="value", seeds=2, **TINY, output=folder)
    new = tmp_path / "new.csv"
    new.write_text("b;a;kind\n3;2;low\n1;6;high\n")
    main(["predict", str(folder), str(new), "--output", str(tmp_path / "there.csv")])
    printed = capsys.readouterr().out
    assert "lowest .. highest" in printed
    assert "2 rows in" in printed
    assert "squared" not in printed
    for line in read(tmp_path / "there.csv"):
        low, high = float(line["lowest"]), float(line["highest"])
        assert low <= float(line["predicted value"]) <= high
    assert not (folder / "predicted.csv").exists()


def test_a_circuit_that_reads_the_rows_predicts_too(table, tmp_path):
    options = {"csv": table, "label": "kind", "leave_out": ["value"], "model": "vqc"}
    folder = tmp_path / "vqc"
    search("table", **options, **TINY, output=folder)
    found = predict_run(folder, table)
    assert found.each.shape == (1, 60, 2)
    assert found.score is not None


def test_a_run_names_the_command(run, capsys):
    main(["show", str(run)])
    assert f"diffqas predict {run} ROWS.csv" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_predict_is_refused(run, table, tmp_path, capsys):
    assert "no such file" in failed(["predict", str(run), str(tmp_path / "no.csv")], capsys)
    (run / "predicted.csv").touch()
    assert "no such file" in failed(["predict", str(run), str(tmp_path / "no.csv")], capsys)
    (run / "predicted.csv").unlink()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a\n1\n")
    assert "there is no column 'b'" in failed(["predict", str(run), str(wrong)], capsys)
    assert not (run / "predicted.csv").exists()
    with pytest.raises(ArgumentError, match=r"name a \.csv file"):
        predict_run(run, table, tmp_path / "rows.txt")
    copy = tmp_path / "copy.csv"
    shutil.copy(table, copy)
    before = copy.read_bytes()
    with pytest.raises(ArgumentError, match="another file than that of the rows"):
        predict_run(run, copy, copy)
    assert copy.read_bytes() == before


def test_a_run_on_something_else_is_refused(tmp_path):
    folder = tmp_path / "series"
    search("sunspots", seeds=1, **TINY, output=folder)
    with pytest.raises(RunError, match="which is no table"):
        predict_run(folder, tmp_path / "any.csv")


def test_a_table_that_has_changed_is_refused(table, tmp_path):
    copy = shutil.copy(table, tmp_path / "own.csv")
    folder = tmp_path / "run"
    search("table", csv=copy, label="kind", seeds=1, **TINY, output=folder)
    with open(copy, "a") as file:
        file.write("3,3,low,9\n")
    with pytest.raises(RunError, match="changed"):
        predict_run(folder, table)
    assert not (folder / "predicted.csv").exists()
