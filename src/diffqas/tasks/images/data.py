"""Images with labels as a model is given them: chosen classes, scaled pixels, two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import DataError, require
from diffqas.tasks.images.idx import Bytes

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ImageData:
    """Images of k classes.

    Attributes:
        name: the name of the data set.
        train_images, test_images: shape (count, 1, height, width), float32.
        train_labels, test_labels: shape (count,), int64, 0..k-1.
        classes: the labels of the classes in the whole data set; classes[i] became i.
        class_names: the names of the classes.
        mean, std: mean and standard deviation of the training part's pixels p in [0, 1]. Pixels are
            (p - mean) / std; 0 and 1 if they are not standardised.

    Raises:
        ArgumentError: the shapes do not fit each other, or a part is empty.
    """

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    classes: tuple[int, ...]
    class_names: tuple[str, ...]
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            images, labels = getattr(self, f"{part}_images"), getattr(self, f"{part}_labels")
            argument = f"{part}_images"
            whole = images.ndim == 4 and len(images) >= 1
            require(whole, argument, "have the shape (count, 1, h, w)", images.shape)
            rule = f"be {len(labels)} images, one per label"
            require(len(images) == len(labels), argument, rule, len(images))
        named = len(self.class_names) == len(self.classes)
        require(named, "class_names", "name each class", self.class_names)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.train_images.shape[2], self.train_images.shape[3]

    def holdout(self, share: float = 0.2) -> ImageData:
        """Return data made of the training images alone, `share` of them as the test part.

        It is for choosing settings without a look at the test part. A fixed permutation, the same
        on every machine, decides which images are held out. Both parts keep the order of the
        training part, and pixels stay standardised by the whole training part.

        Raises:
            ArgumentError: `share` is outside (0, 1), or there are fewer than two training images.
        """
        require(0 < share < 1, "share", "be between 0 and 1", share)
        count = len(self.train_labels)
        require(count >= 2, "data", "have at least 2 training images", count)
        held_out = min(max(1, round(share * count)), count - 1)
        order = fixed_permutation(count, seed=1)
        kept, tested = np.sort(order[: count - held_out]), np.sort(order[count - held_out :])
        return replace(
            self,
            train_images=self.train_images[kept],
            train_labels=self.train_labels[kept],
            test_images=self.train_images[tested],
            test_labels=self.train_labels[tested],
        )


@dataclass(frozen=True, eq=False)
class RawImages:
    """All classes of a data set as its files hold them.

    Each part is a pair of images (count, h, w) and labels (count,), both uint8.
    """

    train: tuple[Bytes, Bytes]
    test: tuple[Bytes, Bytes]
    class_names: tuple[str, ...]
    white: int = 255


def checked_classes(classes: Sequence[int] | None, class_names: Sequence[str]) -> tuple[int, ...]:
    """Return the chosen classes, all of them for None, in the given order.

    Raises:
        ArgumentError: fewer than two classes, one twice, or one that the data set does not have.

    >>> checked_classes([5, 1], "abcdefghij")
    (5, 1)
    """
    if classes is None:
        return tuple(range(len(class_names)))
    known = f"be two or more different numbers of 0..{len(class_names) - 1}"
    sequence = isinstance(classes, (Sequence, np.ndarray)) and not isinstance(classes, str)
    require(sequence, "classes", known, repr(classes))
    whole = all(
        isinstance(label, (int, np.integer)) and not isinstance(label, bool) for label in classes
    )
    inside = whole and all(0 <= label < len(class_names) for label in classes)
    require(inside and len(set(classes)) == len(classes) >= 2, "classes", known, list(classes))
    return tuple(int(label) for label in classes)


def prepare(name: str, raw: RawImages, classes: tuple[int, ...], standardize: bool) -> ImageData:
    """Choose classes, number them anew and scale the pixels.

    Raises:
        DataError: a part has no image of a class, or a label is unknown.
    """
    (train, train_labels), (test, test_labels) = (
        _chosen(name, raw, part, classes) for part in ("train", "test")
    )
    mean, std = pixel_statistics(train, raw.white) if standardize else (0.0, 1.0)
    return ImageData(
        name=name,
        train_images=_scaled(train, raw.white, mean, std),
        train_labels=train_labels,
        test_images=_scaled(test, raw.white, mean, std),
        test_labels=test_labels,
        classes=classes,
        class_names=tuple(raw.class_names[label] for label in classes),
        mean=mean,
        std=std,
    )


def pixel_statistics(images: Bytes, white: int) -> tuple[float, float]:
    """Mean and standard deviation of all pixels divided by `white`, exact whatever their number.

    >>> pixel_statistics(np.array([[0, 100], [0, 100]], dtype=np.uint8), white=100)
    (0.5, 0.5)
    """
    # A histogram, in parts: 47 million pixels as float64 would take 380 MB.
    counts = np.zeros(256, dtype=np.int64)
    for part in np.array_split(images, max(1, len(images) // 1000)):
        counts += np.bincount(part.ravel(), minlength=256)
    values = np.arange(256) / white
    mean = float(np.average(values, weights=counts))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))


def fixed_permutation(count: int, seed: int) -> NDArray[np.intp]:
    """A permutation of 0..count-1 that depends on the seed alone.

    numpy promises the raw stream of a bit generator for all versions, and promises it of no
    shuffle.
    """
    return np.argsort(np.random.PCG64(seed).random_raw(count), kind="stable")


def _chosen(name: str, raw: RawImages, part: str, classes: tuple[int, ...]) -> tuple[Bytes, Labels]:
    images, labels = raw.train if part == "train" else raw.test
    largest = int(labels.max())
    if largest >= len(raw.class_names):
        known = f"labels are 0..{len(raw.class_names) - 1}"
        raise DataError(f"{name}: the {part} part has the label {largest}; {known}")
    numbers = np.full(len(raw.class_names), -1, dtype=np.int64)
    numbers[list(classes)] = np.arange(len(classes))
    found = numbers[labels]
    kept = found >= 0
    absent = sorted(set(range(len(classes))) - set(found[kept].tolist()))
    if absent:
        missing = f"no image of class {classes[absent[0]]}"
        raise DataError(f"{name}: the {part} part has {missing}; choose other classes")
    return images[kept], found[kept]


def _scaled(images: Bytes, white: int, mean: float, std: float) -> Images:
    # A table of the 256 values: one rounding per value, and no second array of floats.
    levels = (np.arange(256) / white - mean) / (std or 1.0)
    return levels.astype(np.float32)[images][:, None]
