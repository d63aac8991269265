"""A run that is stopped at any moment and resumed ends bit by bit like one that was not."""

import json

import pytest
import torch

from diffqas import resume, search
from diffqas.errors import RunError
from diffqas.storage import RunFolder, load_tensors, save_tensors


@pytest.fixture
def eager_checkpoints(monkeypatch):
    monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)


def test_stopping_after_every_epoch_changes_nothing(tmp_path, eager_checkpoints, monkeypatch):
    options = {"depth": 2, "epochs": 3, "seeds": 2, "quiet": True}
    unbroken = search("bessel", output=tmp_path / "unbroken", **options)

    class Stop(Exception):
        pass

    append = RunFolder.append
    records = iter(range(100))

    def stop_after_every_second_line(self, record):
        append(self, record)
        if next(records) % 2:
            raise Stop

    monkeypatch.setattr(RunFolder, "append", stop_after_every_second_line)
    with pytest.raises(Stop):
        search("bessel", output=tmp_path / "broken", **options)
    for _ in range(2):
        try:
            run = resume(tmp_path / "broken", quiet=True)
        except Stop:
            continue
        break
    assert run.result["test_mse"] == unbroken.result["test_mse"]
    assert RunFolder(run.folder).records() == RunFolder(unbroken.folder).records()


def test_an_unfinished_run_is_neither_shown_nor_replaced(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create({"format": 1})
    with pytest.raises(RunError, match=r"is not finished\. Continue it with `diffqas resume"):
        folder.load_result()
    with pytest.raises(
        RunError, match=r"holds an unfinished run\. Continue it with `diffqas resume"
    ):
        search("bessel", depth=1, epochs=1, output=folder.path, quiet=True)


def test_a_damaged_checkpoint_or_config_is_one_line(tmp_path, eager_checkpoints):
    run = search("bessel", depth=1, epochs=1, output=tmp_path / "run", quiet=True)
    (run.folder / "result.json").unlink()
    (run.folder / "checkpoint.pt").write_bytes(b"PK cut")
    with pytest.raises(RunError, match=r"checkpoint\.pt: it is damaged"):
        resume(run.folder)
    wrong = json.loads((run.folder / "config.json").read_text())
    wrong["run"]["kind"] = {"is": "Raw"}
    for content in (
        '{"format": 1}',
        '{"format": 2}',
        '{"format": 2, "run": {"dataset": "bessel"}}',
        json.dumps(wrong),
        "{",
    ):
        (run.folder / "config.json").write_text(content)
        with pytest.raises(RunError, match=r"config\.json"):
            resume(run.folder)


def nothing_finite(snapshots):
    return {epoch: torch.full_like(values, torch.nan) for epoch, values in snapshots.items()}


@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        ("seconds", lambda _: None),
        ("seconds", lambda _: float("nan")),
        ("epoch", lambda _: -1),
        ("seeds", lambda _: [7]),
        ("seeds", lambda _: None),
        ("snapshots", nothing_finite),
        ("metrics", lambda figures: figures | {"test_mse": None}),
        ("metrics", lambda figures: figures | {"test_mse": []}),
        ("metrics", lambda figures: figures | {"test_mse": ["x"]}),
    ],
)
def test_a_sound_checkpoint_that_holds_something_else_is_one_line(tmp_path, entry, changed):
    """Its checksum fits, as that of one that somebody made on purpose."""
    run = search("bessel", depth=1, epochs=1, output=tmp_path / "run", quiet=True)
    (run.folder / "result.json").unlink()
    state = load_tensors(run.folder / "checkpoint.pt")
    state[entry] = changed(state[entry])
    save_tensors(run.folder / "checkpoint.pt", state)
    with pytest.raises(RunError, match="Cannot use"):
        resume(run.folder, quiet=True)
