"""SOAP against a slow copy of it, and against what it is for: the choice of coordinates does not
matter.
"""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from diffqas.choices import adjusted
from diffqas.errors import ArgumentError
from diffqas.optim.eigenbasis import FLOOR, MEMORY, REFRESH, WARM_UP
from diffqas.optimisers import DirectLockstep, Problem
from diffqas.optimisers.soap import Soap
from diffqas.quantum_train import Lockstep
from diffqas.tasks import Settings, Split, Task
from diffqas.tasks.images.task import IMAGE_RECIPES
from diffqas.training import Training, make_models

SMALL: Settings = adjusted(
    IMAGE_RECIPES["default"], depth=2, epochs=3, batch_size=4, optimizer="soap", betas=(0.8, 0.95)
)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


@pytest.fixture
def task() -> Task:
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(14, 3, dtype=torch.float64, generator=draw)
    y = (x.sum(1) + x[:, 0] * x[:, 1] > 0).long()
    parts = Split(x[:10], y[:10]), Split(x[10:], y[10:])
    return Task("small", *parts, mlp, cross_entropy, {"loss": cross_entropy}, {"default": SMALL})


def train(task: Task, seeds: list[int], settings: Settings = SMALL) -> tuple[Training, list]:
    training = Training(Lockstep(make_models(task, settings, seeds)), task, settings, seeds)
    return training, list(training.epochs())


class Point(nn.Module):
    """Each seed is a point x; the output for matrix A is A x."""

    structural_weights = torch.zeros(1, 0)

    def __init__(self, start: Tensor, rate: float = 1.0) -> None:
        super().__init__()
        self.place, self.rate = nn.Parameter(start), rate

    def forward(self, matrix: Tensor) -> Tensor:
        return self.place @ matrix.T

    def parameter_groups(self, lr: float) -> list[dict]:
        return [{"params": [self.place], "lr": lr * self.rate}]


def squares(prediction: Tensor, targets: Tensor) -> Tensor:
    return (prediction - targets).square().mean()


def noisy_problem(steps: int) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    scales = torch.tensor([10.0, 1.0, 0.1, 0.01], dtype=torch.float64)
    matrices = torch.randn(steps, 8, 4, dtype=torch.float64, generator=draw) * scales
    return (
        matrices,
        torch.randn(8, dtype=torch.float64, generator=draw),
        torch.randn(3, 4, generator=draw).double(),
    )


def walk(
    matrices: Tensor, targets: Tensor, start: Tensor, settings: Settings = SMALL, rate: float = 1.0
) -> Tensor:
    population = Point(start.clone(), rate)
    problem = Problem(squares, targets, 1, settings.schedule)
    optimisation = Soap(population, problem, settings.optimizer)  # type: ignore[arg-type]
    places = []
    for index, matrix in enumerate(matrices):
        optimisation.step(
            matrix, targets, index / len(matrices), torch.zeros(len(start), dtype=torch.bool)
        )
        places.append(population.place.detach().clone())
    return torch.stack(places)


def slow_walk(
    matrices: Tensor, targets: Tensor, start: Tensor, settings: Settings, rate: float
) -> Tensor:
    """One seed in plain loops; Adam's squares are kept as what they are for every direction of the
    basis.
    """
    x, first, second = start.clone(), *settings.optimizer.betas
    mean, covariance, square, basis = (
        torch.zeros(4),
        torch.zeros(4, 4),
        torch.zeros(4),
        torch.eye(4),
    )
    mean, covariance, square, basis = (each.double() for each in (mean, covariance, square, basis))
    places = []
    for step, matrix in enumerate(matrices, 1):
        gradient = rate * 2 * matrix.T @ (matrix @ x - targets) / len(targets)
        covariance = MEMORY * covariance + (1 - MEMORY) * torch.outer(gradient, gradient)
        if step <= 2 * REFRESH or step % REFRESH == 0:
            new = torch.linalg.eigh(covariance).eigenvectors
            square = torch.stack(
                [
                    sum((new[:, i] @ basis[:, j]) ** 2 * square[j] for j in range(4))
                    for i in range(4)
                ]
            )
            basis = new
        mean = first * mean + (1 - first) * gradient
        square = torch.stack(
            [second * square[i] + (1 - second) * (basis[:, i] @ gradient) ** 2 for i in range(4)]
        )
        roots = [math.sqrt(float(square[i]) / (1 - second**step)) for i in range(4)]
        for i in range(4):
            along = float(basis[:, i] @ mean) / (1 - first**step) / (roots[i] + FLOOR * max(roots))
            rise = min(1, max(step / WARM_UP, 8 * (step - 1) / len(matrices)))
            fall = 0.5 * (1 + math.cos(math.pi * (step - 1) / len(matrices)))
            x = x - settings.optimizer.lr * fall * rise * rate * along * basis[:, i]
        places.append(x)
    return torch.stack(places)


