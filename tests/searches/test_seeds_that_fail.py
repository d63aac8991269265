"""A seed whose numbers are no numbers any more: frozen, named and left out of the figures, the
others go on.
"""

import math

import pytest
import torch

from diffqas import search
from diffqas.errors import RunError
from diffqas.storage import RunFolder
from diffqas.training import Training


@pytest.fixture
def spoil(monkeypatch):
    """Lets given seeds of all searches to come lose their numbers after the first epoch."""

    def prepare(*seeds: int) -> None:
        one_epoch = Training._one_epoch

        def spoilt(self):
            if self.epoch == 1:
                with torch.no_grad():
                    for seed in seeds:
                        self.population.generator.mapping.bias[seed] = math.nan
            return one_epoch(self)

        monkeypatch.setattr("diffqas.searches.session.CHECKPOINT_SECONDS", 0.0)
        monkeypatch.setattr(Training, "_one_epoch", spoilt)

    return prepare


@pytest.mark.parametrize(("task", "metric"), [("bessel", "mse"), ("digits", "accuracy")])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_of_two(task, metric, seed, spoil, tmp_path, capsys):
    if task == "digits":
        pytest.importorskip("sklearn")
    spoil(seed)
    classes = (1, 5) if task == "digits" else None
    run = search(task, classes=classes, depth=1, epochs=3, seeds=2, output=tmp_path / "run")
    reason = "the loss became nan at epoch 2, step 1 (first in generator.mapping.bias)"
    assert run.result["failures"] == {str(seed): reason}
    assert f"Seed {seed} is frozen, the others go on: {reason}." in capsys.readouterr().out
    values = run.result[f"test_{metric}"]
    assert values[seed] is None
    assert math.isfinite(values[1 - seed])
    assert (run.folder / "curves.png").exists()


def test_all_of_them(spoil, tmp_path):
    spoil(0, 1)
    with pytest.raises(
        RunError,
        match=r"^Training diverged: seed 0: .*The last good checkpoint is of epoch 1, in .*run\.$",
    ):
        search("bessel", depth=1, epochs=3, seeds=2, output=tmp_path / "run", quiet=True)
    assert RunFolder(tmp_path / "run").load_checkpoint() is not None
