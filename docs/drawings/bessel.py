"""Draws the picture of the front pages, `python docs/drawings/bessel.py`: seed 0 of the search in
the committed table, in the series' own unit.
"""

from pathlib import Path

import torch

from diffqas.reports import predictions_figure, save_figure
from diffqas.tasks.series import load_series

ROOT = Path(__file__).parents[2]
STORED = ROOT / "studies" / "results" / "table-2" / "predictions" / "bessel.pt"
PICTURE = ROOT / "docs" / "pictures" / "bessel.png"

if __name__ == "__main__":
    stored = torch.load(STORED, weights_only=True)
    data = load_series("bessel")
    snapshots = {
        epoch: data.unscaled(values[:1].numpy()) for epoch, values in stored["snapshots"].items()
    }
    truth = data.unscaled(stored["truth"].numpy())
    title = "bessel: prediction against truth (seed 0)"
    figure = predictions_figure(snapshots, truth, stored["boundary"], title, "J₂(x)")
    save_figure(figure, PICTURE)
