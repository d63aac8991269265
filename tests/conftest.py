"""What tests of all rooms share. Hypothesis draws the same moderate number of examples on every
run.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import torch
from hypothesis import settings

from diffqas.cli import main
from diffqas.errors import RunError
from diffqas.kinds import quantum_train
from diffqas.training import Training

if not torch.cuda.is_available():
    # Kernels of a card are interpreted; Triton reads this when it is imported, by whomever.
    os.environ.setdefault("TRITON_INTERPRET", "1")

settings.register_profile("diffqas", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("diffqas")


@pytest.fixture(scope="session", autouse=True)
def _no_baselines_unasked():
    """Hundreds of small searches need no ordinary network beside each; some tests ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quantum_train, "takes_seconds", lambda task, settings: False)
        yield


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path_factory, monkeypatch):
    """What a test runs is remembered in a folder of its own, not in that of the person."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def refused(capsys) -> Callable[..., str]:
    """Calls the program with arguments that it must refuse: exit code 2 and one line of errors,
    which is returned.
    """

    def call(*arguments: str) -> str:
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        assert stop.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        (line,) = printed.err.strip().splitlines()
        return line

    return call


@pytest.fixture
def stopped(monkeypatch) -> Callable[[], AbstractContextManager[None]]:
    """A context in which a search stops with an error after its first epoch, its checkpoint on
    disk.
    """
    one_epoch = Training._one_epoch

    def stop_after_one(self):
        if self.epoch == 1:
            raise RunError("stopped")
        return one_epoch(self)

    @contextmanager
    def stopping():
        monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
        with monkeypatch.context() as patch:
            patch.setattr(Training, "_one_epoch", stop_after_one)
            with pytest.raises(RunError, match="stopped"):
                yield

    return stopping


@pytest.fixture
def misreading() -> Callable[..., Any]:
    """Makes a device of PennyLane that reads every bit as the other with some probability."""
    pennylane = pytest.importorskip("pennylane")

    def make(probability, **options):
        def flips(operation, **_):
            for wire in operation.wires:
                pennylane.BitFlip(probability, wires=wire)

        read = pennylane.noise.meas_eq(pennylane.probs)
        model = pennylane.NoiseModel({}, meas_map={read: flips})
        return pennylane.add_noise(pennylane.device("default.mixed", **options), model)

    return make
