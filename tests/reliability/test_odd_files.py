"""Files of a run that are damaged, hold strange tensors, or are no files: pipes, devices, links."""

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from diffqas import load, resume
from diffqas.errors import DiffqasError
from diffqas.reports.page import build
from diffqas.runs import list_runs
from diffqas.runs.report import run_page
from diffqas.storage import RunFolder, load_tensors

STORED = Path(__file__).parents[1] / "golden" / "formats" / "0.1.0" / "runs"


def copy(kind: str, place: Path) -> RunFolder:
    return RunFolder(shutil.copytree(STORED / kind / "finished", place / "sent"))


@pytest.fixture
def sent(tmp_path):
    return copy("series", tmp_path)


def refused(call) -> str:
    """The line in which a call is refused; empty if it gave a result."""
    try:
        call()
    except DiffqasError as error:
        return str(error)
    return ""


def zeros(line: bytes) -> bytes:
    return bytes(len(line) - 1) + b"\n"


DAMAGES = {
    "zeros": zeros,
    "torn": lambda line: line[: len(line) // 2],
    "rubbish": lambda line: random.Random(0).randbytes(200) + b"\n",
    "nothing": lambda line: b"",
    "another shape": lambda line: b'{"epoch": 2, "loss": [1.0], "structural_weights": [[1.0]]}\n',
    "epoch 0": lambda line: json.dumps(json.loads(line) | {"epoch": 0}).encode() + b"\n",
    "a word": lambda line: json.dumps(json.loads(line) | {"loss": ["x", "y"]}).encode() + b"\n",
    "twice": lambda line: line + line,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_damaged_line_costs_its_epoch_alone(sent, damage, number):
    lines = sent.metrics.read_bytes().splitlines(keepends=True)
    good = sent.records()
    torn = damage == "torn" and number < len(lines)  # it takes the next line with it
    lines[number - 1] = DAMAGES[damage](lines[number - 1])
    sent.metrics.write_bytes(b"".join(lines))
    lost = [] if damage == "twice" else [number, number + 1] if torn else [number]
    assert sent.records() == [record for record in good if record["epoch"] not in lost]
    notes = run_page(sent.path).notes
    assert any("metrics.jsonl is damaged" in note for note in notes) == bool(lost)
    said = sent.rewind(4)
    assert (said is None) == (not lost)
    if len(lost) == 1:
        assert f"1 of its 4 epochs are lost ({number})" in str(said)


def test_lines_in_another_order_are_read_in_theirs(sent):
    good = sent.records()
    lines = sent.metrics.read_bytes().splitlines(keepends=True)
    sent.metrics.write_bytes(b"".join(lines[::-1]))
    assert sent.records() == good


@pytest.mark.parametrize("number", [1, 3])
def test_a_run_with_a_damaged_line_finishes(sent, number):
    sent.result.unlink()
    lines = sent.metrics.read_bytes().splitlines(keepends=True)
    lines[number - 1] = zeros(lines[number - 1])
    sent.metrics.write_bytes(b"".join(lines))
    resume(sent.path, quiet=True)
    assert [record["epoch"] for record in sent.records()] == [e for e in range(1, 5) if e != number]
    assert {"curves.png", "structural_weights.png"} <= {path.name for path in sent.path.iterdir()}


def test_a_run_whose_metrics_are_gone_finishes(sent):
    sent.result.unlink()
    sent.metrics.unlink()
    resume(sent.path, quiet=True)
    assert sent.finished
    assert not (sent.path / "curves.png").exists()


TENSORS = {
    "a word": "x",
    "none": None,
    "true": True,
    "a number": torch.tensor(1.0),
    "empty": torch.zeros(0),
    "another shape": torch.zeros(3, 2, 1),
    "whole": torch.arange(4),
    "complex": torch.zeros(4, dtype=torch.complex64),
    "half": torch.zeros(4, dtype=torch.float16),
    "nan": torch.full((168,), torch.nan),
    "sparse": torch.eye(4).to_sparse(),
    "meta": torch.zeros(4, device="meta"),
    "endless": torch.zeros(1).expand(10**13),
    "a list": [torch.zeros(2)],
    "size": torch.Size([2]),
    "kind": torch.float32,
}


@pytest.mark.parametrize("word", TENSORS)
def test_predictions_may_be_anything(sent, word):
    path = sent.path / "predictions.pt"
    good = load_tensors(path)
    for changed in (
        good | {"truth": TENSORS[word]},
        good | {"boundary": TENSORS[word]},
        good | {"snapshots": TENSORS[word]},
        good | {"snapshots": {1: TENSORS[word]}},
        good | {"snapshots": {"x": good["truth"]}},
        {name: value for name, value in good.items() if name != "truth"},
        {"all": TENSORS[word]},
    ):
        torch.save(changed, path)
        line = refused(lambda: build([run_page(sent.path)]))
        assert "predictions.pt" in line
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("word", TENSORS)
def test_a_checkpoint_may_be_anything(sent, word):
    good = load_tensors(sent.checkpoint)
    draw = random.Random(word)
    for name in draw.sample(sorted(good), 4):
        torch.save(good | {name: TENSORS[word]}, sent.checkpoint)
        refused(lambda: load(sent.path))
    torch.save({name: good[name] for name in good if name != "population"}, sent.checkpoint)
    assert "checkpoint.pt" in refused(lambda: load(sent.path))


def test_an_archive_that_unfolds_is_refused(sent, tmp_path):
    import zipfile

    path = tmp_path / "big.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", bytes(10**7))
    assert "it is compressed" in refused(lambda: load_tensors(path))


@pytest.mark.parametrize("word", ["missing", "another shape", "whole", "nan", "rubbish"])
def test_rewards_may_be_anything(tmp_path, word):
    sent = copy("agents", tmp_path)
    path = sent.path / "episodes.safetensors"
    odd = {"another shape": np.zeros((2, 2), np.float32), "whole": np.arange(3)}
    odd["nan"] = np.full(3, np.nan, np.float32)
    if word == "rubbish":
        path.write_bytes(b"\0" * 50)
    else:
        save_file({"reward-0": odd[word]} if word in odd else {"other": odd["nan"]}, path)
    assert "episodes.safetensors" in refused(lambda: build([run_page(sent.path)]))


def as_folder(path: Path) -> None:
    path.mkdir()


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def as_circle(path: Path) -> None:
    path.symlink_to(path.name)


def as_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)  # it takes no space


def as_empty(path: Path) -> None:
    path.touch()


PLACES = [as_folder, as_pipe, as_device, as_circle, as_large, as_empty]


@pytest.mark.parametrize("make", PLACES)
@pytest.mark.parametrize("name", ["config.json", "result.json", "metrics.jsonl", "predictions.pt"])
def test_what_is_no_file_is_told_in_one_line(sent, make, name):
    (sent.path / name).unlink()
    make(sent.path / name)
    line = refused(lambda: build([run_page(sent.path)]))
    # An empty file of metrics holds nothing yet, and a link to nowhere is no file of predictions.
    if (make, name) not in {(as_empty, "metrics.jsonl"), (as_circle, "predictions.pt")}:
        assert name in line
        assert len(line.splitlines()) == 1
    (run,) = list_runs(sent.path)
    assert run.state == ("broken" if name.endswith(".json") else "finished")
    refused(lambda: load(sent.path))
