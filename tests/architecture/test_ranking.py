"""What a finished search rests on: order, merged candidates and the contribution formula."""

import pytest
import torch

from diffqas.architecture import CircuitMixture, Gumbel, Raw, Softmax, rank
from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.simulator import dense_probabilities

N = 4
SHARED = [(0, 2, 3, 5), (1,), (4,), (6,), (7,), (8, 11), (9,), (10,)]
"""Equal candidates of Table I: four uniform ones, two that stay |0..0>, six live ones."""


def make(relaxation, sharing="shared", space=TABLE_I):
    torch.manual_seed(4)
    mixture = CircuitMixture(space, N, 2, relaxation, sharing).double()
    mixture.structure.data.normal_()
    return mixture


def spreads(mixture, scale):
    """Standard deviation over the basis states of each candidate's scaled probabilities, in plain
    numbers.
    """
    space = mixture.candidates
    rows = mixture.angles if mixture.sharing == "separate" else [mixture.angles] * len(space)
    result = []
    for candidate, angles in zip(space, rows, strict=True):
        values = [scale(p) for p in dense_probabilities([candidate], angles)[0].tolist()]
        mean = sum(values) / len(values)
        result.append((sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)
    return result


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("limit", [None, 3.0])
def test_raw_contribution_is_weight_times_spread(sharing, limit):
    mixture = make(Raw(), sharing)
    scale = None if limit is None else lambda p, n: (p * 2**n).clamp(max=limit)
    spread = spreads(mixture, lambda p: min(p * 2**N, limit or 2**N))
    ranked = rank(mixture, scale)
    assert sorted(entry.indices for entry in ranked) == SHARED
    for entry in ranked:
        weight = float(mixture.structure.detach()[list(entry.indices)].sum())
        assert entry.candidate == TABLE_I[entry.indices[0]]
        assert entry.merged == tuple(TABLE_I[index] for index in entry.indices)
        assert entry.weight == pytest.approx(weight, abs=1e-12)
        assert entry.contribution == pytest.approx(abs(weight) * spread[entry.indices[0]], abs=1e-9)
    contributions = [entry.contribution for entry in ranked]
    assert contributions == sorted(contributions, reverse=True)
    assert ranked[-1].indices == (0, 2, 3, 5)
    assert ranked[-1].contribution == 0


@pytest.mark.parametrize(
    ("relaxation", "temperature"), [(Softmax(0.7), 0.7), (Gumbel(1.0, 0.25), 0.5)]
)
@pytest.mark.parametrize("sharing", ["shared", "separate"])
def test_soft_contribution_is_the_probability(relaxation, temperature, sharing):
    mixture = make(relaxation, sharing)
    mixture.progress = 0.5
    weights = torch.softmax(mixture.structure.detach() / temperature, -1).tolist()
    ranked = rank(mixture)
    for entry in ranked:
        assert (
            entry.weight
            == entry.contribution
            == pytest.approx(sum(weights[i] for i in entry.indices), abs=1e-12)
        )
    assert sum(entry.weight for entry in ranked) == pytest.approx(1)
    assert [e.weight for e in ranked] == sorted((e.weight for e in ranked), reverse=True)


@pytest.mark.parametrize(
    ("sharing", "expected"), [("shared", [(0, 1), (2, 3)]), ("separate", [(0,), (1,), (2, 3)])]
)
def test_duplicates_merge_where_they_share_angles_and_constants_always(sharing, expected):
    own = [(0, 1), (2, 3), (1, 2)]  # the brick of four qubits, written out
    space = SearchSpace(
        [
            Candidate(),
            Candidate(entangler=own),
            Candidate(rotation="rz"),
            Candidate(rotation="rz", entangler="ring"),
        ]
    )
    ranked = rank(make(Raw(), sharing, space))
    assert sorted(entry.indices for entry in ranked) == expected


def test_a_large_negative_weight_comes_first():
    mixture = make(Raw())
    mixture.structure.data = torch.full((12,), 0.1, dtype=torch.float64)
    mixture.structure.data[7] = -50.0
    assert rank(mixture)[0].indices == (7,)
    assert rank(mixture)[0].weight == -50.0
