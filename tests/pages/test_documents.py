"""The code in README and docs runs, the commands in them parse, the pictures in them exist."""

import re
import runpy
import shlex
import warnings

import pytest
from committed import ROOT

from diffqas.cli import main
from diffqas.cli.main import COMMANDS as PROGRAMMED

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (page.name, language, code)
    for page in PAGES
    for language, code in BLOCK.findall(page.read_text("utf-8"))
]
COMMANDS = sorted(
    {
        line.split("#")[0].strip()
        for _, language, code in BLOCKS
        if language == "sh"
        for line in code.replace("\\\n", " ").splitlines()
        if line.startswith("diffqas ")
    }
)


@pytest.mark.parametrize(
    ("page", "code"), [(page, code) for page, language, code in BLOCKS if language == "python"]
)
def test_python_blocks_run(page, code, tmp_path, monkeypatch):
    others = re.findall(r"^# needs (\w+)", code, re.MULTILINE)
    for package in others:
        pytest.importorskip(package, reason=f"a block of {page}")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        if others:
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # packages that are behind each other's versions
        exec(compile(code, page, "exec"), {"__name__": "__main__"})


def test_the_readme_says_what_its_example_prints(capsys):
    ((_, _, code),) = [
        block for block in BLOCKS if block[0] == "README.md" and block[1] == "python"
    ]
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    promised = re.search(r"# (\d+ trainable numbers .*?):", code)
    assert promised is not None
    assert promised.group(1) in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_parse(command, monkeypatch, capsys):
    calls = []
    for option in PROGRAMMED.values():
        monkeypatch.setattr(option.load(), "run", lambda self: calls.append(self))
    main(shlex.split(command)[1:])
    assert len(calls) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_project_exist(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_first_page_leads_to_every_other():
    """By links that a code host shows as well: it does not draw the lists of contents."""
    index = ROOT / "docs" / "index.md"
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", index.read_text("utf-8")))
    pages = {page.name for page in index.parent.glob("*.md")} - {"index.md"}
    assert pages <= linked


def test_the_readme_fits_on_two_screens():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert len(lines) <= 100


def test_the_readme_table_is_that_of_the_committed_study():
    lines = runpy.run_path(str(ROOT / "studies" / "readme_table.py"))["table"]()
    assert len(lines) > 10
    assert "\n".join(lines) in (ROOT / "README.md").read_text("utf-8")
