import ast
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import diffqas
from diffqas.errors import RunError
from diffqas.storage import (
    RunFolder,
    append_json,
    load_tensors,
    make_folder,
    read_file,
    read_json,
    save_tensors,
    write_atomically,
    write_json,
)
from diffqas.storage.metrics import read_records


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
        "diffqas.storage.files.create_new", lambda path, *_: os.open("/dev/full", os.O_WRONLY)
    )
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


def test_no_link_is_followed_and_none_is_replaced(tmp_path):
    outside, place = tmp_path / "outside", tmp_path / "run" / "file"
    place.parent.mkdir()
    outside.write_bytes(b"own")
    place.symlink_to(outside)
    for write in (write_atomically, append_json):
        with pytest.raises(RunError, match=r"^Cannot write .*file: (it is a symbolic|Too many)"):
            write(place, b"new" if write is write_atomically else 1)
    with pytest.raises(RunError, match=r"^Cannot read"):
        read_json(place)
    with pytest.raises(OSError, match="symbolic"):
        read_file(place)
    assert read_file(place, named=True) == outside.read_bytes() == b"own"
    assert [path.name for path in place.parent.iterdir()] == ["file"]


def test_a_folder_behind_a_link_is_refused_below_a_run_folder(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / "noise").symlink_to(tmp_path / "elsewhere")
    for inner in (run.path / "noise", run.path / "noise" / "deeper"):
        with pytest.raises(RunError, match="a symbolic link leads out of"):
            make_folder(inner, inside=run.path)
    make_folder(run.path / "noise" / "named")  # where a person named the way
    assert run.make("figures").is_dir()


def test_what_an_old_run_left_behind_a_link_stays(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "events.1").write_bytes(b"own")
    run = RunFolder(tmp_path / "run")
    run.create({})
    (run.path / "tensorboard").symlink_to(tmp_path / "elsewhere")
    run.create({}, overwrite=True, left=["tensorboard/events.*"])
    assert (tmp_path / "elsewhere" / "events.1").read_bytes() == b"own"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_pipes_and_large_files_are_told_in_one_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    os.mkfifo(path)
    for read in (read_json, load_tensors, read_records):
        with pytest.raises(RunError, match="it is no ordinary file"):
            read(path)
    with pytest.raises(RunError, match=r"^Cannot write"):
        append_json(path, 1)
    with pytest.raises(RunError, match="it is no ordinary file"):
        write_atomically(path, b"new")
    path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)  # it takes no space
    for read in (read_json, load_tensors, read_records):
        with pytest.raises(RunError, match=r"it is larger than \d+ MiB"):
            read(path)


def test_json_that_is_nested_deeply_is_one_line(tmp_path):
    path = tmp_path / "config.json"
    for depth in (200, 900, 100_000):
        path.write_text('{"a": ' + "[" * depth + "]" * depth + "}")
        with pytest.raises(RunError, match=r"^Cannot read .*nested more than 100-fold\.$"):
            read_json(path)
        path.write_text('{"epoch": 1, "structural_weights": ' + "[" * depth + "]" * depth + "}")
        assert read_records(path) == []


def test_files_are_written_and_listed_without_torch():
    code = (
        "import sys, diffqas.storage as s; [getattr(s, n) for n in s.__all__]; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


WRITES = {
    *("write_text", "write_bytes", "mkdir", "touch", "symlink_to", "hardlink_to", "rename"),
    *("replace", "mkstemp", "mkdtemp", "NamedTemporaryFile", "SummaryWriter", "savefig", "save"),
    *("copyfile", "copy2", "copytree", "move", "JournalFileBackend"),
}
ALLOWED = {
    ("agents/animation.py", "save"): "a picture, into a buffer",
    ("reports/pictures.py", "savefig"): "a figure, into a buffer",
    ("reports/canvas.py", "savefig"): "a figure, into a buffer",
    ("cli/surroundings.py", "open"): "the device that takes everything, for output nobody reads",
    ("reports/events.py", "SummaryWriter"): "TensorBoard's own writer, in a folder made by storage",
    ("runs/export/onnx.py", "save"): "a model, into a buffer",
    ("runs/export/circuits.py", "save"): "safetensors, as bytes",
    ("runs/export/network_file.py", "save"): "safetensors, as bytes",
    ("quantum_train/generator_file.py", "save"): "safetensors, as bytes",
    ("studies/adapters.py", "save"): "safetensors, as bytes, to count them",
    ("searches/session.py", "save"): "a checkpoint, by the run folder",
    ("searches/memory.py", "write_text"): "to the system, which counts memory anew; no file",
    ("searches/session.py", "mkdir"): "a run's folder, made by the one process that is first",
    ("searches/trust.py", "mkdir"): "the user's own folder of data, for nobody else's eyes",
    ("searches/tuning/trials.py", "mkdir"): "the folder of that journal, which a person named",
}


def test_no_other_room_writes_files_by_itself():
    source = Path(diffqas.__file__).parent
    found = {}
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if name.startswith("storage/"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for word in written_by(node):
                    found[name, word] = ast.unparse(node)
    assert {place: call for place, call in found.items() if place not in ALLOWED} == {}
    assert set(ALLOWED) == set(found)


def written_by(call: ast.Call) -> list[str]:
    """The word by which a call may write a file, none if it does not."""
    function = call.func
    word = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if word == "open":
        words = [*call.args, *(keyword.value for keyword in call.keywords)]
        modes = [one.value for one in words if isinstance(one, ast.Constant)]
        return [word] if any(set(str(mode)) & set("wax+") for mode in modes) else []
    if word == "replace" and ast.unparse(function) != "os.replace":  # of a text, or of a dataclass
        return []
    return [word] if word in WRITES else []
