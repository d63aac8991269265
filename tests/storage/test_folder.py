import errno
import os
from pathlib import Path

import pytest
import torch

from diffqas.errors import RunError
from diffqas.reports.events import Events
from diffqas.storage import RunFolder, load_tensors, only_one


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.create({"format": 1})
    for epoch in (1, 2, 3):
        run.append({"epoch": epoch, "loss": [0.5 / epoch], "structural_weights": [[0.1, 0.2]]})
        run.save_checkpoint({"epoch": epoch, "numbers": torch.arange(100.0) * epoch})
    return run


def test_the_last_checkpoint_and_the_one_before_are_kept(folder):
    assert {path.name for path in folder.path.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "checkpoint.pt",
        "checkpoint.previous.pt",
    }
    said: list[str] = []
    state = folder.load_checkpoint(said.append)
    assert state is not None
    assert state["epoch"] == 3
    assert said == []
    assert load_tensors(folder.previous)["epoch"] == 2
    assert torch.load(folder.checkpoint, weights_only=True)["epoch"] == 3


@pytest.mark.parametrize("size", [0, 1, 30, -1])
def test_a_checkpoint_that_is_cut_off_gives_way_to_the_one_before(folder, size):
    folder.checkpoint.write_bytes(folder.checkpoint.read_bytes()[:size])
    said: list[str] = []
    state = folder.load_checkpoint(said.append)
    assert state is not None
    assert torch.equal(state["numbers"], torch.arange(100.0) * 2)
    remedy = "the run goes on from the one before, checkpoint.previous.pt."
    assert said == [f"{folder.checkpoint} is damaged: {remedy}"]
    assert folder.standing() == f"The last good checkpoint is of epoch 2, in {folder.path}."


def test_a_number_changed_in_a_checkpoint_is_noticed(folder):
    content = folder.checkpoint.read_bytes()
    at = content.index(torch.arange(100.0).mul(3).numpy().tobytes())
    folder.checkpoint.write_bytes(content[: at + 4] + b"\1" + content[at + 5 :])
    with pytest.raises(RunError, match=r"checkpoint\.pt: it is damaged \(its checksum is wrong\)"):
        load_tensors(folder.checkpoint)


def test_checkpoints_that_are_both_damaged_are_one_line(folder):
    folder.checkpoint.write_bytes(b"PK")
    folder.previous.write_bytes(b"")
    names = r"checkpoint\.pt and checkpoint\.previous\.pt"
    both = rf"^Cannot read .*{names}: both are damaged\. Start again"
    with pytest.raises(RunError, match=both):
        folder.load_checkpoint()


def test_a_kill_between_the_two_moves_leaves_the_one_before(folder):
    folder.checkpoint.rename(folder.previous)
    state = folder.load_checkpoint()
    assert state is not None
    assert state["epoch"] == 3


def test_a_checkpoint_without_checksum_is_still_read(folder):
    torch.save({"epoch": 7}, folder.checkpoint)
    assert folder.load_checkpoint() == {"epoch": 7}
    torch.save(RunError("pickled"), folder.checkpoint)
    with pytest.raises(RunError, match="is damaged"):
        load_tensors(folder.checkpoint)


def test_metrics_are_rewound_and_lost_lines_are_told(folder):
    assert folder.rewind(2) is None
    assert [record["epoch"] for record in folder.records()] == [1, 2]
    lines = folder.metrics.read_bytes().splitlines(keepends=True)
    folder.metrics.write_bytes(lines[0] + lines[1][:-9])
    assert (
        folder.rewind(2)
        == f"{folder.metrics} is damaged: 1 of its 2 epochs are lost (2), and missing in pictures."
    )
    assert [record["epoch"] for record in folder.records()] == [1]


def test_a_second_process_is_refused_until_the_first_ends(tmp_path):
    with only_one(tmp_path / "run"):
        with (
            pytest.raises(
                RunError, match=r"^Another process is working on the run in .*run\. Wait until"
            ),
            only_one(tmp_path / "run"),
        ):
            pass
        with only_one(tmp_path / "other"):
            pass
    with only_one(tmp_path / "run"):
        pass


def test_a_lock_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RunError, match="Cannot make or lock the folder"),
        only_one(tmp_path / "file"),
    ):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_metrics_on_a_device_that_is_full_are_told_in_one_line(folder, monkeypatch):
    monkeypatch.setattr(
        "diffqas.storage.files.open_to_append", lambda path, **_: os.open("/dev/full", os.O_WRONLY)
    )
    with pytest.raises(
        RunError,
        match=r"^Cannot write .*metrics\.jsonl: No space left on device\. Free some space\.$",
    ):
        folder.append({"epoch": 4})


def test_a_full_disk_leaves_both_checkpoints(folder, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("diffqas.storage.files.synchronise", full)
    with pytest.raises(RunError, match="No space left on device"):
        folder.save_checkpoint({"epoch": 4})
    assert load_tensors(folder.checkpoint)["epoch"] == 3
    assert load_tensors(folder.previous)["epoch"] == 2
    assert not list(folder.path.glob(".*"))


def test_events_that_cannot_be_written_are_told_once_and_stop_nothing(tmp_path, monkeypatch, capfd):
    def full(self, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tensorboard.summary.writer.record_writer.RecordWriter.write", full)
    events = Events(tmp_path / "tensorboard", ("a", "b"))
    said = []
    for epoch in range(1, 200):
        events.add({"epoch": epoch, "loss": [1.0], "structural_weights": [[0.1, 0.2]]})
        said += events.faults()
    events.close()
    (line,) = [*said, *events.faults()]
    assert "No space left on device. The run goes on without" in line
    assert "Traceback" not in capfd.readouterr().err