def test_the_walk_is_that_of_plain_loops():
    matrices, targets, start = noisy_problem(45)
    settings = adjusted(SMALL, lr=0.05)
    found = walk(matrices, targets, start, settings, rate=3.0)
    for seed in range(3):
        expected = slow_walk(matrices, targets, start[seed], settings, rate=3.0)
        torch.testing.assert_close(found[:, seed], expected, rtol=1e-8, atol=1e-8)


def test_a_rotation_of_the_numbers_rotates_the_walk():
    matrices, targets, start = noisy_problem(45)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(9)).double()).Q
    plain = walk(matrices, targets, start)
    turned = walk(matrices @ turn.T, targets, start @ turn.T)
    torch.testing.assert_close(turned, plain @ turn.T, rtol=1e-7, atol=1e-9)


def test_the_first_steps_are_short_and_go_down():
    matrices, targets, start = noisy_problem(1)
    moved = (walk(matrices, targets, start, adjusted(SMALL, lr=0.1))[0] - start).norm(dim=1)
    # One step along the gradient, of the length of the rate, in the beginning a hundredth of it.
    torch.testing.assert_close(moved, torch.full_like(moved, 0.1 / WARM_UP / (1 + FLOOR)))


def test_seeds_in_lockstep_are_seeds_alone(task):
    settings = replace(SMALL, epochs=7)  # 21 steps
    _, together = train(task, [0, 1, 2], settings)
    for index in range(3):
        _, alone = train(task, [index], settings)
        for one, many in zip(alone, together, strict=True):
            assert many.loss[index] == pytest.approx(one.loss[0], rel=1e-9)
            assert many.metrics["test_loss"][index] == pytest.approx(
                one.metrics["test_loss"][0], rel=1e-9
            )
    assert together[-1].loss[0] < together[0].loss[0]


def test_stopped_and_continued_is_bit_equal(task):
    settings = replace(SMALL, epochs=12)  # 36 steps: the basis stays for ten steps at a time
    _, whole = train(task, [0, 1], settings)
    training = Training(Lockstep(make_models(task, settings, [0, 1])), task, settings, [0, 1])
    epochs = training.epochs()
    for _ in range(8):
        next(epochs)
    again = Training(Lockstep(make_models(task, settings, [4, 5])), task, settings, [0, 1])
    again.load_state_dict(training.state_dict())
    assert list(again.epochs()) == whole[8:]


def test_a_seed_without_a_number_is_frozen_and_the_other_goes_on(task):
    models = make_models(task, SMALL, [0, 1])
    with torch.no_grad():
        models[1].generator.mapping.bias.fill_(torch.nan)
    training = Training(Lockstep(models), task, SMALL, [0, 1])
    before = training.population.circuits.angles[1].detach().clone()
    *_, last = training.epochs()
    assert set(training.failures) == {1}
    assert torch.equal(training.population.circuits.angles[1], before)
    _, alone = train(task, [0])
    assert last.loss[0] == pytest.approx(alone[-1].loss[0], rel=1e-9)


def test_a_frozen_seed_stays(task):
    population = Lockstep(make_models(task, SMALL, [0, 1]))
    before = population.circuits.angles.detach().clone()
    optimisation = Soap(population, SMALL.problem(task), SMALL.optimizer)
    optimisation.step(task.train.inputs, task.train.targets, 0.0, torch.tensor([True, False]))
    assert torch.equal(population.circuits.angles[0], before[0])
    assert not torch.equal(population.circuits.angles[1], before[1])


def test_ordinary_networks_can_be_trained_the_same_way(task):
    torch.manual_seed(0)
    population = DirectLockstep([mlp().double() for _ in range(2)])
    first, *_, last = Training(
        population, task, adjusted(SMALL, epochs=100, lr=0.1), [0, 1]
    ).epochs()
    assert max(last.loss) < 0.3 * min(first.loss)


def test_float32_numbers_are_moved_as_float32(task):
    here = task.to("cpu", torch.float32)
    training, records = train(here, [0])
    assert training.population.circuits.angles.dtype == torch.float32
    assert records[-1].loss[0] < records[0].loss[0]


def test_too_many_numbers_are_told_at_the_door():
    population = DirectLockstep([nn.Linear(100, 50)])
    with pytest.raises(ArgumentError, match="above 2048 trainable numbers, but got 5050"):
        Soap(population, Problem(cross_entropy, torch.zeros(1), 1), SMALL.optimizer)
