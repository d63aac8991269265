"""A searched quantum layer as a kind of model: its choices, its sizes, seeds in one batch."""

from dataclasses import replace

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, Diagonal, Hermitian, PauliStrings, Z, encoded_findings
from diffqas.errors import ArgumentError
from diffqas.kinds import VQC_RECIPES, VQCKind
from diffqas.kinds.linear_controls import RandomFeatures, linear_model, random_features
from diffqas.kinds.vqc import LIVE_SPACE
from diffqas.searches.command import usual_of
from diffqas.tasks import Split, Task, load_named, table_task
from diffqas.training import Training

SETTINGS = VQC_RECIPES["default"]


def small(**choices):
    return VQCKind(tuple(QLSTM_SPACE[:2]), **choices)


@pytest.fixture(scope="module")
def iris():
    return table_task(load_named("iris")).to("cpu", torch.float32)


def model_of(kind, task):
    return kind.make(task, SETTINGS, [0])[1][0]


def test_the_usual_space_is_what_lives_of_the_papers():
    findings = encoded_findings(QLSTM_SPACE, 4, 2, 4)
    assert list(LIVE_SPACE) == [finding.candidate for finding in findings if finding.live]


@pytest.mark.parametrize(
    ("choices", "observables", "numbers"),
    [
        ({"observables": "z"}, Z(), 0),
        ({}, PauliStrings, 3 * 8),
        ({"observables": "diagonal", "locality": 3}, Diagonal(3), 3 * 8),
        ({"observables": "hermitian"}, Hermitian(2), 3 * 16),
        ({"observables": "diagonal", "windows": "pairwise"}, Diagonal(2, "pairwise"), 3 * 4),
    ],
)
def test_words_for_observables(iris, choices, observables, numbers):
    model = model_of(small(**choices), iris)
    if isinstance(observables, type):
        assert isinstance(model.layer.observables, observables)
    else:
        assert model.layer.observables == observables
    assert model.parameter_report().layer.observables == numbers
    assert model(iris.train.inputs[:5]).shape == (5, 3)


def test_qubits_follow_inputs_and_outputs(iris):
    wine = table_task(load_named("wine")).to("cpu", torch.float32)
    assert model_of(small(), iris).layer.n == 4
    assert model_of(small(), wine).layer.n == 8
    assert model_of(small(), wine).layer.encodings == 2
    assert model_of(small(qubits=5), wine).layer.n == 5
    moons = table_task(load_named("moons")).to("cpu", torch.float32)
    assert model_of(small(observables="diagonal", locality=3), moons).layer.n == 3


@pytest.mark.parametrize("head", ["scale", "linear"])
@pytest.mark.parametrize("front", ["none", "linear"])
def test_report_counts_every_trained_number(iris, head, front):
    model = model_of(small(head=head, front=front, observables="diagonal"), iris)
    report = model.parameter_report()
    counted = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert report.total == counted
    names = {group["name"] for group in model.parameter_groups(0.1)}
    wanted = {"angles", "structure", "observables", "inputs", "head"}
    assert names == wanted | ({"front"} if front == "linear" else set())


def images(size):
    inputs = torch.rand(20, 1, size, size)
    part = Split(inputs, torch.arange(20) % 2)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(size * size, 2))
    loss = torch.nn.functional.cross_entropy
    return Task("few", part, part, lambda: network, loss, {"loss": loss}, {}, kind="images")


def test_large_images_are_averaged():
    assert model_of(small(), images(28)).layer.inputs == 16
    assert model_of(small(), images(4)).layer.inputs == 16
    assert model_of(small(front="none", qubits=8), images(6)).layer.inputs == 36
    assert model_of(small(front="linear", qubits=3), images(28)).layer.inputs == 3


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"front": "pool"}, "`front` must be none or linear where samples are no images"),
        ({"qubits": 2, "observables": "z"}, "must be at most the number of observables"),
        ({"observables": "diagonal", "locality": 5, "qubits": 4}, "`locality` must be at most"),
    ],
)
def test_what_does_not_fit_is_one_line(iris, choices, words):
    with pytest.raises(ArgumentError, match=words):
        model_of(small(**choices), iris)


