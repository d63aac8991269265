"""What is built for others to install holds what they need, and nothing of the workshop."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import diffqas

ROOT = Path(__file__).parents[1]
FORCED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
PAPERS = [Path(name).name for name in FORCED["targets"]["wheel"]["force-include"]]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and source distribution, built with what is installed here."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, source


def test_the_wheel_holds_every_file_of_the_package(built):
    with zipfile.ZipFile(built[0]) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("diffqas/")}
    package = ROOT / "src"
    files = (
        path
        for path in (package / "diffqas").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    papers = {f"diffqas/studies/papers/{name}" for name in PAPERS}
    assert held == {path.relative_to(package).as_posix() for path in files} | papers
    assert "diffqas/py.typed" in held


def test_the_source_distribution_holds_tests_and_docs_without_results(built):
    with tarfile.open(built[1]) as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    for name in (
        "LICENSE",
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "Makefile",
        "constraints.txt",
    ):
        assert name in held
    assert "tests/conftest.py" in held
    assert "docs/simulator.md" in held
    assert {f"studies/{name}" for name in PAPERS} <= held
    assert not {name for name in held if "studies/results" in name or ".venv" in name}


def test_the_papers_studies_run_from_the_wheel(built, tmp_path):
    """Far from a checkout, by processes of their own; with every module that they import."""
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(tmp_path / "installed")
    script = """
from diffqas.studies import STUDIES, Plan, run_study
if __name__ == "__main__":
    assert len(list(STUDIES.values())) == len(STUDIES) > 10
    plan = Plan("table-2", seeds=1, epochs=1, depth=1)
    rows = ["search-raw", "hashed-vector"]
    print(len(run_study(plan, rows=rows, datasets=["narma5"], workers=2, quiet=True).cells))
"""
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "2", done.stderr


def test_metadata_is_complete(built):
    check = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *map(str, built)], capture_output=True
    )
    if b"No module named twine" in check.stderr:
        pytest.skip("twine is not installed")
    assert check.returncode == 0, check.stdout


def test_the_extra_all_names_every_other_extra():
    extras = PROJECT["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(re.findall(r"[\w-]+", everything.partition("[")[2])) == set(extras) - {"all"}


def test_one_version_everywhere():
    assert f"version: {diffqas.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {diffqas.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
