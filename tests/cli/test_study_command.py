"""`diffqas study` as a person types it."""

import json
import signal
import subprocess
import sys
import time

import pytest

from diffqas.cli import main

TINY = ["--epochs", "1", "--depth", "1", "--seeds", "2", "--workers", "1"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")


def test_a_part_of_the_table_then_the_rest(tmp_path, capsys):
    options = ["study", "table-2", *TINY, "--datasets", "narma5"]
    main([*options, "--rows", "search-raw", "candidate-8"])
    first = capsys.readouterr().out
    assert "2 cells, 0 of them finished before" in first
    assert "search raw" in first
    assert "2 of 146 cells finished" in first
    main([*options, "--rows", "search-raw", "reference", "uniform-distribution"])
    second = capsys.readouterr().out
    assert "6 cells, 1 of them finished before" in second
    for words in (
        "candidate 8",
        "persistence of the hidden response",
        "hence not tested: candidate 8",
        "runs/table-2",
    ):
        assert words in second
    folder = tmp_path / "runs" / "table-2"
    assert (folder / "table.tex").exists()
    assert len((folder / "log.jsonl").read_text().splitlines()) == 2


def test_the_ablation(tmp_path, capsys):
    rows = ["--rows", "search-paper", "depth-5", "bits-1-1", "separate-angles"]
    main(
        [
            "study",
            "ablation",
            "--recipe",
            "paper",
            *TINY,
            "--datasets",
            "bessel",
            "--output",
            "here",
            *rows,
        ]
    )
    printed = capsys.readouterr().out
    for words in ("depth 5", "bits -1/+1", "separate angles", "search paper"):
        assert words in printed
    cells = [
        json.loads(path.read_text()) for path in (tmp_path / "here" / "cells" / "bessel").iterdir()
    ]
    assert {cell["row"]: cell["trainable"] for cell in cells} == {
        "search paper": 36,
        "depth 5": 80,
        "bits -1/+1": 36,
        "separate angles": 157,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["study", "tabel-2"],
            ["`study` must be one of table-2, ablation", "did you mean 'table-2'?"],
        ),
        (["study", "table-2", "--shard", "3/2"], ["`shard` must be i/n with 1 <= i <= n", "'3/2'"]),
        (
            ["study", "table-2", "--rows", "serch-raw"],
            ["`rows` must be one of", "did you mean 'search-raw'?"],
        ),
        (
            ["study", "table-2", "--datasets", "besel"],
            ["`datasets` must be one of", "did you mean 'bessel'?"],
        ),
        (["study", "table-2", "--seeds", "0"], ["`seeds` must be at least 1, but got 0"]),
        (["study", "table-2", "--epochs", "0"], ["`epochs` must be at least 1, but got 0"]),
        (["study", "table-2", "--workers", "0"], ["`workers` must be at least 1, but got 0"]),
    ],
)
def test_errors_are_one_line_and_leave_nothing(arguments, words, refused, tmp_path):
    told = refused(*arguments)
    for word in words:
        assert word in told
    assert not list(tmp_path.iterdir())


def test_an_interrupt_keeps_finished_cells(tmp_path):
    options = [
        "--depth",
        "1",
        "--seeds",
        "2",
        "--workers",
        "2",
        "--datasets",
        "narma5",
        "--output",
        "study",
    ]
    command = [
        sys.executable,
        "-c",
        "from diffqas.cli import main; main()",
        "study",
        "table-2",
        *options,
    ]
    command += ["--epochs", "10", "--rows", "search", "control"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A background job inherits an ignored Ctrl-C, which would be ignored here, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    cells = tmp_path / "study" / "cells"
    deadline = time.monotonic() + 120
    while (
        not list(cells.glob("*/*.json")) and process.poll() is None and time.monotonic() < deadline
    ):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert (
        errors.strip()
        == "diffqas: interrupted; finished cells are kept, and the same command goes on with the "
        "others."
    )
    finished = list(cells.glob("*/*.json"))
    assert 1 <= len(finished) < 9
    assert all(json.loads(path.read_text())["row"] for path in finished)


@pytest.mark.parametrize(
    ("study", "file", "count"),
    [
        ("strategies-table", "cells/wine/seed-1.npz", 6),
        ("searchers", "joint/wine/seed-1.npz", 5),
    ],
)
def test_studies_of_strategies_say_what_is_missing(study, file, count, tmp_path, capsys):
    done = tmp_path / "here" / file
    done.parent.mkdir(parents=True)
    done.write_bytes(b"")
    main(["study", study, "--datasets", "wine", "--dry-run", "--output", "here"])
    *files, last = capsys.readouterr().out.splitlines()
    assert last == f"{study}: 1 cells finished, {count - 1} missing."
    assert len(files) == count - 1
    assert file not in "".join(files)
    assert [path for path in (tmp_path / "here").rglob("*") if path.is_file()] == [done]


@pytest.mark.parametrize("study", ["strategies-table", "searchers", "table-2"])
def test_a_wrong_data_set_is_told_by_the_name_of_its_option(study, capsys):
    with pytest.raises(SystemExit) as left:
        main(["study", study, "--datasets", "other", "--output", "there"])
    assert left.value.code == 2
    assert "`datasets` must be one of" in capsys.readouterr().err
