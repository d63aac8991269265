"""The tutorial works as it is written: its commands and blocks in turn, in one fresh folder, with
fewer epochs.
"""

import ast
import json
import re
import shlex
from pathlib import Path

from diffqas.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
STEPS = re.findall(r"^```(sh|py)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def cell(code, names):
    """Run a block like a cell of a notebook, and give what its last line is, if it is a value."""
    tree = ast.parse(code)
    last = ast.Module([], [])
    if isinstance(tree.body[-1], ast.Expr):
        last.body.append(tree.body.pop())
    exec(compile(tree, PAGE.name, "exec"), names)
    if not last.body:
        return None
    return eval(compile(ast.Expression(last.body[0].value), PAGE.name, "eval"), names)


def test_the_tutorial_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "__main__"}
    done, shown = [], []
    for language, code in STEPS:
        if language == "py":
            shown.append(cell(code, names))
        else:
            for line in code.splitlines():
                words = shlex.split(line, comments=True)
                if words[0] == "diffqas":
                    main(words[1:] + (["--epochs", "2"] if words[1] == "search" else []))
                    done.append(words[1])
    assert done == ["candidates", "search", "show", "report", "export"]
    assert shown[0]._repr_png_().startswith(b"\x89PNG")
    assert names["run"]._repr_html_().startswith("<table>")
    assert shown[1:] == [None, None]  # these print
    assert (tmp_path / "runs" / "bessel" / "report.html").exists()
    (expected,) = json.loads((tmp_path / "runs" / "bessel" / "result.json").read_text())["test_mse"]
    printed = float(capsys.readouterr().out.splitlines()[-1])
    assert abs(printed / expected - 1) < 0.01  # the plain network is the one that was searched
