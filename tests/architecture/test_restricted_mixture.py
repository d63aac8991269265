"""A mixture cut down to fewer candidates keeps their angles, the groups' weights and what was
frozen.
"""

import pytest
import torch

from diffqas.architecture import CircuitMixture, Gumbel, Raw, Softmax
from diffqas.circuits import TABLE_I, Candidate, SearchSpace

MIXED = SearchSpace(
    [
        Candidate(hadamard=True, rotation=("rz", "ry", "rz")),
        Candidate(rotation="ry"),
        Candidate(entangler="ring", rotation=("rx", "ry")),
        Candidate(hadamard=True, rotation="rz"),
        Candidate(hadamard=True, rotation="rx"),
    ]
)


def make(space, relaxation, sharing, lead=()):
    torch.manual_seed(3)
    mixture = CircuitMixture(space, 3, 2, relaxation, sharing, lead=lead).double()
    mixture.structure.data.normal_()
    mixture.progress = 0.3
    return mixture


@pytest.mark.parametrize("relaxation", [Raw(), Softmax(0.7), Gumbel(2.0, 0.1)])
@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("lead", [(), (2,)])
@pytest.mark.parametrize(
    ("space", "groups"),
    [
        (TABLE_I, [[7], [0, 2, 3, 5], [11]]),
        (MIXED, [[1], [3, 4]]),
        (MIXED, [[2], [1]]),
        (MIXED, [[0]]),
    ],
)
def test_each_group_becomes_its_first_candidate_with_the_groups_weight(
    relaxation, sharing, lead, space, groups
):
    mixture = make(space, relaxation, sharing, lead)
    few = mixture.restricted(groups).eval()
    assert few.candidates == SearchSpace(space[group[0]] for group in groups)
    weights = torch.stack([mixture.weights[..., group].sum(-1) for group in groups], -1)
    if relaxation != Raw():  # still a distribution
        weights = weights / weights.sum(-1, keepdim=True)
    torch.testing.assert_close(few.weights, weights, rtol=1e-9, atol=1e-12)
    rows = mixture.probabilities()[..., [group[0] for group in groups], :]
    torch.testing.assert_close(few.probabilities(), rows, rtol=0, atol=1e-12)
    torch.testing.assert_close(few(), (weights.unsqueeze(-1) * rows).sum(-2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("frozen", ["angles", "structure"])
def test_what_was_frozen_stays_frozen(frozen):
    mixture = make(TABLE_I, Raw(), "shared")
    getattr(mixture, frozen).requires_grad_(False)
    few = mixture.restricted([[1], [4]])
    assert {name for name, p in few.named_parameters() if not p.requires_grad} == {frozen}


@pytest.mark.parametrize("training", [True, False])
def test_the_copy_shares_no_memory_and_keeps_mode_and_progress(training):
    mixture = make(TABLE_I, Raw(), "shared").train(training)
    before = {name: tensor.clone() for name, tensor in mixture.state_dict().items()}
    few = mixture.restricted([[1], [4]])
    assert (few.training, few.progress) == (training, 0.3)
    for parameter in few.parameters():
        parameter.data.zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in mixture.state_dict().items())
