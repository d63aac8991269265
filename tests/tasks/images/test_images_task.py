import numpy as np
import pytest
import torch
from torch import nn

from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep, QuantumTrain
from diffqas.tasks.images import (
    CNN,
    MLP,
    TARGETS,
    accuracy,
    image_task,
    load_images,
    majority,
    nearest_mean,
)
from diffqas.tasks.images.data import ImageData
from diffqas.tasks.images.networks import Smooth
from diffqas.tasks.images.task import references


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", (3, 8))


def made(train_images, train_labels, test_images, test_labels, name="made", classes=(0, 1)):
    images = [
        np.asarray(part, dtype=np.float32).reshape(-1, 1, 1, 2)
        for part in (train_images, test_images)
    ]
    labels = [np.asarray(part) for part in (train_labels, test_labels)]
    names = tuple(map(str, classes))
    return ImageData(name, images[0], labels[0], images[1], labels[1], classes, names)


@pytest.mark.parametrize(
    ("network", "size", "classes", "parameters"),
    [
        (MLP, (28, 28), 2, 108_866),
        (MLP, (28, 28), 10, 109_386),
        (MLP, (8, 8), 10, 17_226),
        (CNN, (28, 28), 2, 2_818),
        (CNN, (28, 28), 10, 9_098),
        (CNN, (8, 8), 2, 1_378),
        (CNN, (8, 8), 10, 1_898),
        (CNN, (5, 11), 3, 80 + 1168 + 16 * 1 * 2 * 3 + 3),
    ],
)
def test_sizes_of_the_networks(network, size, classes, parameters):
    model = network(size, classes)
    assert count(model) == parameters
    assert model(torch.zeros(7, 1, *size)).shape == (7, classes)


def test_the_paper_needs_286_numbers_for_its_network():
    assert QuantumTrain(MLP(), depth=15).parameter_report().total == 286


def test_the_mlp_is_what_its_docstring_says():
    torch.manual_seed(0)
    model = MLP((4, 5), 3).double()
    tensors = list(model.parameters())
    x = torch.randn(6, 1, 4, 5, dtype=torch.float64)
    hidden = x.reshape(6, 20)
    for weight, bias in zip(tensors[:-2:2], tensors[1:-2:2], strict=True):
        hidden = (hidden @ weight.T + bias).clamp(min=0)
    torch.testing.assert_close(model(x), hidden @ tensors[-2].T + tensors[-1])
    assert [tuple(tensor.shape) for tensor in tensors[::2]] == [(128, 20), (64, 128), (3, 64)]


def test_a_filtered_pixel_is_the_weighted_mean_of_all():
    torch.manual_seed(0)
    images = torch.randn(2, 1, 6, 9, dtype=torch.float64)
    filtered = Smooth(1.5)(images)
    for row, column in ((0, 0), (3, 4), (5, 8)):
        weights = torch.tensor(
            [
                [np.exp(-((i - row) ** 2 + (j - column) ** 2) / 4.5) for j in range(9)]
                for i in range(6)
            ],
            dtype=torch.float64,
        )
        expected = (images * weights).sum((-2, -1)) / weights.sum()
        torch.testing.assert_close(filtered[..., row, column], expected)


def test_the_filter_is_scipys_away_from_the_border():
    from scipy.ndimage import gaussian_filter

    image = np.random.default_rng(0).normal(size=(28, 28))
    mine = Smooth(1.5)(torch.from_numpy(image)[None, None])[0, 0].numpy()
    theirs = gaussian_filter(image, 1.5, truncate=8.0)
    np.testing.assert_allclose(mine[12:16, 12:16], theirs[12:16, 12:16], atol=1e-9)


def test_the_filter_has_nothing_to_train_or_to_store_and_leaves_a_plain_image_alone():
    assert not [*Smooth(2.0).parameters(), *Smooth(2.0).buffers()]
    torch.testing.assert_close(
        Smooth(2.0)(torch.full((1, 1, 5, 5), 3.0)), torch.full((1, 1, 5, 5), 3.0)
    )
    with pytest.raises(ArgumentError, match="`sigma` must be positive"):
        Smooth(0.0)


