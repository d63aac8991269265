"""What is trained, ranked and kept of a searched layer."""

import math

import pytest
import torch

from diffqas import QLSTM_SPACE, Candidate, Diagonal, Hermitian, PauliStrings, QuantumLayer
from diffqas.architecture import Raw

FEW = tuple(QLSTM_SPACE[index] for index in (0, 7, 20, 28))
RELAXATIONS = ["raw", "softmax", "gumbel"]


def make(randomise, seed=0, **choices):
    sizes = {"inputs": 3, "outputs": 2, "depth": 2, "candidates": FEW}
    return randomise(QuantumLayer(**{**sizes, **choices}).double(), seed)


@pytest.mark.parametrize(
    ("choices", "counts"),
    [
        ({}, (6, 4, 0, 0)),
        ({"sharing": "separate"}, (24, 4, 0, 0)),
        ({"structure": "output"}, (6, 8, 0, 0)),
        ({"uploads": 2, "input_scale": "trained"}, (6, 4, 0, 6)),
        ({"inputs": 7, "qubits": 3}, (18, 4, 0, 0)),
        ({"observables": Diagonal(2)}, (6, 4, 8, 0)),
        ({"observables": Hermitian(2)}, (6, 4, 32, 0)),
        ({"observables": PauliStrings(("ZII", "XXX", "IYI"), trained=True)}, (6, 4, 6, 0)),
        ({"candidates": FEW[0]}, (6, 0, 0, 0)),
    ],
    ids=str,
)
def test_counts_are_those_of_the_groups(choices, counts, randomise):
    layer = make(randomise, **choices)
    report = layer.parameter_report()
    assert (report.circuit, report.structure, report.observables, report.inputs) == counts
    assert report.total == sum(p.numel() for p in layer.parameters() if p.requires_grad)
    assert report.frozen == sum(p.numel() for p in layer.parameters() if not p.requires_grad)
    assert f"{report.total} trainable numbers" in str(report)
    assert f"{report.total}</td>" in report._repr_html_()
    groups = {group["name"]: group for group in layer.parameter_groups(0.1)}
    names = ("angles", "structure", "observables", "inputs")
    assert list(groups) == [name for name, count in zip(names, counts, strict=True) if count]
    assert sum(p.numel() for group in groups.values() for p in group["params"]) == report.total


def test_every_group_has_its_own_rate(randomise):
    layer = make(randomise, observables=Diagonal(2), rates={"observables": 100.0, "angles": 0.5})
    rates = {group["name"]: group["lr"] for group in layer.parameter_groups(1e-3)}
    assert rates == pytest.approx({"angles": 5e-4, "structure": 1e-3, "observables": 0.1})
    assert layer.discretize().rates == layer.rates


def test_a_single_candidate_has_a_fixed_weight():
    assert QuantumLayer(2, 2, candidates=FEW[0]).structural_weights.tolist() == [[1.0]]
    half = QuantumLayer(2, 2, candidates=FEW[0], relaxation=Raw(0.5), structure="output")
    assert half.structural_weights.tolist() == [[0.5], [0.5]]


def test_the_rows_have_names(randomise):
    assert list(make(randomise).chosen) == ["all"]
    layer = make(randomise, structure="output")
    assert list(layer.chosen) == list(layer.ranking()) == ["output_0", "output_1"]
    assert layer.structural_weights.shape == (2, 4)


def test_ranking_finds_what_was_planted(randomise):
    layer = make(randomise, candidates=QLSTM_SPACE, structure="output")
    with torch.no_grad():
        layer.structure.fill_(0.01)
        layer.structure[0, 0], layer.structure[1, 6] = -5.0, -5.0
    ranking = layer.ranking()
    for (name, entries), index in zip(ranking.items(), (0, 6), strict=True):
        assert QLSTM_SPACE[index] in entries[0].merged
        assert sorted(place for entry in entries for place in entry.indices) == list(range(36))
        contributions = [entry.contribution for entry in entries]
        assert contributions == sorted(contributions, reverse=True)
        assert layer.discretize().chosen[name][0] == entries[0].candidate


def test_contributions_are_weights_times_spreads(randomise, normal):
    layer = make(randomise, observables=Diagonal(2))
    x = normal(4, 50, 3)
    entries = layer.ranking(x=x)["all"]
    for entry in entries:
        alone = make(randomise, candidates=entry.candidate, observables=Diagonal(2))
        with torch.no_grad():
            alone.angles.copy_(layer.angles)
            alone.coefficients.copy_(layer.coefficients)
            alone.structure.fill_(1.0)
        spread = alone(x).detach().var(0, correction=0).mean().sqrt()
        assert entry.contribution == pytest.approx(float(abs(entry.weight) * spread))


def test_a_ranking_in_parts_is_the_ranking(randomise, monkeypatch):
    layer = make(randomise, sharing="separate", structure="output")
    whole = {name: list(entries) for name, entries in layer.ranking().items()}
    monkeypatch.setattr("diffqas.layers.layer_ranking.AMPLITUDES", 64 * 8)
    for name, entries in layer.ranking().items():
        for got, expected in zip(entries, whole[name], strict=True):
            assert got.candidate == expected.candidate
            assert got.contribution == pytest.approx(expected.contribution)


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("structure", ["layer", "output"])
@pytest.mark.parametrize("relaxation", RELAXATIONS)
def test_keeping_every_entry_keeps_the_function(sharing, structure, relaxation, normal, randomise):
    layer = make(
        randomise,
        candidates=QLSTM_SPACE,
        sharing=sharing,
        structure=structure,
        relaxation=relaxation,
        observables=Diagonal(2),
        uploads=2,
        input_scale="trained",
    ).eval()
    layer.progress = 0.5
    most = min(len(entries) for entries in layer.ranking().values())
    x = normal(1, 5, 3)
    found = layer.discretize(most)
    torch.testing.assert_close(found(x), layer(x))
    assert not found.training
    assert found.progress == 0.5


