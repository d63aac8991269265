import subprocess
import sys
from dataclasses import make_dataclass

import pytest

from diffqas.cli import main
from diffqas.cli.parsing import field_docstrings


def call(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from diffqas.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_help_teaches_the_commands(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("search", "resume", "show", "candidates", "diffqas search bessel"):
        assert word in text


def test_search_then_show(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["search", "narma5", "--depth", "2", "--epochs", "2"])
    printed = capsys.readouterr().out
    for words in (
        "47 trainable numbers write 1,781 weights",
        "paper, search",
        "5.00e-05",
        "sees the drive u",
    ):
        assert words in printed
    assert "6 of 12 candidates are constant" in printed
    assert "A simpler model is better: " in printed
    for command in ("report", "export"):
        assert f"\n  diffqas {command} runs/narma5  " in printed
    main(["show", "runs/narma5"])
    shown = capsys.readouterr().out
    assert shown.strip() in printed
    main(["search", "narma5", "--depth", "2", "--epochs", "2"])
    assert (tmp_path / "runs" / "narma5-2" / "result.json").exists()


def test_overwrite_is_a_flag(tmp_path, capsys):
    options = [
        "search",
        "narma5",
        "--depth",
        "1",
        "--epochs",
        "1",
        "--output",
        str(tmp_path / "run"),
    ]
    main(options)
    main([*options, "--overwrite"])
    with pytest.raises(SystemExit):
        main(options)


def test_own_series(tmp_path, capsys):
    table = tmp_path / "sales.csv"
    table.write_text("month,sales\n" + "".join(f"{i},{(i % 7) + 0.1 * i}\n" for i in range(60)))
    options = ["--csv", str(table), "--column", "sales", "--epochs", "2", "--depth", "1"]
    main(["search", "series", *options, "--output", str(tmp_path / "run"), "--scaling", "train"])
    assert "sales" in capsys.readouterr().out


def test_candidates_are_drawn_with_reasons(capsys):
    main(["candidates"])
    text = capsys.readouterr().out
    assert "6 of 12 are constant whatever their angles (1, 3, 4, 6, 9, 12)" in text
    assert "H-Ent-RY" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["search", "besel"], ["`dataset` must be one of", "did you mean 'bessel'?"]),
        (["search", "bessel", "--depth", "0"], ["Argument `depth` must be at least 1, but got 0."]),
        (
            ["search", "bessel", "--temperature", "2"],
            ["`temperature` must go with the relaxation softmax or gumbel"],
        ),
        (["search", "series", "--csv", "no.csv"], ["no.csv"]),
        (["resume", "nowhere"], ["There is no folder nowhere.", "`diffqas runs` lists"]),
        (["show", "nowhere"], ["There is no folder nowhere.", "`diffqas runs` lists"]),
        (["show", "."], ["There is no result.json in .: it is not a run folder."]),
        (
            ["search", "my data.csv"],
            ["must be series or table", "diffqas search table --csv 'my data.csv' --label NAME"],
        ),
        (["serch", "bessel"], ["`command` must be one of", "did you mean 'search'?"]),
        (["serch", "bessel", "--seeds", "3"], ["did you mean 'search'?"]),
        (
            ["search", "bessel", "--seeds", f"/{'long/' * 30}x.csv"],
            [f"not '/{'long/' * 30}x.csv'."],
        ),
        (["search"], ["DATASET is missing. See `diffqas search --help`."]),
        (["predict"], ["RUN and ROWS are missing."]),
        (["predict", "runs/iris", "--output", "x.csv"], [" ROWS is missing."]),
        (["search", "bessel", "--epoch", "3"], ["--epoch, 3", "Perhaps you meant --epochs."]),
        (["search", "bessel", "--lr", "much"], ["--lr takes FLOAT, not 'much'."]),
        (["search", "bessel", "--seeds", "1.5"], ["--seeds takes INT, not '1.5'."]),
        (
            ["search", "mnist", "--classes", "1", "x"],
            ["--classes takes [INT [INT ...]], not '1', 'x'."],
        ),
        (["search", "bessel", "--recipe", "old"], ["invalid choice 'old'", "'default', 'paper'"]),
        ([], ["Expected one of {search, resume,"]),
        (
            ["candidates", "--qubits", "0"],
            ["Argument `qubits` must be between 1 and 64, but got 0."],
        ),
    ],
)
def test_errors_are_one_line_and_exit_code_2(arguments, words, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = refused(*arguments)
    for word in words:
        assert word in told
    assert not list(tmp_path.iterdir())


def test_the_installed_program_reports_errors_without_a_traceback():
    outcome = call("search", "bessel", "--device", "abacus")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("diffqas: Argument `device` must be one of")
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("words", [["candidates"], ["--help"]])
def test_a_reader_that_goes_away_ends_the_program_silently(words):
    command = [sys.executable, "-c", "from diffqas.cli import main; main()", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.close()
        _, told = program.communicate(timeout=300)
    assert (program.returncode, told) == (1, b"")


def test_a_made_class_has_no_source_in_whatever_module_it_lies():
    # From Python 3.12 on `make_dataclass` says that it lies in its caller's.
    made = make_dataclass("groups_of_options", [("depth", int)])
    made.__module__ = __name__
    assert field_docstrings(made) == {}
