"""The file of trials: torn, full, strange or changed, it costs what was in the torn record, or is
refused in one line and left as it is.
"""

import errno
import json
import os
import random

import pytest

from diffqas.errors import DataError, DiffqasError, RunError
from diffqas.runs import prepare
from diffqas.searches.tuning import tune

pytest.importorskip("optuna", reason="needs optuna: pip install 'diffqas[tune]'")
ODD = (None, True, 7, -1, 1e400, float("nan"), "x", "", [], {}, "\x1b[2J", "a" * 9_999, [[[0]]])


@pytest.fixture(scope="module")
def prepared():
    return prepare("narma5", epochs=2, depth=1, optimizer="adam", seeds=1)


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    """Losses of nobody: what is tried here is the file."""
    draw = random.Random(0)

    def losses(*_):
        yield draw.random()
        yield draw.random()

    monkeypatch.setattr("diffqas.searches.tuning.trials.losses", losses)


@pytest.fixture
def tried(prepared):
    def call(path, trials, quiet=True):
        return tune(prepared, trials=trials, storage=path, params=["lr"], quiet=quiet)

    return call


@pytest.fixture
def journal(tried, tmp_path):
    path = tmp_path / "j.log"
    tried(path, 2)
    return path


def records(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("cut", [1, 2, 10, 60])
def test_a_torn_end_costs_its_record(journal, tried, cut, capsys):
    os.truncate(journal, journal.stat().st_size - cut)
    before = len(journal.read_bytes().splitlines())
    found = tried(journal, 3, quiet=False)
    assert found.finished + found.pruned >= 2
    said = capsys.readouterr().out.replace("\n", " ")
    assert ("was cut back to the one before" in said) == (cut > 1)
    assert len(records(journal)) > before
    tried(journal, 4)


def test_zeros_at_the_end_are_a_torn_record(journal, tried):
    before = records(journal)
    with journal.open("ab") as file:
        file.write(bytes(500))
    tried(journal, 2)
    assert records(journal)[: len(before)] == before


def test_a_file_whose_first_record_is_torn_begins_again(tmp_path, tried):
    path = tmp_path / "j.log"
    path.write_bytes(b'{"op_code":0,"worker_id":"1')
    assert tried(path, 1).finished == 1


def test_a_disk_that_fills_up_within_a_record_leaves_whole_ones(journal, tried, monkeypatch):
    write, left = os.write, [700]

    def full(descriptor, content):
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(descriptor, content[: left[0]])
        left[0] -= done
        return done

    before = records(journal)
    with monkeypatch.context() as patch:
        patch.setattr("diffqas.storage.files.os.write", full)
        with pytest.raises(RunError, match=r"Cannot write .*j\.log: No space left on device"):
            tried(journal, 50)
    assert left == [0]
    assert records(journal)[: len(before)] == before
    tried(journal, 4)


def test_a_record_that_is_damaged_before_the_end_is_named(journal, tried):
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3][:-9] + lines[4]
    del lines[4]
    journal.write_bytes(b"".join(lines))
    with pytest.raises(DataError, match=r"is damaged in line 4\. Give another --storage, or keep"):
        tried(journal, 3)
    assert journal.read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    "content",
    [
        b"no journal\nat all\n",
        b"5\n",
        b"[1, 2]\n{}\n",
        b'{"epoch": 1, "loss": [1.0]}\n',
        b'{"op_code": 99, "worker_id": "a"}\n',
        b'{"op_code": 5, "worker_id": "a"}\n',
        b"\xff\xfe\x00\n",
        bytes(100),
        b"\n",
    ],
)
def test_foreign_files_are_left_as_they_are(tmp_path, tried, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no journal of trials, or is damaged"):
        tried(path, 1)
    assert path.read_bytes() == content


def test_what_is_no_ordinary_file_is_refused(tmp_path, tried):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder"):
        with pytest.raises(RunError, match="Cannot read"):
            tried(path, 1)
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert tried(tmp_path / "link", 1).finished == 1  # named by a person, and an ordinary file


def test_every_entry_of_every_record_may_be_anything(journal, tried):
    good = journal.read_bytes().splitlines(keepends=True)
    draw, said = random.Random(1), []
    for number, line in enumerate(good):
        record = json.loads(line)
        for name in record:
            for value in draw.sample(ODD, 3):
                changed = json.dumps(record | {name: value}).encode() + b"\n"
                journal.write_bytes(b"".join([*good[:number], changed, *good[number + 1 :]]))
                try:
                    tried(journal, 2)
                except DiffqasError as error:
                    said.append(str(error))
    assert len(said) > 20
    assert all(len(line.splitlines()) == 1 for line in said)
