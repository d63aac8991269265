"""The benchmark of a card, rehearsed on the CPU: one failure costs no other."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("gpu")


def test_every_section_is_there(gpu):
    for module, function, seconds in gpu.SECTIONS.values():
        assert callable(getattr(importlib.import_module(f"card.{module}"), function))
        assert 0 < seconds <= gpu.ALL_SECONDS


def test_a_section_writes_its_results_as_they_come(tmp_path):
    output = tmp_path / "gpu.json"
    words = ["--device", "cpu", "--quick", "--only", "launches", "--output", str(output)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "gpu.py"), *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(output.read_text())
    assert report["machine"]["device"] == "cpu"
    section = report["sections"]["launches"]
    assert section["ended"] == "finished"
    assert section["results"] == [{"skipped": "launches are counted on a card"}]


def test_a_section_that_fails_or_takes_too_long_leaves_the_others(gpu, tmp_path, monkeypatch):
    script = tmp_path / "gpu.py"
    script.write_text(
        "import sys, time\n"
        "print('{\"x\": 1}', flush=True)\n"
        "name = sys.argv[sys.argv.index('--section') + 1]\n"
        "if name == 'cell': sys.exit('no such card')\n"
        "if name == 'layers': time.sleep(60)\n"
    )
    monkeypatch.setattr(gpu, "__file__", str(script))
    kept = []
    assert gpu.process("steps", "cpu", True, 30, kept.append) == "finished"
    assert gpu.process("cell", "cpu", True, 30, kept.append) == "failed: no such card"
    assert gpu.process("layers", "cpu", True, 1.5, kept.append) == "stopped after 2 s"
    assert kept[:2] == [{"x": 1}, {"x": 1}]


def test_the_steps_are_those_of_the_simulator(gpu, capsys):
    work = importlib.import_module("card.work")
    steps = importlib.import_module("card.steps")
    found = work.attempted({"W": [3, 2]}, steps.at_size, work.Job("cpu", True), 3, 2, 2)
    assert found["launched"]["ms"] > 0
    assert found["recorded"]["steps"] >= 3
    assert json.loads(capsys.readouterr().out)["W"] == [3, 2]
    assert "error" in work.attempted({}, steps.at_size, work.Job("cpu", True), 3, 0, 2)
