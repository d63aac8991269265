"""Terminals, pipes, disks and shells of all kinds around the program."""

import io
import os
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from diffqas import search
from diffqas.cli import main
from diffqas.cli.main import COMMANDS
from diffqas.searches.session import _Checkpoints
from diffqas.text import visible

FULL = Path("/dev/full")
PRINTING = ["--help", "--version", "show RUN", "show --help", "runs RUN", "runs RUN --json"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("surroundings") / "run"
    search("bessel", depth=1, epochs=1, output=folder, quiet=True)
    return folder


def words_of(line: str, run: Path) -> list[str]:
    return line.replace("RUN", shlex.quote(str(run))).split()


def ended(words: list[str]) -> int:
    """The exit code of the program."""
    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
@pytest.mark.parametrize("line", [*PRINTING, "candidates", "search --help"])
def test_output_in_every_encoding(line, encoding, run, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert ended(words_of(line, run)) == 0
    stream.flush()
    text = stream.buffer.getvalue().decode(encoding)
    assert text
    if line == "show RUN":
        assert ("█" if encoding == "utf-8" else "###") in text


@pytest.mark.parametrize("columns", ["20", "80", "300", "0", "nonsense"])
@pytest.mark.parametrize("line", PRINTING)
def test_every_width(line, columns, run, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", columns)
    assert ended(words_of(line, run)) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("line", ["show RUN", "report RUN"])
def test_a_path_is_never_broken(line, run, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "20")
    assert ended(words_of(line, run)) == 0
    assert str(run) in capsys.readouterr().out


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")
@pytest.mark.parametrize("line", PRINTING)
def test_a_full_disk_behind_standard_output(line, run, monkeypatch, capsys):
    with FULL.open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert ended(words_of(line, run)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "diffqas: Cannot write to standard output: No space left on device."


@pytest.mark.skipif(not FULL.exists(), reason="the system has no full device")
def test_a_full_disk_behind_standard_error(monkeypatch):
    stream = FULL.open("w")
    monkeypatch.setattr(sys, "stderr", stream)
    assert ended(["show", "nothing"]) == 2
    with suppress(OSError):
        stream.close()


@pytest.mark.parametrize("line", PRINTING)
def test_a_reader_that_has_left(line, run, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert ended(words_of(line, run)) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", PRINTING)
def test_streams_that_are_closed(line, run, monkeypatch):
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert ended(words_of(line, run)) == 0
    assert ended(["show", "nothing"]) == 2
    sys.stdout.close()
    sys.stderr.close()


def test_everything_at_once(tmp_path):
    """A shell without a home, a terminal that can nothing, a notebook's backend, and ASCII."""
    names = ("PATH", "PYTHONPATH", "OMP_NUM_THREADS", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    environment |= {"MPLBACKEND": "module://matplotlib_inline.no_such_backend", "TERM": "dumb"}
    environment |= {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "20"}
    words = ["search", "bessel", "--depth", "1", "--epochs", "1", "--output", "r[/x]é"]
    done = subprocess.run(
        [sys.executable, "-m", "diffqas", *words],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("ascii")
    assert "run folder: r[/x]?" in text
    assert "\x1b" not in text
    assert (tmp_path / "r[" / "x]é" / "predictions.png").exists()


def test_a_backend_of_a_notebook_is_not_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    assert ended(["--version"]) == 0
    assert os.environ["MPLBACKEND"] == "agg"


class Interrupted:
    """A command at which Ctrl-C is pressed."""

    def run(self) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_told_in_one_line(command, monkeypatch, capsys):
    monkeypatch.setattr("diffqas.cli.parsing.parse", lambda *_: Interrupted())
    assert ended([command, "bessel"]) == 130
    printed = capsys.readouterr()
    assert printed.err == "diffqas: interrupted; the same command begins anew.\n"


@pytest.mark.parametrize(
    ("words", "place", "kept"),
    [
        (["tune", "bessel", "--trials", "1"], "diffqas.cli.tune.tune", "finished trials are kept"),
        (["study", "table-2"], "diffqas.cli.study.run_study", "finished cells are kept"),
    ],
)
def test_ctrl_c_at_what_keeps_its_parts(words, place, kept, monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupted)
    assert ended(words) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"diffqas: interrupted; {kept}, and the same command goes on with the others."


@pytest.mark.parametrize("name", ["run", "r [x]'s", "a\x1bb"])
def test_ctrl_c_at_a_search_names_its_folder(name, tmp_path, monkeypatch, capsys):
    def interrupted(_: _Checkpoints) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(_Checkpoints, "save_in_time", interrupted)
        words = ["search", "bessel", "--depth", "1", "--epochs", "2", "--output", name]
        assert ended(words) == 130
    printed = capsys.readouterr()
    command = f"diffqas resume {shlex.quote(name)}"
    assert printed.err == f"diffqas: interrupted; continue with `{visible(command)}`.\n"
    assert f"run folder: {visible(name)}\n" in printed.out
    assert ended(["resume", name]) == 0
