"""Every example runs as it is; a warning is an error, as in all tests."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_example_runs(script, tmp_path, monkeypatch, capsys):
    if ".qasm" in script.read_text("utf-8"):
        pytest.importorskip("openqasm3")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_the_readme_lists_all_of_them():
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    for script in SCRIPTS:
        assert f"]({script.name})" in listed