def test_discretize_leaves_the_layer_alone_and_goes_on(randomise):
    layer = make(randomise, candidates=QLSTM_SPACE, structure="output", sharing="separate")
    before = {name: value.clone() for name, value in layer.named_parameters()}
    best = {
        name: [entry.candidate for entry in ranked[:3]] for name, ranked in layer.ranking().items()
    }
    found = layer.discretize(3)
    assert {name: list(space) for name, space in found.chosen.items()} == best
    again = found.discretize()
    assert {name: space[0] for name, space in again.chosen.items()} == {
        name: candidates[0] for name, candidates in best.items()
    }
    for name, value in layer.named_parameters():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(("relaxation", "trains"), [("raw", True), ("softmax", False)])
def test_the_last_weight_trains_if_it_says_anything(relaxation, trains, randomise):
    found = make(randomise, relaxation=relaxation).discretize()
    assert found.structure.requires_grad is trains


def test_what_is_frozen_stays_frozen(randomise):
    layer = make(randomise, observables=Diagonal(2), input_scale="trained")
    for numbers in (layer.angles, layer.coefficients, layer.factors):
        numbers.requires_grad_(False)
    found = layer.discretize(2)
    assert [group["name"] for group in found.parameter_groups(0.1)] == ["structure"]


@pytest.mark.parametrize("relaxation", RELAXATIONS)
@pytest.mark.parametrize("structure", ["layer", "output"])
def test_perturbation_measures_the_loss_without_a_candidate(
    relaxation, structure, normal, randomise
):
    layer = make(randomise, relaxation=relaxation, structure=structure)
    x, y = normal(1, 20, 3), normal(2, 20, 2)
    before = layer.structure.detach().clone()

    def loss():
        return (layer(x) - y).square().mean()

    rankings = layer.ranking(by="perturbation", loss=loss)
    assert torch.equal(layer.structure, before)
    assert layer.training
    layer.eval()
    whole = float(loss().detach())
    for row, entries in enumerate(rankings.values()):
        for entry in entries:
            with torch.no_grad():
                kept = layer.structure.clone()
                gone = 0.0 if relaxation == "raw" else -math.inf
                layer.structure[row, list(entry.indices)] = gone
                assert entry.contribution == pytest.approx(float(loss()) - whole)
                layer.structure.copy_(kept)
        contributions = [entry.contribution for entry in entries]
        assert contributions == sorted(contributions, reverse=True)


def test_perturbation_may_choose_another_candidate_than_the_weight(normal, randomise):
    """A large weight on a circuit that the loss does not need."""
    layer = make(randomise, candidates=FEW[:2])
    x = normal(1, 30, 3)
    with torch.no_grad():
        layer.structure.copy_(torch.tensor([[3.0, 1.0]]))
        second = make(randomise, candidates=FEW[1])
        second.angles.copy_(layer.angles)
        second.structure.fill_(1.0)
        target = second(x)
    assert layer.discretize().chosen["all"][0] == FEW[0]
    found = layer.discretize(by="perturbation", loss=lambda: (layer(x) - target).square().mean())
    losing = layer.ranking(by="perturbation", loss=lambda: (layer(x) - target).square().mean())
    assert losing["all"][-1].candidate == FEW[0]
    assert losing["all"][-1].contribution < 0
    assert found.chosen["all"][0] == FEW[1]


def test_a_loss_that_fails_leaves_the_layer_as_it_was(randomise):
    layer = make(randomise)
    before, calls = layer.structure.detach().clone(), []

    def loss():
        calls.append(len(calls))
        if len(calls) == 3:
            raise RuntimeError("no more data")
        return 1.0

    with pytest.raises(RuntimeError, match="no more data"):
        layer.discretize(by="perturbation", loss=loss)
    assert torch.equal(layer.structure, before)
    assert layer.training


def test_the_audit_names_dead_candidates():
    layer = QuantumLayer(3, 3, candidates=QLSTM_SPACE, depth=2)
    found = layer.audit()
    assert [finding.candidate for finding in found] == list(QLSTM_SPACE)
    assert 0 < sum(finding.live for finding in found) < 36
    dead = [finding.candidate for finding in found if not finding.sees]
    alone = QuantumLayer(3, 3, candidates=dead[0], init_std=1.0)
    x = torch.randn(5, 3)
    torch.testing.assert_close(alone(x), alone(x)[:1].expand(5, 3))


def test_equal_circuits_with_angles_of_their_own_stay_apart(randomise, normal):
    twins = [Candidate(encoding="ry"), Candidate(encoding="ry", entangler=[(0, 1), (1, 2)])]
    for sharing, entries in (("shared", 1), ("separate", 2)):
        layer = make(randomise, candidates=twins, sharing=sharing)
        assert len(layer.ranking()["all"]) == entries
        x = normal(1, 4, 3)
        torch.testing.assert_close(layer.discretize(entries)(x), layer(x))
