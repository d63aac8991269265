"""No file that others may send can run code: nothing here unpickles, and torch loads tensors and
plain values only.
"""

import ast
from pathlib import Path

import pytest

import diffqas

FILES = sorted(Path(diffqas.__file__).parent.rglob("*.py"))
FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


NAMED_BY_HAND = {"task_file.py": ["exec"]}
"""A task of one's own is a file of code: it is executed because a person names it
(docs/own-tasks.md).
"""


def faults(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
            found += [name for name in names if name.split(".")[0] in FORBIDDEN]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("eval", "exec"):
                found.append(name)
            plain = any(
                word.arg == "allow_pickle" and ast.unparse(word.value) == "False"
                for word in node.keywords
            )
            if name in ("np.load", "numpy.load") and not plain:
                found.append(f"{name} without allow_pickle=False")
            safe = any(
                word.arg == "weights_only" and ast.unparse(word.value) == "True"
                for word in node.keywords
            )
            if name == "torch.load" and not safe:
                found.append("torch.load without weights_only=True")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_sources(path):
    assert faults(path.read_text("utf-8")) == NAMED_BY_HAND.get(path.name, [])


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from dill import loads",
        "torch.load(path)",
        "torch.load(p, weights_only=False)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "eval('1')",
    ],
)
def test_the_scan_sees_what_it_looks_for(line):
    assert len(faults(line)) == 1
