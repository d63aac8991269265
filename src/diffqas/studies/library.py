"""How studies are loaded: the papers' studies by their names, a user's own from `FILE.py:NAME`.

Both are Python files that hold a `Study`, and both are loaded in the same way. The index
`papers.toml` beside the papers' studies says which file holds which study.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from diffqas.errors import choose
from diffqas.studies.rows import slug
from diffqas.studies.study import Study, StudyOfRun
from diffqas.tasks import TaskSource, is_task_file, load_from_file

INDEX = "papers.toml"
KINDS = (Study, StudyOfRun)


@dataclass(frozen=True)
class LoadedStudy:
    """A study and where it came from.

    Attributes:
        name: in tables, cells and the name of the folder.
        study: what was found.
        source: the user's file that holds it; None: it is one of the papers'.
    """

    name: str
    study: Study | StudyOfRun
    source: TaskSource | None = None


@dataclass(frozen=True)
class IndexEntry:
    """A line of the index.

    Attributes:
        study: `FILE.py:NAME`, the file beside the index.
        about: what the study is, for the command's help.
    """

    study: str
    about: str


def papers_folder() -> Path:
    """The folder of the papers' studies: beside the sources, or in an installed package."""
    packaged = Path(__file__).parent / "papers"
    return packaged if packaged.exists() else Path(__file__).parents[3] / "studies"


@cache
def papers_index() -> dict[str, IndexEntry]:
    """The papers' studies by name, in the order of the index; none of them is loaded."""
    text = (papers_folder() / INDEX).read_text(encoding="utf-8")
    return {name: IndexEntry(**entry) for name, entry in tomllib.loads(text).items()}


def load_study(word: str) -> LoadedStudy:
    """A study by its word.

    Args:
        word: the name of one of the papers' studies, or `FILE.py:NAME`.

    Raises:
        ArgumentError: no such study; the nearest is suggested.
        DataError: the file is missing, raises an error, or holds no such study.
    """
    if not is_task_file(word):
        choose(word, papers_index(), "study")
        return _of_a_paper(word)
    return _of_a_file(word, _content(word.rpartition(":")[0]))


@lru_cache(maxsize=8)
def _of_a_file(word: str, content: tuple[Path, bytes | None]) -> LoadedStudy:
    """A user's study, executed once for every content that its file has."""
    # A plan asks for its study again and again; executed each time, a file that keeps a state
    # would give other rows in the middle.
    study, source = load_from_file(word, KINDS, "study")
    return LoadedStudy(slug(str(source.name)), study, source)


def _content(file: str) -> tuple[Path, bytes | None]:
    path = Path(file).expanduser().resolve()
    try:
        return path, path.read_bytes()
    except OSError:  # told by `load_from_file`
        return path, None


@cache
def _of_a_paper(name: str) -> LoadedStudy:
    word = f"{papers_folder()}/{papers_index()[name].study}"
    return LoadedStudy(name, load_from_file(word, KINDS, "study")[0])


class Studies(Mapping[str, Study | StudyOfRun]):
    """The papers' studies by name; each is loaded when it is asked for."""

    def __getitem__(self, name: str) -> Study | StudyOfRun:
        if name not in papers_index():
            raise KeyError(name)
        return load_study(name).study

    def __iter__(self) -> Iterator[str]:
        return iter(papers_index())

    def __len__(self) -> int:
        return len(papers_index())


STUDIES = Studies()
"""The papers' studies by name."""
