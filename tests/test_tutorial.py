"""The tutorial works as it is written: its commands and blocks in turn, in one fresh folder, with
fewer epochs.
"""

import json
import re
import shlex
from pathlib import Path

from diffqas.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
STEPS = re.findall(r"^```(sh|py)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_tutorial_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "__main__"}
    done = []
    for language, code in STEPS:
        if language == "py":
            exec(compile(code, PAGE.name, "exec"), names)
        else:
            for line in code.splitlines():
                words = shlex.split(line, comments=True)
                if words[0] == "diffqas":
                    main(words[1:] + (["--epochs", "2"] if words[1] == "search" else []))
                    done.append(words[1])
    assert done == ["candidates", "search", "show", "report", "export"]
    assert (tmp_path / "runs" / "bessel" / "report.html").exists()
    (expected,) = json.loads((tmp_path / "runs" / "bessel" / "result.json").read_text())["test_mse"]
    printed = float(capsys.readouterr().out.splitlines()[-1])
    assert abs(printed / expected - 1) < 0.01  # the plain network is the one that was searched
