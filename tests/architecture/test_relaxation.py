"""How structural parameters become weights: starts, softmax, gumbel with given noise and its
annealing.
"""

import math

import pytest
import torch

from diffqas.architecture import RELAXATIONS, Gumbel, Raw, Softmax, as_relaxation
from diffqas.errors import ArgumentError

STRUCTURE = torch.tensor([0.3, -1.2, 2.0, 0.0], dtype=torch.float64)
SOFT = [Softmax(0.5), Gumbel(0.5, 0.5)]


def softmax(values, temperature):
    powers = [math.exp(value / temperature) for value in values]
    return torch.tensor([power / sum(powers) for power in powers], dtype=torch.float64)


def test_names_make_the_three_relaxations_and_objects_pass():
    made = [as_relaxation(name) for name in RELAXATIONS]
    assert made == [Raw(), Softmax(1.0), Gumbel(1.0, 0.1)]
    assert (
        [relaxation.name for relaxation in made]
        == list(RELAXATIONS)
        == ["raw", "softmax", "gumbel"]
    )
    own = Softmax(3.0)
    assert as_relaxation(own) is own


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [(None, 12, 1 / 12), (None, 5, 0.2), (0.4, 12, 0.4), (0.0, 3, 0)],
)
def test_raw_starts_with_equal_weights(start, count, expected):
    torch.testing.assert_close(Raw(start).initial(count), torch.full((count,), float(expected)))


def test_raw_weights_are_the_parameters():
    assert torch.equal(Raw().weights(STRUCTURE), STRUCTURE)


@pytest.mark.parametrize("relaxation", [Softmax(0.3), Gumbel(2.0)])
def test_distributions_start_uniform(relaxation):
    torch.testing.assert_close(relaxation.weights(relaxation.initial(8)), torch.full((8,), 1 / 8))


@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_softmax_divides_by_the_temperature(temperature):
    got = Softmax(temperature).weights(STRUCTURE)
    torch.testing.assert_close(
        got, softmax(STRUCTURE.tolist(), temperature), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize(
    ("progress", "temperature"), [(0.0, 2.0), (0.5, math.sqrt(2.0 * 0.02)), (1.0, 0.02)]
)
def test_the_gumbel_temperature_falls_geometrically(progress, temperature):
    got = Gumbel(2.0, 0.02).weights(STRUCTURE / 10, progress)
    torch.testing.assert_close(
        got, softmax((STRUCTURE / 10).tolist(), temperature), rtol=1e-10, atol=1e-14
    )


def test_gumbel_noise_is_minus_log_minus_log_of_the_uniform_numbers():
    uniform = torch.tensor([0.1, 0.5, 0.25, 0.9], dtype=torch.float64)
    noisy = [
        s - math.log(-math.log(u))
        for s, u in zip(STRUCTURE.tolist(), uniform.tolist(), strict=True)
    ]
    got = Gumbel(1.0, 0.25).weights(STRUCTURE, 0.5, uniform)
    torch.testing.assert_close(got, softmax(noisy, 0.5), rtol=1e-12, atol=1e-14)


def test_gumbel_samples_pick_candidates_as_often_as_the_softmax_says():
    noise = torch.rand(40_000, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    picks = Gumbel().weights(STRUCTURE.expand(40_000, -1), 1.0, noise).argmax(-1)
    shares = torch.bincount(picks, minlength=4) / 40_000
    torch.testing.assert_close(shares.double(), softmax(STRUCTURE.tolist(), 1.0), rtol=0, atol=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("noise", [0.0, 1.0, 1e-45, 1 - 2**-24])
@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_gumbel_stays_finite_at_extreme_noise(dtype, noise, progress):
    structure = STRUCTURE.detach().clone().to(dtype).requires_grad_()
    uniform = torch.tensor([0.5, noise, 0.3, 0.6], dtype=dtype)
    weights = Gumbel().weights(structure, progress, uniform)
    weights[0].backward()
    assert weights.isfinite().all()
    assert structure.grad.isfinite().all()
    torch.testing.assert_close(weights.sum(), torch.ones((), dtype=dtype))
    assert (weights[1] > 0.99) if noise > 0.9 else (weights[1] < 0.01)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_gumbel_noise_that_is_extreme_everywhere_cancels(noise):
    got = Gumbel(0.7).weights(STRUCTURE, 0.0, torch.full_like(STRUCTURE, noise))
    torch.testing.assert_close(got, softmax(STRUCTURE.tolist(), 0.7), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("relaxation", [Raw(), *SOFT, Gumbel(2.0, 0.1)])
@pytest.mark.parametrize("progress", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_merged_parameters_weigh_as_much_as_their_members(relaxation, progress, lead):
    structure = torch.randn(
        *lead, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )
    merged = relaxation.merge(structure, [[3], [0, 4], [1, 2]], progress)
    w = relaxation.weights(structure, progress)
    expected = torch.stack([w[..., 3], w[..., 0] + w[..., 4], w[..., 1] + w[..., 2]], -1)
    torch.testing.assert_close(
        relaxation.weights(merged, progress), expected, rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Softmax(0.0), "Argument `temperature` must be positive, but got 0.0."),
        (lambda: Gumbel(-1.0), "Argument `temperature` must be positive, but got -1.0."),
        (
            lambda: Gumbel(1.0, 2.0),
            "Argument `final` must be positive and at most `temperature`, but got 2.0.",
        ),
        (
            lambda: Gumbel(1.0, 0.0),
            "Argument `final` must be positive and at most `temperature`, but got 0.0.",
        ),
        (
            lambda: as_relaxation(5),
            "Argument `relaxation` must be a name or a relaxation, but got 5.",
        ),
        (
            lambda: as_relaxation("softmx"),
            "Argument `relaxation` must be one of raw, softmax, gumbel, "
            "but got 'softmx' (did you mean 'softmax'?).",
        ),
    ],
)
def test_wrong_relaxations_are_told(make, message):
    with pytest.raises(ArgumentError) as error:
        make()
    assert str(error.value) == message
