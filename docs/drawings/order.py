"""Draws the picture of docs/images.md: `python docs/drawings/order.py`, some seconds."""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from diffqas import QuantumTrain
from diffqas.tasks.images.networks import MLP, SIGMA, Smooth
from diffqas.tasks.images.task import IMAGE_RECIPES

PICTURE = Path(__file__).parents[1] / "pictures" / "order.png"
UNITS = (3, 4, 5)


def rows(order: str) -> torch.Tensor:
    """Weights of three of the 128 units at the start, as images (3, 28, 28)."""
    torch.manual_seed(0)
    model = QuantumTrain(MLP(), depth=15, recipe=IMAGE_RECIPES["default"].generator, order=order)
    return model.generate()["1.weight"].detach()[list(UNITS)].reshape(-1, 28, 28)


def orders() -> Figure:
    """The three in the order of the index, shuffled, and shuffled behind the filter."""
    figure = Figure(figsize=(8, 1.3), layout="constrained")
    shuffled = rows("shuffled")
    kinds = {
        "order of the index": rows("index"),
        "shuffled": shuffled,
        "shuffled, filtered": Smooth(SIGMA)(shuffled),
    }
    for part, (name, images) in zip(figure.subfigures(1, 3), kinds.items(), strict=True):
        part.suptitle(name, fontsize=10)
        limit = float(images.abs().quantile(0.98))
        for axes, image in zip(part.subplots(1, 3), images, strict=True):
            axes.imshow(image, cmap="RdBu", vmin=-limit, vmax=limit)
            axes.set_axis_off()
    return figure


if __name__ == "__main__":
    orders().savefig(PICTURE, dpi=120)
