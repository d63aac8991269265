"""What the accuracy of a network is to be compared with: the paper's words, and classifiers that
need no training.
"""

from __future__ import annotations

import numpy as np

from diffqas.tasks.images.data import ImageData, Images
from diffqas.tasks.task import Reference

PAPER = {
    # The text says "exceeding 98%".
    ("fashion-mnist", frozenset({1, 5})): Reference(
        "paper, search", 0.98, "at least; arXiv 2505.09653, VI-A2 and Fig. 6"
    ),
    # The text prints no number; summaries of the paper say "above 98 %" for both data sets.
    ("mnist", frozenset({1, 5})): Reference(
        "paper, search", 0.98, "at least; arXiv 2505.09653, Fig. 5, second-hand"
    ),
}
"""Published test accuracies by data set and classes."""


def majority(data: ImageData) -> float:
    """Return the test accuracy of always answering the training part's most frequent class."""
    return float(np.mean(data.test_labels == np.bincount(data.train_labels).argmax()))


def nearest_mean(data: ImageData) -> float:
    """Return the test accuracy of answering the class whose mean training image is nearest."""
    train, test = (_flat(images) for images in (data.train_images, data.test_images))
    groups = (train[data.train_labels == label] for label in range(len(data.classes)))
    means = np.stack([group.mean(axis=0, dtype=np.float64) for group in groups])
    # |x - m|^2 without |x|^2, which is the same for all classes.
    distances = (means**2).sum(axis=1) - 2.0 * test @ means.T
    return float(np.mean(distances.argmin(axis=1) == data.test_labels))


def references(data: ImageData) -> list[Reference]:
    """Return all references that apply to `data`, as test accuracies."""
    published = PAPER.get((data.name, frozenset(data.classes)))
    return [
        *([published] if published else []),
        Reference("majority class", majority(data), "the most frequent class of the training part"),
        Reference("nearest mean image", nearest_mean(data), "one mean image per class"),
    ]


def _flat(images: Images) -> Images:
    return images.reshape(len(images), -1)
