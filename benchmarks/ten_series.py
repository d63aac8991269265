"""Ten series of the kinds that people bring, made from fixed draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MadeSeries:
    """A series and what is known of it.

    Attributes:
        what: a few words.
        make: its values.
        monthly: whether its rows are months; else they are counted.
    """

    what: str
    make: Callable[[], Floats]
    monthly: bool = False


def draws(seed: int) -> np.random.Generator:
    """Fixed draws."""
    return np.random.default_rng(seed)


def passengers() -> Floats:
    """Twelve years of growth by a share, a season that grows with it, and noise."""
    month = np.arange(144)
    season = 1 + 0.2 * np.sin(2 * np.pi * month / 12) + 0.08 * np.cos(4 * np.pi * month / 12)
    return 100 * np.exp(0.01 * month) * season * np.exp(draws(1).normal(0, 0.03, 144))


def sales() -> Floats:
    """Fifteen years of a straight trend, two seasons that are added, and noise."""
    month = np.arange(180)
    half_years = 5 * np.sign(np.sin(2 * np.pi * month / 6))
    season = 10 * np.sin(2 * np.pi * month / 12) + half_years
    return 50 + 0.3 * month + season + draws(2).normal(0, 1.5, 180)


def walk() -> Floats:
    """A random walk, of which nobody can say more than its last value."""
    return np.cumsum(draws(3).normal(0, 1, 300))


def logistic() -> Floats:
    """The logistic map at 3.9: chaotic, without noise."""
    values = [0.4]
    for _ in range(299):
        values.append(3.9 * values[-1] * (1 - values[-1]))
    return np.array(values)


def mackey_glass() -> Floats:
    """The equation of Mackey and Glass with a delay of 17, every sixth time unit, 250 values."""
    values = [1.2] * 171
    for _ in range(16_000):
        delayed = values[-171]
        values.append(values[-1] + 0.1 * (0.2 * delayed / (1 + delayed**10) - 0.1 * values[-1]))
    return np.array(values[-15_000::60])


def demand() -> Floats:
    """Intermittent demand: nothing on seven days of ten."""
    generator = draws(4)
    return (generator.random(200) < 0.3) * generator.gamma(3, 4, 200)


def step() -> Floats:
    """A level that jumps once, in the training part, and noise."""
    return np.where(np.arange(200) < 90, 10, 16) + draws(5).normal(0, 1, 200)


def cycle() -> Floats:
    """A damped cycle that noise keeps going: autoregressive, of two values."""
    generator = draws(6)
    values = [0.0, 0.0]
    for _ in range(250):
        values.append(1.4 * values[-1] - 0.6 * values[-2] + generator.normal(0, 1))
    return np.array(values[2:])


def visitors() -> Floats:
    """Forty weeks of days, whose week swings more and less over the year."""
    day = np.arange(280)
    week = 40 * np.array([0, 1, 1.2, 1.1, 1.5, 2.5, 2])[day % 7]
    year = 1 + 0.2 * np.sin(2 * np.pi * day / 140)
    return 200 + week * year + draws(7).normal(0, 12, 280)


def henon() -> Floats:
    """The map of Henon with a little noise inside: chaotic."""
    generator = draws(8)
    values = [0.1, 0.2]
    for _ in range(220):
        following = 1 - 1.25 * values[-1] ** 2 + 0.3 * values[-2] + generator.normal(0, 0.03)
        values.append(float(np.clip(following, -1.5, 1.5)))
    return np.array(values[2:])


TEN = {
    "passengers": MadeSeries("trend and season that grow, months", passengers, True),
    "sales": MadeSeries("trend and season that are added, months", sales, True),
    "walk": MadeSeries("random walk", walk),
    "logistic": MadeSeries("logistic map, chaotic", logistic),
    "mackey-glass": MadeSeries("Mackey-Glass, chaotic", mackey_glass),
    "demand": MadeSeries("intermittent demand", demand),
    "step": MadeSeries("step change and noise", step),
    "cycle": MadeSeries("AR(2)", cycle),
    "visitors": MadeSeries("week and year, days", visitors),
    "henon": MadeSeries("Henon map with noise", henon),
}
