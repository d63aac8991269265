import json
from dataclasses import replace

import pytest

from diffqas import resume, search
from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.runs import repeat_run
from diffqas.runs.differences import ComparedPart, compare_part
from diffqas.storage import RunFolder

SMALL = {"depth": 1, "epochs": 2, "seeds": 2, "quiet": True}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "tides.csv"
    path.write_text("level\n" + "".join(f"{(i * 7) % 11}.5\n" for i in range(40)))
    return path


@pytest.fixture
def own(tmp_path, table):
    return search("series", csv=table, output=tmp_path / "own", **SMALL)


def test_a_run_repeats_bit_by_bit(own, capsys):
    main(["repeat", str(own.folder)])
    printed = capsys.readouterr().out
    copy = own.folder.with_name("own-repeat")
    for what in ("choices", "data", "metrics.jsonl", "result.json", "exported networks"):
        assert f"{what:18} bit-equal" in printed
    assert "differ" not in printed
    assert (copy / "model.safetensors").read_bytes() == (
        own.folder / "model.safetensors"
    ).read_bytes()


def test_a_file_that_was_tampered_with_is_told_and_nothing_is_trained(own, table, capsys):
    table.write_text(table.read_text().replace("6.5", "6.4", 1))
    with pytest.raises(SystemExit) as stop:
        main(["repeat", str(own.folder)])
    assert stop.value.code == 1
    printed = capsys.readouterr().out
    assert "differs (the samples are others)" in printed
    assert "Not trained: bring back the file" in printed
    assert not own.folder.with_name("own-repeat").exists()


def test_a_file_that_was_moved_is_found(own, table):
    moved = table.with_name("elsewhere.csv")
    table.rename(moved)
    found = repeat_run(
        own.folder,
        csv=moved.with_name("elsewhere.csv"),
        output=own.folder.with_name("again"),
        quiet=True,
    )
    assert [line.what for line in found.lines if line.difference] == []
    assert found.folder == own.folder.with_name("again")


def test_what_differs_is_told_with_the_versions(own, capsys):
    config, result = (own.folder / name for name in ("config.json", "result.json"))
    content = json.loads(config.read_text())
    content["environment"]["versions"]["torch"] = "2.12.0"
    del content["data"]
    config.write_text(json.dumps(content))
    figures = json.loads(result.read_text())
    figures["test_mse"][0] *= 1 + 1e-9
    figures["test_mse"][1] *= 2
    result.write_text(json.dumps(figures))
    with pytest.raises(SystemExit) as stop:
        main(["repeat", str(own.folder)])
    assert stop.value.code == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "result.json differs by 5.0e-01 (test_mse.1); not the same: torch 2.12.0 ->" in printed
    assert "metrics.jsonl bit-equal" in printed
    assert "no checksum" in printed
    found = repeat_run(own.folder, tolerance=0.6, output=own.folder.with_name("wide"), quiet=True)
    assert found.equal
    assert not replace(found, tolerance=0.4).equal


def test_a_run_goes_on_with_its_own_samples_only(tmp_path, table, stopped):
    with stopped():
        search("series", csv=table, output=tmp_path / "run", **SMALL)
    table.write_text(table.read_text().replace("6.5", "6.4", 1))
    with pytest.raises(
        RunError, match=r"^The data of the run in .*run are not those that it began with\."
    ):
        resume(tmp_path / "run", quiet=True)


def test_an_error_that_ends_a_run_names_what_is_left(tmp_path, monkeypatch):
    append = RunFolder.append

    def full(self, record):
        append(self, record)
        if record["epoch"] == 2:
            raise RunError("Cannot write.")

    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(RunFolder, "append", full)
    with pytest.raises(
        RunError, match=r"^Cannot write\. The last good checkpoint is of epoch 1, in .*run\.$"
    ):
        search("bessel", output=tmp_path / "run", **SMALL)


def test_a_run_in_the_hands_of_another_is_refused(tmp_path, stopped):
    from diffqas.storage import only_one

    with stopped():
        search("bessel", output=tmp_path / "run", **SMALL)
    with only_one(tmp_path / "run"):
        with pytest.raises(RunError, match="Another process is working on the run"):
            resume(tmp_path / "run", quiet=True)
        with pytest.raises(RunError, match="Another process is working on the run"):
            search("bessel", output=tmp_path / "run", overwrite=True, **SMALL)
    assert RunFolder(tmp_path / "run").checkpoint.exists()


def test_a_model_of_another_epoch_is_not_shown_as_the_result(tmp_path, own):
    from diffqas import load

    folder = RunFolder(own.folder)
    state = folder.load_checkpoint()
    assert state is not None
    folder.save_checkpoint(state | {"epoch": 1})
    with pytest.raises(
        RunError, match=r"no sound checkpoint\.pt of the last epoch .* `diffqas repeat"
    ):
        load(own.folder)


def test_an_unfinished_or_absent_run_is_one_line(tmp_path, refused, stopped):
    assert "There is no folder" in refused("repeat", str(tmp_path / "none"))
    with stopped():
        search("bessel", output=tmp_path / "run", **SMALL)
    assert "is not finished" in refused("repeat", str(tmp_path / "run"))


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ({"a": [1.0]}, {"a": [1.0, 2.0]}, ComparedPart("x", float("inf"), "a")),
        ({"a": "b"}, {"a": "c"}, ComparedPart("x", float("inf"), "a")),
        ([True], [1], ComparedPart("x", float("inf"), "0")),
        ([float("nan")], [float("nan")], ComparedPart("x", 0.0)),
        ([float("nan")], [1.0], ComparedPart("x", float("inf"), "0")),
        ([-1.0, 100.0], [-1.5, 99.0], ComparedPart("x", 1 / 3, "0")),
    ],
)
def test_comparisons(then, now, expected):
    found = compare_part("x", then, now)
    assert (found.what, found.remark) == (expected.what, expected.remark)
    assert found.difference == pytest.approx(expected.difference)