def test_the_smoothed_mlp_is_the_mlp_of_filtered_images():
    torch.manual_seed(0)
    network = TARGETS["smooth-mlp"]((7, 8), 3)
    images = torch.randn(4, 1, 7, 8)
    plain = MLP((7, 8), 3)
    plain.load_state_dict(dict(zip(plain.state_dict(), network.state_dict().values(), strict=True)))
    torch.testing.assert_close(network(images), plain(Smooth(1.5)(images)))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_in_lockstep_are_the_seeds_alone(name):
    models = []
    for seed in range(3):
        torch.manual_seed(seed)
        models.append(QuantumTrain(TARGETS[name]((8, 8), 4).double(), depth=2))
    x = torch.randn(5, 1, 8, 8, dtype=torch.float64)
    lockstep = Lockstep(models)
    assert lockstep.vectorised
    together = lockstep(x)
    alone = torch.stack([model(x) for model in models])
    torch.testing.assert_close(together, alone)
    together.square().sum().backward()
    alone.square().sum().backward()
    gradient = lockstep.generator.circuits.angles.grad
    assert gradient is not None
    expected = torch.stack([model.circuits.angles.grad for model in models])
    torch.testing.assert_close(gradient, expected)
    assert expected.abs().max() > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP((0, 3)), "`size` must be at least 1 x 1"),
        (lambda: CNN((3, 28)), "`size` must be at least 4 x 4"),
        (lambda: MLP(classes=0), "`classes` must be at least 1"),
        (lambda: CNN(classes=0), "`classes` must be at least 1"),
    ],
)
def test_bad_sizes(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_the_task(digits):
    task = image_task(digits, "cnn")
    assert (task.name, task.kind, list(task.metrics)) == ("digits", "images", ["accuracy", "loss"])
    assert task.train.inputs.shape == (len(digits.train_labels), 1, 8, 8)
    assert task.train.inputs.dtype == torch.float32
    np.testing.assert_array_equal(task.test.inputs, digits.test_images)
    np.testing.assert_array_equal(task.test.targets, digits.test_labels)
    assert isinstance(task.target(), CNN)
    assert isinstance(image_task(digits).target(), MLP)
    assert count(image_task(digits).target()) == 64 * 128 + 128 + 128 * 64 + 64 + 64 * 2 + 2
    first, second = task.target(), task.target()
    assert not torch.equal(next(first.parameters()), next(second.parameters()))
    assert task.to("cpu", torch.float64).test.targets.dtype == torch.int64
    with pytest.raises(
        ArgumentError, match="`target` must be one of mlp, smooth-mlp, cnn, but got 'lstm'"
    ):
        image_task(digits, "lstm")


def test_settings_of_the_paper(digits):
    settings = image_task(digits).settings("paper")
    assert (
        settings.depth,
        settings.batch_size,
        settings.optimizer.name,
        settings.optimizer.lr,
    ) == (
        15,
        100,
        "adam",
        1e-3,
    )
    assert settings.schedule == "constant"


def test_loss_and_metrics_on_a_case_worked_out_by_hand(digits):
    task = image_task(digits)
    prediction = torch.tensor([[0.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    targets = torch.tensor([1, 0])
    expected = (np.log(2) + np.log(1 + np.exp(-2))) / 2
    assert task.loss(prediction, targets).item() == pytest.approx(expected, rel=1e-12)
    assert task.metrics["loss"](prediction, targets).item() == pytest.approx(expected, rel=1e-12)
    assert accuracy(prediction, targets).item() == 0.5  # a tie counts for the first class
    assert accuracy(prediction, targets).dtype == torch.float64


def test_a_few_steps_of_the_plain_network_learn_it(digits):
    torch.manual_seed(0)
    task = image_task(digits, "cnn")
    network = task.target()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        task.loss(network(task.train.inputs), task.train.targets).backward()
        optimizer.step()
    assert accuracy(network(task.test.inputs), task.test.targets) > 0.95


def test_majority_goes_by_the_training_part():
    data = made([[0, 0]] * 5, [1, 0, 1, 1, 0], [[0, 0]] * 4, [0, 0, 0, 1])
    assert majority(data) == 0.25


def test_nearest_mean_against_distances():
    random = np.random.default_rng(5)
    labels, tested = random.integers(0, 3, 60), random.integers(0, 3, 40)
    centres = random.normal(size=(3, 2))
    train, test = (centres[part] + random.normal(size=(len(part), 2)) for part in (labels, tested))
    data = made(train, labels, test, tested, classes=(0, 1, 2))
    means = [
        np.mean([x for x, y in zip(train, labels, strict=True) if y == label], axis=0)
        for label in range(3)
    ]
    answers = [min(range(3), key=lambda label: np.linalg.norm(x - means[label])) for x in test]
    right = np.mean(np.array(answers) == tested)
    assert nearest_mean(data) == pytest.approx(right)
    assert 1 / 3 < right < 1


def test_published_figures_stand_with_their_classes():
    parts = ([[0, 0]] * 2, [0, 1], [[0, 0]] * 2, [0, 1])

    def published(name, classes):
        return [
            row.value
            for row in references(made(*parts, name, classes))
            if row.name == "paper, search"
        ]

    assert published("fashion-mnist", (1, 5)) == published("mnist", (5, 1)) == [0.98]
    assert published("fashion-mnist", (5, 7)) == published("digits", (1, 5)) == []


@pytest.mark.parametrize(
    ("name", "classes", "majority_share", "nearest"),
    [
        ("mnist", (1, 5), 1135 / 2027, 0.9566),
        ("fashion-mnist", (5, 7), 0.5, 0.86),
        ("mnist", None, 0.1135, 0.8203),
    ],
)
def test_references_of_the_published_data(real_data, name, classes, majority_share, nearest):
    data = load_images(name, classes, real_data)
    assert majority(data) == pytest.approx(majority_share, rel=1e-12)
    assert nearest_mean(data) == pytest.approx(nearest, abs=5e-5)


def test_networks_are_plain():
    for network in TARGETS.values():
        assert isinstance(network((8, 8), 2), nn.Sequential)
        assert not list(network((8, 8), 2).buffers())
