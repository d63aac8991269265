"""Seeds in lockstep that have candidates of their own."""

import pytest
import torch
from torch import nn

from diffqas.architecture import Gumbel
from diffqas.circuits import TABLE_I, Candidate
from diffqas.errors import ArgumentError
from diffqas.quantum_train import Lockstep, QuantumTrain, stacked

PICKS = [[1, 6, 10], [10, 4, 8], [7, 1, 9]]


def models(sharing="shared", relaxation="raw", picks=PICKS):
    torch.manual_seed(0)
    found = [
        QuantumTrain(
            nn.Linear(6, 3).double(),
            depth=3,
            candidates=[TABLE_I[i] for i in own],
            sharing=sharing,
            relaxation=relaxation,
        )
        for own in picks
    ]
    for model in found:
        nn.init.normal_(model.circuits.structure)
    return found


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("relaxation", ["raw", "softmax", Gumbel()])
def test_each_gives_what_it_gives_alone_with_the_same_gradients(sharing, relaxation):
    singles = models(sharing, relaxation)
    together = stacked(singles).eval()
    inputs = torch.randn(5, 6, dtype=torch.float64)
    together(inputs).square().sum().backward()
    for index, model in enumerate(singles):
        model.eval()(inputs).square().sum().backward()
        torch.testing.assert_close(together(inputs)[index], model(inputs))
        for name in ("angles", "structure"):
            expected = getattr(model.circuits, name).grad
            torch.testing.assert_close(getattr(together.circuits, name).grad[index], expected)


def test_weights_and_rankings_are_the_candidates_own():
    singles = models()
    together = stacked(singles)
    names = together.circuits.candidates.names
    assert len(names) == len({i for own in PICKS for i in own})
    for weights, model, own, ranking in zip(
        together.structural_weights, singles, PICKS, together.rankings(), strict=True
    ):
        chosen = [names.index(TABLE_I[i].name) for i in own]
        assert torch.equal(weights[chosen], model.structural_weights)
        assert int(weights.count_nonzero()) == 3
        best = model.ranking()
        assert [entry.candidate for entry in ranking[:3]] == [entry.candidate for entry in best]
        assert [entry.contribution for entry in ranking[:3]] == pytest.approx(
            [entry.contribution for entry in best]
        )


def test_rankings_of_a_lockstep_are_the_models_own():
    torch.manual_seed(1)
    singles = [QuantumTrain(nn.Linear(6, 3), depth=2) for _ in range(3)]
    for ranking, model in zip(Lockstep(singles).rankings(), singles, strict=True):
        assert [entry.indices for entry in ranking] == [entry.indices for entry in model.ranking()]


def test_what_is_frozen_stays_so_and_random_numbers_are_left_alone():
    singles = models()
    for model in singles:
        model.circuits.structure.requires_grad_(False)
    before = torch.get_rng_state()
    together = stacked(singles)
    assert torch.equal(before, torch.get_rng_state())
    assert [group["name"] for group in together.parameter_groups(1.0)] == ["angles", "mapping"]


def test_several_angles_per_qubit_are_refused():
    two = Candidate(rotation=("rz", "ry"))
    single = QuantumTrain(nn.Linear(6, 3), depth=2, candidates=[two])
    with pytest.raises(
        ArgumentError, match="`candidates` must have one angle per qubit and layer, but got 2"
    ):
        stacked([single])
