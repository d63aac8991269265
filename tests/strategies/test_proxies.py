"""Training-free scores against states that are computed gate by gate."""

import math

import numpy as np
import pytest
import torch

from diffqas import Candidate
from diffqas.circuits import SearchSpace
from diffqas.strategies import PROXIES, EncodedSpace, LayeredSpace, proxies


@pytest.fixture
def few(monkeypatch):
    """A space of four circuits, whose points are few."""

    class Few(EncodedSpace):
        candidates = SearchSpace(
            [
                Candidate(entangler="none", rotation="ry", encoding="ry"),
                Candidate(True, "ring", ("rx", "rz"), "ry"),
                Candidate(False, "cz-ring", ("rz", "ry", "rz"), ("ry", "rz")),
                Candidate(True, "none", "rx", "rz"),
            ]
        )

        def __len__(self):
            return 4

    monkeypatch.setattr(proxies, "STATES", 120)
    monkeypatch.setattr(proxies, "POINTS", 8)
    return Few()


def test_circuits_without_entangler_have_none(few):
    found = proxies.scores(few, "entanglement").values
    assert found[[0, 3]] == pytest.approx(0, abs=1e-9)
    assert (found[[1, 2]] > 0.3).all()


def test_what_entangles_comes_nearer_to_haar(few):
    found = proxies.scores(few, "expressibility").values
    assert found.max() < 0
    assert found[2] > found[0]


def test_ranks_count_directions(few):
    found = proxies.scores(few, "rank").values
    # A rotation of one qubit by input + angle + input + angle: one direction per qubit.
    assert found[0] == 4
    assert found[2] > 8
    assert (found <= 8 * np.array([1, 2, 3, 1])).all()


def test_gradients_are_those_of_autograd(few):
    found = proxies.scores(few, "gradient").values
    inputs, angles = proxies._points(few, 8)
    every = []
    for point in range(8):

        def outputs(own, at=point):
            return proxies.observed(
                few.candidates, inputs[at], own, few.observables, outputs=8, uploads=2
            )

        every.append(torch.autograd.functional.jacobian(outputs, angles[point]))
    variance = torch.stack(every).var(0, correction=0).flatten(1).sum(1)
    assert found == pytest.approx(variance.numpy())


def test_layered_scores(monkeypatch):
    class Few(LayeredSpace):
        def __len__(self):
            return 2  # Ent-RY Ent-RY and Ent-RY Ent-RX, from |0>

    monkeypatch.setattr(proxies, "STATES", 40)
    monkeypatch.setattr(proxies, "POINTS", 4)
    for proxy in set(PROXIES) - {"rank"}:
        found = proxies.scores(Few(), proxy).values
        assert found.shape == (2,)
        assert np.isfinite(found).all()
    assert (proxies.scores(Few(), "entanglement").values > 0.5).all()


def test_a_jacobian_of_probabilities_has_at_most_a_row_less_than_states(monkeypatch):
    class One(LayeredSpace):
        def __len__(self):
            return 1

    (rank,) = proxies.scores(One(), "rank").values
    assert 100 < rank <= min(2**8 - 1, 240)
    assert not math.isnan(rank)
