import errno
import os

import pytest
import torch

from diffqas.errors import RunError
from diffqas.storage.files import (
    load_tensors,
    read_json,
    save_tensors,
    write_atomically,
    write_json,
)


def test_a_full_disk_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        RunError, match=r"^Cannot write .*file: No space left on device\. Free some space"
    ):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_device_that_is_full_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "diffqas.storage.files.Path.with_name", lambda self, name: type(self)("/dev/full")
    )
    monkeypatch.setattr("diffqas.storage.files.Path.unlink", lambda self, missing_ok: None)
    with pytest.raises(RunError, match="No space left"):
        write_atomically(tmp_path / "file", b"new")


def test_tensors_come_back_and_nothing_else_is_unpickled(tmp_path):
    path = tmp_path / "state.pt"
    state = {"epoch": 3, "weights": torch.arange(4.0), "notes": {0: "fine"}}
    save_tensors(path, state)
    loaded = load_tensors(path)
    assert torch.equal(loaded.pop("weights"), state.pop("weights"))
    assert loaded == state

    torch.save({"object": RunError("pickled")}, path)
    with pytest.raises(RunError, match="is damaged"):
        load_tensors(path)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut"])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"Cannot read .*checkpoint\.pt: it is damaged"):
        load_tensors(path)


def test_json_errors_name_the_file(tmp_path):
    path = tmp_path / "result.json"
    with pytest.raises(RunError, match="it is not a run folder"):
        read_json(path)
    path.write_text("{")
    with pytest.raises(RunError, match=r"Cannot read .*result\.json"):
        read_json(path)
    path.write_text("[1]")
    with pytest.raises(RunError, match="no JSON object"):
        read_json(path)
    write_json(path, {"a": [1, None]})
    assert read_json(path) == {"a": [1, None]}
