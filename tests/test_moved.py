"""Packages under the names that they had in version 0.1.0."""

import importlib

import pytest

import diffqas
from diffqas._moved import MOVED


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_package_that_has_moved_is_found_with_a_warning(old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is called {new} now"):
        found = importlib.import_module(old)
    package = importlib.import_module(new)
    names = [name for name in dir(package) if name[0].isupper()]
    assert names
    assert all(getattr(found, name) is getattr(package, name) for name in names)


def test_names_of_the_package_come_when_they_are_asked_for():
    assert {"QuantumTrain", "search", "load_network"} <= set(dir(diffqas))
    assert callable(diffqas.search)
    with pytest.raises(AttributeError, match="serach"):
        _ = diffqas.serach
