"""Images as a task: pixels in, one logit per class out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from diffqas.architecture import Raw
from diffqas.errors import choose
from diffqas.optimisers import SOAP, Adam, RMSProp
from diffqas.quantum_train import RECIPES, DimensionScale, Rates
from diffqas.tasks.images.data import ImageData, Images, Labels
from diffqas.tasks.images.networks import DEFAULT_TARGET, TARGETS
from diffqas.tasks.images.references import references
from diffqas.tasks.images.sources import SOURCES
from diffqas.tasks.settings import Settings
from diffqas.tasks.task import Split, Task

IMAGE_RECIPES = {
    # arXiv 2505.09653, VI-A1. It does not state how many epochs, nor the loss; the learning rate is
    # second-hand.
    "paper": Settings(RECIPES["paper"], depth=15, epochs=10, batch_size=100, optimizer=Adam(0.001)),
    # Chosen on held-out training images: docs/images.md.
    "default": Settings(
        replace(
            RECIPES["default"],
            relaxation=Raw(0.4),
            scale=DimensionScale(32.0),
            rates=Rates(angles=30.0, structure=30.0, mapping=1.0),
            order="shuffled",
        ),
        depth=15,
        epochs=20,
        batch_size=100,
        optimizer=SOAP(0.002, betas=(0.9, 0.95)),
        schedule="cosine",
        others=(Adam(0.002, betas=(0.9, 0.95)), RMSProp(0.002)),
        shuffle=True,
    ),
}


def recipe_target(name: str, recipe: str) -> str:
    """The network that a recipe has for a data set; 8x8 pixels are too few to be smoothed.

    >>> recipe_target("mnist", "paper"), recipe_target("mnist", "default")
    ('mlp', 'smooth-mlp')
    >>> recipe_target("digits", "default")
    'mlp'
    """
    return "smooth-mlp" if recipe == "default" and name in SOURCES else DEFAULT_TARGET


def accuracy(prediction: Tensor, targets: Tensor) -> Tensor:
    """Share of samples whose largest logit is the target's: (count, k), (count,) -> scalar.

    >>> logits = torch.tensor([[0.1, 0.9], [2.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    >>> accuracy(logits, torch.tensor([1, 0, 1, 0]))
    tensor(0.7500)
    """
    return (prediction.argmax(dim=-1) == targets).to(prediction.dtype).mean()


def image_task(data: ImageData, target: str = DEFAULT_TARGET) -> Task:
    """The task of telling the classes of images apart.

    Args:
        data: the images.
        target: the network, `"mlp"`, `"smooth-mlp"` or `"cnn"`.

    Raises:
        ArgumentError: an unknown target.
    """
    network = TARGETS[choose(target, TARGETS, "target")]
    return Task(
        name=data.name,
        train=_split(data.train_images, data.train_labels),
        test=_split(data.test_images, data.test_labels),
        target=partial(network, data.size, len(data.classes)),
        loss=cross_entropy,
        metrics={"accuracy": accuracy, "loss": cross_entropy},
        recipes=IMAGE_RECIPES,
        references=references(data),
        kind="images",
    )


def _split(images: Images, labels: Labels) -> Split:
    return Split(torch.from_numpy(images), torch.from_numpy(labels))
