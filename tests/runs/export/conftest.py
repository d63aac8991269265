"""One short run of each kind, shared by the tests of exports; they read it and write elsewhere."""

import pytest

from diffqas import search

CASES = ("bessel", "narma5", "digits-mlp", "digits-cnn", "cartpole")


def make(name, folder):
    short = {"output": folder / name, "depth": 1, "quiet": True}
    if name == "cartpole":
        pytest.importorskip("gymnasium", reason="environments need gymnasium")
        return search("cartpole", episodes=16, workers=4, **short)
    if name.startswith("digits"):
        return search(
            "digits", target=name.removeprefix("digits-"), classes=(8, 3), epochs=1, **short
        )
    return search(
        name, epochs=1, seeds=[3, 5] if name == "bessel" else 1, optimizer="adam", **short
    )


@pytest.fixture(scope="session")
def run_of(tmp_path_factory):
    """`run_of(name)`: a finished run, made once."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def one(name):
        if name not in made:
            made[name] = make(name, folder)
        return made[name]

    return one


@pytest.fixture(params=CASES)
def run(request, run_of):
    """A finished run of every kind."""
    return run_of(request.param)
