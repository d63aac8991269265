import hashlib
import sys

import numpy as np
import pytest

from diffqas.errors import ArgumentError, DataError
from diffqas.tasks.images import data as module
from diffqas.tasks.images import load_images
from diffqas.tasks.images.data import ImageData, RawImages, prepare
from diffqas.tasks.images.datasets import read_source


@pytest.fixture
def raw(small, tmp_path):
    return read_source(small.source(), small.write(tmp_path))


def part(data, name):
    return getattr(data, f"{name}_images"), getattr(data, f"{name}_labels")


@pytest.mark.parametrize("name", ["train", "test"])
@pytest.mark.parametrize("classes", [(1, 5), (5, 1), (9, 0, 4), tuple(range(10))])
def test_chosen_classes_are_numbered_anew(small, raw, name, classes):
    data = prepare("small", raw, classes, standardize=False)
    images, labels = part(data, name)
    rows = [row for row, label in enumerate(small.labels[name]) if label in classes]
    assert labels.tolist() == [classes.index(small.labels[name][row]) for row in rows]
    assert labels.dtype == np.int64
    assert images.dtype == np.float32
    assert images.shape == (len(rows), 1, 6, 6)
    np.testing.assert_allclose(images[:, 0], small.images[name][rows] / 255, rtol=1e-7)
    assert data.class_names == tuple("abcdefghij"[label] for label in classes)
    assert data.classes == classes
    assert (data.mean, data.std) == (0, 1)


def test_standardised_by_the_training_part_alone(small, raw):
    classes = (2, 7)
    data = prepare("small", raw, classes, standardize=True)
    kept = [np.isin(small.labels[name], classes) for name in ("train", "test")]
    train, test = (
        small.images[name][rows] / 255 for name, rows in zip(("train", "test"), kept, strict=True)
    )
    assert data.mean == pytest.approx(train.mean(), rel=1e-12)
    assert data.std == pytest.approx(train.std(), rel=1e-12)
    np.testing.assert_allclose(
        data.train_images[:, 0], (train - train.mean()) / train.std(), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(
        data.test_images[:, 0], (test - train.mean()) / train.std(), rtol=1e-6, atol=1e-7
    )


def test_statistics_of_many_images_are_exact():
    images = np.random.default_rng(3).integers(0, 256, (2500, 3, 3), dtype=np.uint8)
    mean, std = module.pixel_statistics(images, 255)
    assert mean == pytest.approx((images / 255).mean(), rel=1e-12)
    assert std == pytest.approx((images / 255).std(), rel=1e-12)


def test_images_of_one_grey_stay_finite(raw):
    grey = RawImages((np.full_like(raw.train[0], 7), raw.train[1]), raw.test, raw.class_names)
    data = prepare("grey", grey, (0, 1), standardize=True)
    assert data.std == 0
    assert np.abs(data.train_images).max() == 0
    assert np.isfinite(data.test_images).all()


def test_holdout_comes_from_the_training_part(raw):
    data = prepare("small", raw, tuple(range(10)), standardize=True)
    held = data.holdout(0.3)
    assert (len(held.train_labels), len(held.test_labels)) == (35, 15)
    rows = {image.tobytes(): row for row, image in enumerate(data.train_images)}
    found = [
        [rows[image.tobytes()] for image in images]
        for images in (held.train_images, held.test_images)
    ]
    assert sorted(found[0] + found[1]) == list(range(50))
    assert all(part == sorted(part) for part in found)
    assert found[1] != list(range(35, 50))  # not simply the last ones: files may be sorted
    for images, labels in ((found[0], held.train_labels), (found[1], held.test_labels)):
        np.testing.assert_array_equal(data.train_labels[images], labels)
    np.testing.assert_array_equal(data.holdout(0.3).test_images, held.test_images)
    assert (held.mean, held.std, held.classes) == (data.mean, data.std, data.classes)


@pytest.mark.parametrize(("share", "kept"), [(1e-9, 49), (0.999999, 1)])
def test_holdout_leaves_images_on_both_sides(raw, share, kept):
    assert (
        len(prepare("small", raw, tuple(range(10)), standardize=False).holdout(share).train_labels)
        == kept
    )


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_bad_shares(raw, share):
    with pytest.raises(ArgumentError, match="`share` must be between 0 and 1"):
        prepare("small", raw, (0, 1), standardize=False).holdout(share)


def test_the_fixed_permutation_never_changes():
    assert module.fixed_permutation(10, seed=0).tolist() == [3, 2, 1, 8, 6, 0, 7, 4, 5, 9]


@pytest.mark.parametrize(
    "classes",
    [
        (),
        (1,),
        (1, 1),
        (1, 5, 1),
        (1, 10),
        (-1, 2),
        (1.0, 2.0),
        ("1", "5"),
        "15",
        1,
        (True, False),
        ([1], [2]),
    ],
)
def test_bad_classes_are_told_before_any_file_is_sought(classes):
    rule = r"Argument `classes` must be two or more different numbers of 0\.\.9, but got "
    for name in ("mnist", "digits"):
        with pytest.raises(ArgumentError, match=rule):
            load_images(name, classes)


def test_arrays_of_classes():
    assert load_images("digits", np.array([8, 3])).classes == (8, 3)


def test_unknown_names_and_needless_folders(tmp_path):
    with pytest.raises(
        ArgumentError, match=r"`dataset` must be one of mnist, .*did you mean 'mnist'"
    ):
        load_images("mnits")
    with pytest.raises(
        ArgumentError,
        match=r"`data_dir` must be used with mnist or fashion-mnist or mnist-4x4 \('digits'",
    ):
        load_images("digits", data_dir=tmp_path)


def test_labels_and_classes_that_the_files_do_not_have(raw):
    few = RawImages(raw.train, (raw.test[0][:5], raw.test[1][:5]), raw.class_names)
    with pytest.raises(DataError, match="the test part has no image of class 7"):
        prepare("small", few, (3, 7), standardize=False)
    three = RawImages(raw.train, raw.test, raw.class_names[:3])
    with pytest.raises(DataError, match=r"the train part has the label 9; labels are 0\.\.2"):
        prepare("small", three, (0, 1), standardize=False)


def test_shapes_are_checked():
    images, labels = np.zeros((3, 1, 2, 2), np.float32), np.zeros(3, np.int64)
    sound = {
        "train_images": images,
        "train_labels": labels,
        "test_images": images,
        "test_labels": labels,
    }
    rest = {"name": "x", "classes": (0, 1), "class_names": ("a", "b")}
    assert ImageData(**sound, **rest).size == (2, 2)
    for wrong in (
        {"train_images": images[:, 0]},
        {"test_images": images[:0], "test_labels": labels[:0]},
        {"test_labels": labels[:2]},
        {"class_names": ("a",)},
    ):
        with pytest.raises(
            ArgumentError, match=f"`{next(iter(wrong)).replace('labels', 'images')}` must"
        ):
            ImageData(**(sound | rest | wrong))


def test_digits():
    data = load_images("digits", standardize=False)
    assert data.train_images.shape == (1438, 1, 8, 8)
    assert data.test_images.shape == (359, 1, 8, 8)
    assert (data.train_images.min(), data.train_images.max()) == (0, 1)
    everything = np.concatenate([data.train_images, data.test_images])
    assert len({image.tobytes() for image in everything}) == 1797
    # A fifth of each class, and the same images on every machine and with every version of numpy.
    assert np.bincount(data.test_labels).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    pixels = (data.test_images * 16).astype(np.uint8)
    assert hashlib.md5(pixels.tobytes()).hexdigest() == "dbf311b4697894114144594385790177"


def test_a_subset_of_digits_keeps_the_split():
    all_ten, two = (
        load_images("digits", standardize=False),
        load_images("digits", (3, 8), standardize=False),
    )
    np.testing.assert_array_equal(
        two.test_images, all_ten.test_images[np.isin(all_ten.test_labels, (3, 8))]
    )


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(DataError, match=r"not installed: run `pip install 'diffqas\[digits\]'`"):
        load_images("digits")


@pytest.mark.parametrize(
    ("name", "classes", "train", "test"),
    [
        ("mnist", (1, 5), [6742, 5421], [1135, 892]),
        ("fashion-mnist", (1, 5), [6000, 6000], [1000, 1000]),
        ("fashion-mnist", (5, 7), [6000, 6000], [1000, 1000]),
        ("mnist", None, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], None),
    ],
)
def test_counts_of_the_published_data(real_data, name, classes, train, test):
    data = load_images(name, classes, real_data, standardize=False)
    assert np.bincount(data.train_labels).tolist() == train
    if test is not None:
        assert np.bincount(data.test_labels).tolist() == test
    assert data.train_images.shape[1:] == (1, 28, 28)
    assert (data.train_images.min(), data.train_images.max()) == (0, 1)