@pytest.mark.parametrize(
    "choices",
    [{"observables": "x"}, {"front": "cnn"}, {"locality": 0}, {"qubits": 0}, {"uploads": 0}],
)
def test_wrong_choices_are_refused_at_once(choices):
    with pytest.raises(ArgumentError, match=next(iter(choices))):
        VQCKind(**choices)


def test_series_are_for_other_models():
    with pytest.raises(ArgumentError, match="`model` must be qt, qlstm or qfwp for a series"):
        VQCKind().check("series")


@pytest.mark.parametrize("structure", ["layer", "output"])
@pytest.mark.parametrize("relaxation", ["raw", "softmax", "gumbel"])
def test_seeds_in_company_train_as_alone(iris, structure, relaxation):
    from dataclasses import replace

    kind = small(structure=structure, observables="diagonal", front="linear")
    generator = replace(SETTINGS.generator, relaxation=relaxation)
    settings = replace(SETTINGS, generator=generator, epochs=1, batch_size=60, optimizer="adam")
    few = replace(iris, train=Split(iris.train.inputs[:60], iris.train.targets[:60]))

    def trained(seeds):
        population, models = kind.make(few, settings, seeds)
        training = Training(population, few, settings, list(seeds))
        for _ in training.epochs():
            pass
        population.write_back(models)
        return models

    alone, together = trained([3])[0], trained([1, 3])[1]
    for one, other in zip(alone.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_models_written_back_predict_as_together(iris):
    kind = small(observables="zz", head="linear")
    population, models = kind.make(iris, SETTINGS, [0, 1, 2])
    with torch.no_grad():
        together = population(iris.test.inputs)
        for model, prediction in zip(models, together, strict=True):
            torch.testing.assert_close(model(iris.test.inputs), prediction)


def test_labels_and_ranking_name_every_candidate(iris):
    for structure, rows in (("layer", 1), ("output", 3)):
        kind = small(structure=structure)
        models = kind.make(iris, SETTINGS, [0, 1])[1]
        labels = kind.labels(models[0])
        assert len(labels.names) == len(labels.constant) == 2 * rows
        found = kind.figures(models)
        assert len(found.ranking) == 2 * rows
        assert {row.gate for row in found.ranking} == (
            {None} if rows == 1 else {"output 0", "output 1", "output 2"}
        )


def test_linear_controls_have_the_numbers_that_they_tell(iris):
    linear = linear_model(iris, SETTINGS)
    assert (linear.name, linear.numbers) == ("logistic regression", 15)
    features = random_features(iris, SETTINGS, 100)
    assert (features.name, features.numbers) == ("32 random features", 99)
    for companion in (linear, features):
        population = companion.populate([0, 1], 1.0)
        trained = sum(
            p.numel() for group in population.parameter_groups(1.0) for p in group["params"]
        )
        assert trained == 2 * companion.numbers
        assert population(iris.test.inputs).shape == (2, 30, 3)


def test_random_features_are_a_gaussian_kernel():
    torch.manual_seed(0)
    network = RandomFeatures(3, 20_000)
    x = torch.randn(6, 3)
    angles = torch.nn.functional.linear(x, network.frequencies, network.phases)
    features = (2 / 20_000) ** 0.5 * torch.cos(angles)
    distances = torch.cdist(x, x) / 3**0.5
    torch.testing.assert_close(
        features @ features.T, torch.exp(-(distances**2) / 2), atol=0.03, rtol=0
    )


@pytest.mark.parametrize(
    ("name", "epochs", "depth"), [("iris", 60, 1), ("breast-cancer", 20, 1), ("mnist-4x4", 1, 6)]
)
def test_some_data_sets_have_a_recipe_of_their_own(name, epochs, depth):
    usual = usual_of(VQCKind(), name, "default").settings
    assert (usual.epochs, usual.depth) == (epochs, depth)


def test_classical_models_are_trained_long_enough(iris):
    kind = small(baselines=True)
    short = replace(SETTINGS, epochs=1)
    companions = kind.companions(iris, short, model_of(kind, iris))
    assert [companion.settings.epochs for companion in companions] == [30, 30, 30]
