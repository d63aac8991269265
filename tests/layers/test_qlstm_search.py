"""What is trained, what is found, what is kept."""

import copy

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE, Candidate, SearchSpace
from diffqas.architecture import Gumbel, Raw
from diffqas.circuits import encoded_findings
from diffqas.layers import BASELINES, GATES

C1, C4 = BASELINES["C1"], BASELINES["C4"]
LIVE = [f.trains for f in encoded_findings(QLSTM_SPACE, 3, 2, 2)]


@pytest.mark.parametrize(
    ("choices", "circuit", "structure", "frozen"),
    [
        ({}, 4320, 144, 0),
        ({"sharing": "shared"}, 120, 144, 0),
        ({"structure": "shared"}, 4320, 36, 0),
        ({"reservoir": True}, 0, 144, 4320),
        ({"reservoir": True, "sharing": "shared"}, 0, 144, 120),
        ({"candidates": [C1]}, 120, 0, 4),
        ({"num_layers": 2, "sharing": "shared"}, 320, 288, 0),
    ],
    ids=str,
)
def test_counts(choices, circuit, structure, frozen):
    cell = QLSTM(1, 5, **choices)
    report = cell.parameter_report()
    assert (report.circuit, report.structure, report.frozen) == (circuit, structure, frozen)
    assert report.total == sum(p.numel() for p in cell.parameters() if p.requires_grad)
    assert report.qubits == (6, 10)[: cell.num_layers]
    grouped = {g["name"]: sum(p.numel() for p in g["params"]) for g in cell.parameter_groups(0.01)}
    assert grouped == {name: n for name, n in (("angles", circuit), ("structure", structure)) if n}
    assert {g["lr"] for g in cell.parameter_groups(0.01)} <= {0.01}


@pytest.mark.parametrize("relaxation", ["raw", "softmax", "gumbel"])
def test_gradients_reach_every_live_number(relaxation, normal):
    cell = QLSTM(1, 2, 2, relaxation=relaxation, spread=1.0).double()
    output, (_, c) = cell(normal(1, 3, 3, 1), (normal(2, 1, 3, 2), normal(3, 1, 3, 2)))
    layer = cell.circuits[0]
    angles, structure = torch.autograd.grad(
        output.square().sum() + c.sum(), [layer.angles, layer.structure]
    )
    reached = angles.abs().sum((2, 3)) > 0
    assert reached.tolist() == [LIVE] * 4  # the angles of the others have no effect at all
    weights = structure.abs() > 0
    zero = [f.constant == (0, 0) for f in encoded_findings(QLSTM_SPACE, 3, 2, 2)]
    # A circuit that gives 0 still takes part in a softmax.
    assert weights.tolist() == [[relaxation != "raw" or not z for z in zero]] * 4


def test_a_reservoir_trains_its_weights_only(normal):
    cell = QLSTM(1, 2, 2, QLSTM_SPACE[:3], reservoir=True, spread=1.0).double()
    before = {name: value.clone() for name, value in cell.state_dict().items()}
    optimiser = torch.optim.Adam(cell.parameter_groups(0.1))
    cell(normal(1, 3, 3, 1))[0].sum().backward()
    optimiser.step()
    changed = {
        name for name, value in cell.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"layers.0.structure"}


@pytest.mark.parametrize("hidden", [2, 4])
@pytest.mark.parametrize("held", [True, False])
def test_a_reservoir_is_the_network_whose_angles_train(hidden, held, monkeypatch, normal):
    if not held:
        monkeypatch.setattr("diffqas.simulator.observables.MAX_COEFFICIENT_QUBITS", 1)
    cell = QLSTM(1, hidden, 2, QLSTM_SPACE[:5], reservoir=True, spread=1.0).double()
    x = normal(3, 4, 1)
    kept, _ = cell(x)
    (layer,) = cell.circuits
    (of_kept,) = torch.autograd.grad(kept.square().sum(), layer.structure)
    layer.angles.requires_grad_()
    trained, _ = cell(x)
    torch.testing.assert_close(kept, trained, rtol=1e-12, atol=1e-12)
    (of_trained,) = torch.autograd.grad(trained.square().sum(), layer.structure)
    torch.testing.assert_close(of_kept, of_trained, rtol=1e-10, atol=1e-12)


def test_what_a_reservoir_keeps_follows_its_angles(normal, tmp_path):
    cell = QLSTM(1, 2, 2, QLSTM_SPACE[:5], reservoir=True, spread=1.0).double()
    x = normal(3, 4, 1)
    with torch.inference_mode():
        before = cell(x)[0].clone()
    cell(x)[0].sum().backward()  # what was kept in inference mode trains
    copied = copy.deepcopy(cell)
    torch.save(cell, tmp_path / "cell.pt")
    for other in (copied, torch.load(tmp_path / "cell.pt", weights_only=False)):
        torch.testing.assert_close(other(x)[0].detach(), before)
    with torch.no_grad():
        cell.circuits[0].angles.add_(0.3)
    moved = cell(x)[0].detach()
    assert (moved - before).abs().max() > 1e-3
    cell.circuits[0].angles.data.sub_(0.3)  # which changes no version of the tensor
    torch.testing.assert_close(cell(x)[0].detach(), before)
    cell.load_state_dict(copied.state_dict())
    torch.testing.assert_close(cell(x)[0].detach(), before)
    torch.testing.assert_close(
        cell.float()(x.float())[0].detach().double(), before, rtol=1e-4, atol=1e-5
    )
    (name,) = (name for name, _ in cell.double().named_parameters() if name.endswith("angles"))
    found, _ = torch.func.functional_call(
        cell, {name: copied.circuits[0].angles.detach() + 0.3}, (x,)
    )
    torch.testing.assert_close(found.detach(), moved, rtol=1e-6, atol=1e-6)