def test_pixels_of_the_published_data(real_data):
    # The environment names the folder; published: mean 0.1307 and 0.2860, deviation 0.3081 and
    # 0.3530.
    mnist, fashion = load_images("mnist"), load_images("fashion-mnist")
    assert (round(mnist.mean, 4), round(mnist.std, 4)) == (0.1307, 0.3081)
    assert (round(fashion.mean, 4), round(fashion.std, 4)) == (0.2860, 0.3530)
    assert fashion.class_names[9] == "Ankle boot"
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert fashion.train_labels[:5].tolist() == [9, 0, 0, 3, 0]
    first = mnist.train_images[0, 0].astype(np.float64) * mnist.std + mnist.mean
    # Row 5 of the first image, a five: columns 12 to 23.
    expected = [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]
    np.testing.assert_allclose(first[5, 12:24] * 255, expected, atol=1e-3)
    assert data_is_standard(mnist)


def data_is_standard(data):
    pixels = data.train_images
    return (
        abs(pixels.mean(dtype=np.float64)) < 1e-6 and abs(pixels.std(dtype=np.float64) - 1) < 1e-6
    )


def test_folders_without_the_right_files(real_data, tmp_path):
    with pytest.raises(DataError, match="lacks files of MNIST: put train-images"):
        load_images("mnist", data_dir=tmp_path)
    with pytest.raises(DataError, match=r"is FashionMNIST's train-images-idx3-ubyte\.gz"):
        load_images("mnist", data_dir=real_data / "FashionMNIST")
