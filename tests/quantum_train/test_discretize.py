"""The k best candidates as a model of their own, against their mixture by hand."""

import pytest
import torch

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.circuits import Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.quantum_train import DimensionScale
from diffqas.simulator import dense_probabilities

SHARED = [[0, 2, 3, 5], [1], [4], [6], [7], [8, 11], [9], [10]]
SOFT = [Softmax(0.7), Gumbel(0.7, 0.7)]


def make(case, relaxation, **choices):
    model = case.model(relaxation=relaxation, **choices).eval()
    model.circuits.structure.data.normal_()
    return model


@pytest.mark.parametrize("relaxation", [Raw(), *SOFT])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_the_found_model_is_the_mixture_of_the_k_best(one_case, relaxation, sharing, k):
    case = one_case("mlp")
    model = make(case, relaxation, sharing=sharing)
    circuits, generator = model.circuits, model.generator
    structure = circuits.structure.detach()
    w = structure if relaxation == Raw() else torch.softmax(structure / 0.7, -1)
    separate = sharing == "separate"
    rows = [
        dense_probabilities(
            [candidate], (circuits.angles[j] if separate else circuits.angles).detach()
        )[0]
        for j, candidate in enumerate(circuits.candidates)
    ]
    weights = {tuple(group): w[group].sum() for group in SHARED}

    def part(group):
        spread = generator.scale(rows[group[0]], circuits.n).std()
        return weights[group].abs() * spread if relaxation == Raw() else weights[group]

    best = sorted(weights, key=part, reverse=True)[:k]
    norm = 1.0 if relaxation == Raw() else sum(weights[group] for group in best)
    mixed = sum(weights[group] / norm * rows[group[0]] for group in best)
    raw = generator.mapping(generator.scale(mixed, circuits.n))[: model.target.layout.size]
    owner = torch.repeat_interleave(torch.tensor(model.target.layout.sizes))
    flat = generator.gain[owner] * raw + generator.offset[owner]
    expected = model.target.call(model.target.layout.tensors(flat), (case.x,), {})

    found = model.discretize(k)
    torch.testing.assert_close(found(case.x), expected, rtol=1e-8, atol=1e-10)
    assert found.circuits.candidates == SearchSpace(circuits.candidates[group[0]] for group in best)
    assert found.structural_weights.shape == (k,)


@pytest.mark.parametrize("relaxation", [Raw(), *SOFT, Gumbel(2.0, 0.1)])
def test_keeping_everything_changes_no_output(case, relaxation):
    model = make(case, relaxation)
    model.circuits.progress = 0.4
    found = model.discretize(8)
    torch.testing.assert_close(found(case.x), model(case.x), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("limit", "best"), [(None, "Ent-RZ"), (1.5, "Ent-RY")])
def test_the_ranking_sees_probabilities_as_the_mapping_does(one_case, limit, best):
    space = [Candidate(), Candidate(rotation="rz")]  # the second is one spike, which the limit cuts
    model = one_case("mlp").model(candidates=space, scale=DimensionScale(limit))
    assert model.ranking()[0].candidate.name == best
    assert model.discretize(1).circuits.candidates.names == (best,)


@pytest.mark.parametrize("k", [1, 3])
def test_different_numbers_of_rotations(one_case, k):
    case = one_case("mlp")
    space = [
        Candidate(rotation=("rz", "ry", "rz")),
        Candidate(),
        Candidate(True, "ring"),
        Candidate(True, rotation="rz"),
    ]
    model = make(case, Raw(), candidates=space)
    best = [entry.indices[0] for entry in model.ranking()[:k]]
    found = model.discretize(k)
    mixed = model.circuits.structure[best] @ model.circuits.probabilities()[best]
    torch.testing.assert_close(found.circuits(), mixed, rtol=0, atol=1e-12)
    assert len(list(found.circuits.candidates)) == k


def test_the_original_is_untouched_and_the_found_one_can_be_retrained(case):
    model = make(case, Raw()).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = model.discretize(2)
    assert found.training
    optimizer = torch.optim.Adam(found.parameter_groups(0.1))
    for _ in range(2):
        optimizer.zero_grad()
        found(case.x).square().mean().backward()
        optimizer.step()
    assert len(model.structural_weights) == 12
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    report = found.parameter_report()
    assert report.structure == 2
    assert sum(p.numel() for p in found.parameters() if p.requires_grad) == report.total


@pytest.mark.parametrize("k", [0, -1, 9, 1.5])
def test_a_wrong_k_is_told(one_case, k):
    with pytest.raises(
        ArgumentError, match=rf"^Argument `k` must be between 1 and 8, but got {k}\.$"
    ):
        one_case("mlp").model().discretize(k)