def test_the_start_follows_from_the_seed():
    cells = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        cells.append(QLSTM(1, 5, spread=0.01).circuits[0].angles)
    assert torch.equal(cells[0], cells[1])
    assert not torch.equal(cells[0], cells[2])
    assert 0.0095 < cells[0].std() < 0.0105


def test_gumbel_is_noisy_in_training_only(normal):
    cell = QLSTM(1, 2, 2, QLSTM_SPACE[:5], relaxation=Gumbel(), spread=1.0).double()
    x = normal(1, 2, 3, 1)
    assert not torch.equal(cell(x)[0], cell(x)[0])
    cell.eval()
    assert torch.equal(cell(x)[0], cell(x)[0])


def test_progress_reaches_every_layer():
    cell = QLSTM(1, 1, 1, QLSTM_SPACE[:2], relaxation="gumbel", num_layers=2)
    cell.progress = 0.5
    assert cell.progress == 0.5
    assert [layer.progress for layer in cell.circuits] == [0.5, 0.5]


def test_ranking_finds_what_was_planted():
    cell = QLSTM(1, 2, 2, sharing="shared", spread=1.0)
    planted = dict(zip(GATES, (0, 6, 20, 30), strict=True))
    with torch.no_grad():
        for row, index in enumerate(planted.values()):
            cell.circuits[0].structure[row, index] = -5.0
    ranking = cell.ranking()
    assert list(ranking) == [f"{gate}_l0" for gate in GATES]
    for gate, index in planted.items():
        entries = ranking[f"{gate}_l0"]
        assert QLSTM_SPACE[index] in entries[0].merged
        assert sorted(i for entry in entries for i in entry.indices) == list(range(36))
        assert [e.contribution for e in entries] == sorted(
            (e.contribution for e in entries), reverse=True
        )
        for entry in entries:
            total = cell.structural_weights[0, GATES.index(gate), list(entry.indices)].sum()
            assert entry.weight == pytest.approx(float(total), abs=1e-6)


@pytest.mark.parametrize("sharing", ["separate", "shared"])
@pytest.mark.parametrize("relaxation", ["raw", "softmax"])
@pytest.mark.parametrize("structure", ["gate", "shared"])
def test_keeping_every_entry_keeps_the_function(sharing, relaxation, structure, normal, randomise):
    cell = randomise(
        QLSTM(1, 2, 2, QLSTM_SPACE, sharing, False, relaxation, structure=structure).double()
    )
    most = min(len(entries) for entries in cell.ranking().values())
    assert most < 36  # constants are merged in any case
    x = normal(1, 2, 3, 1)
    torch.testing.assert_close(cell.discretize(most)(x)[0], cell(x)[0])


@pytest.mark.parametrize(("sharing", "entries"), [("shared", 1), ("separate", 2)])
def test_equal_circuits_with_angles_of_their_own_stay_apart(sharing, entries, normal, randomise):
    twins = [Candidate(encoding="ry"), Candidate(encoding="ry", entangler=[(0, 1), (1, 2)])]
    cell = randomise(QLSTM(1, 2, 2, twins, sharing).double())
    assert {len(ranked) for ranked in cell.ranking().values()} == {entries}
    x = normal(1, 2, 3, 1)
    torch.testing.assert_close(cell.discretize(entries)(x)[0], cell(x)[0])


def test_discretize_keeps_the_best_of_each_gate_in_a_new_cell(randomise):
    cell = randomise(QLSTM(1, 2, 2, QLSTM_SPACE, num_layers=2).double())
    before = {name: value.clone() for name, value in cell.state_dict().items()}
    best = {
        name: [entry.candidate for entry in entries[:2]] for name, entries in cell.ranking().items()
    }
    found = cell.discretize(2)
    assert {name: list(space) for name, space in found.chosen.items()} == best
    assert len({space.names for space in found.chosen.values()}) > 1
    assert found.structural_weights.shape == (2, 4, 2)
    assert found.parameter_report().structure == 16
    assert found.parameter_report().circuit == 4 * 2 * 2 * (3 + 4)
    # A second step goes on from what the first has left.
    again = found.discretize()
    assert {n: s[0] for n, s in again.chosen.items()} == {
        n: candidates[0] for n, candidates in best.items()
    }
    for name, value in cell.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(("relaxation", "trains"), [("raw", True), ("softmax", False)])
def test_the_last_weight_trains_if_it_says_anything(relaxation, trains):
    assert (
        QLSTM(1, 2, 1, relaxation=relaxation).discretize().circuits[0].structure.requires_grad
        is trains
    )


def test_a_single_candidate_has_a_fixed_weight():
    assert QLSTM(1, 2, 1, [C1]).structural_weights.tolist() == [[[1.0]] * 4]
    assert QLSTM(1, 2, 1, [C1], relaxation=Raw(0.5)).structural_weights.tolist() == [[[0.5]] * 4]
    assert QLSTM(1, 2, 1, SearchSpace([C1, C4])).structural_weights.tolist() == [[[0.5, 0.5]] * 4]


def test_the_state_is_all_there_is(randomise, normal):
    cell, other = (randomise(QLSTM(1, 2, 2, QLSTM_SPACE[:4]).double(), seed) for seed in (1, 2))
    x = normal(1, 2, 3, 1)
    assert not torch.equal(cell(x)[0], other(x)[0])
    other.load_state_dict(cell.state_dict())
    assert torch.equal(cell(x)[0], other(x)[0])
