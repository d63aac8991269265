"""Packages that had another name in version 0.1.0 are found under it, with a warning."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

MOVED = {
    "diffqas.recurrent": "diffqas.layers",
    "diffqas.models": "diffqas.kinds",
    "diffqas.exports": "diffqas.runs.export",
    "diffqas.noise": "diffqas.runs.noise",
}
"""Today's name of a package by the one of before; to be removed with the next version."""


class _Stand(Loader):
    """A module that gives the names of the package that stands for it."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module whose names are looked up in the package of today."""
        new = MOVED[spec.name]
        warnings.warn(f"{spec.name} is called {new} now.", DeprecationWarning, stacklevel=2)
        package, module = importlib.import_module(new), ModuleType(spec.name)
        module.__dict__["__getattr__"] = lambda name: getattr(package, name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the package of today is imported already."""


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The stand-in for a package that has moved; None for all others."""
        return spec_from_loader(name, _Stand()) if name in MOVED else None


def find_moved_packages() -> None:
    """Let `import` find them, once in a process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
