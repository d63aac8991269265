"""Options of a search that are not the recipe's: optimiser, selection, and what is said of a slow
target.
"""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from diffqas import search
from diffqas.errors import ArgumentError
from diffqas.optimisers import OPTIMISERS
from diffqas.reports import Terminal
from diffqas.searches.result_table import show
from diffqas.storage import encode, read_json
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.series.task import SERIES_RECIPES


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.LSTM(1, 2, batch_first=True)

    def forward(self, x):
        return self.inner(x.unsqueeze(-1))[0][:, -1, :1]


def task_of(target) -> Task:
    x = torch.randn(16, 3, generator=torch.Generator().manual_seed(0))
    y = x.sum(1, keepdim=True).sin()
    settings: Settings = SERIES_RECIPES["default"]
    return Task(
        "own",
        Split(x[:12], y[:12]),
        Split(x[12:], y[12:]),
        target,
        mse_loss,
        {"mse": mse_loss},
        {"default": settings},
    )


def test_the_best_epoch_is_told_with_its_number(tmp_path):
    run = search("bessel", seeds=2, depth=1, epochs=2, select="best", output=tmp_path / "run")
    assert len(run.result["selected_epoch"]) == 2
    assert set(run.result["selected_epoch"]) <= {1, 2}
    show(run.result, console := Terminal(record=True, width=200))
    assert "best of 2 epochs on held-out training samples" in console.export_text()
    assert read_json(run.folder / "config.json")["run"]["settings"]["select"] == "best"


NUMBERS = {"adam": {"betas": (0.9, 0.95)}}


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "kalman"])
def test_the_optimizer_is_used_and_stored(tmp_path, optimizer):
    run = search(
        "bessel", depth=1, epochs=1, optimizer=optimizer, output=tmp_path / "run", quiet=True
    )
    assert read_json(run.folder / "config.json")["run"]["settings"]["optimizer"] == {
        **encode(OPTIMISERS[optimizer](**NUMBERS.get(optimizer, {})))
    }


def test_a_learning_rate_for_the_kalman_filter_is_refused(tmp_path):
    with pytest.raises(
        ArgumentError,
        match="`lr` must go with the optimizer adam or rmsprop or soap, but got kalman",
    ):
        search("bessel", optimizer="kalman", lr=0.1, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("target", "said"), [(Recurrent, True), (lambda: nn.Linear(3, 1), False)])
def test_a_target_that_runs_seed_by_seed_is_told(tmp_path, capsys, target, said):
    search(task_of(target), seeds=2, depth=1, epochs=1, output=tmp_path / "run")
    assert ("cannot run under torch.func.vmap" in " ".join(capsys.readouterr().out.split())) is said


def test_one_seed_alone_has_nothing_to_be_told(tmp_path, capsys):
    search(task_of(Recurrent), depth=1, epochs=1, output=tmp_path / "run")
    assert "vmap" not in capsys.readouterr().out
