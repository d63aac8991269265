"""How many numbers are trained: the papers' counts, and that an optimiser sees exactly these."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from diffqas.circuits import TABLE_I
from diffqas.quantum_train import QuantumTrain
from diffqas.tasks.series import SeriesLSTM


def dense(*sizes):
    return nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))


@pytest.mark.parametrize(
    ("target", "depth", "total", "weights", "qubits"),
    [
        (SeriesLSTM, 10, 135, 1781, 11),
        (lambda: dense(784, 128, 64, 2), 15, 286, 108_866, 17),
        (lambda: dense(147, 32, 32, 7), 10, 157, 6023, 13),
        (lambda: dense(147, 32, 32, 1), 10, 157, 5825, 13),
    ],
    ids=["series", "images", "policy", "value"],
)
def test_the_papers_counts(target, depth, total, weights, qubits):
    report = QuantumTrain(target(), depth=depth, recipe="paper").parameter_report()
    assert (report.total, report.target, report.qubits, report.depth) == (
        total,
        weights,
        qubits,
        depth,
    )
    assert (report.circuit, report.structure, report.mapping) == (depth * qubits, 12, qubits + 2)
    assert report.ratio == weights / total


@pytest.mark.parametrize(
    ("p", "chunk", "qubits"),
    [(1, 1, 1), (2, 1, 1), (3, 1, 2), (64, 1, 6), (65, 1, 7), (65, 3, 5), (96, 3, 5), (2, 9, 1)],
)
def test_qubits_are_just_enough_for_the_weights(p, chunk, qubits):
    report = QuantumTrain(nn.Linear(1, p, bias=False), depth=3, chunk=chunk).parameter_report()
    assert (report.qubits, report.target) == (qubits, p)
    assert report.circuit == 3 * qubits
    assert report.mapping == chunk * (qubits + 2)


def test_separate_angles_are_counted_for_every_candidate():
    report = QuantumTrain(
        nn.Linear(3, 4), depth=2, candidates=TABLE_I[:5], sharing="separate"
    ).parameter_report()
    assert (report.circuit, report.structure) == (5 * 2 * 4, 5)


def test_the_report_is_one_readable_line():
    head = "135 trainable numbers write 1,781 weights (13.2x)"
    line = f"{head}: 110 angles + 12 structural + 13 mapping, 11 qubits, depth 10"
    assert str(QuantumTrain(SeriesLSTM(), depth=10).parameter_report()) == line


@pytest.mark.parametrize("sharing", ["shared", "separate"])
@pytest.mark.parametrize("chunk", [1, 3])
def test_an_optimiser_sees_exactly_the_counted_numbers(case, sharing, chunk):
    model = case.model(sharing=sharing, chunk=chunk)
    report = model.parameter_report()
    unique = {id(p): p.numel() for p in case.make().parameters() if p.requires_grad}
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert sum(p.numel() for p in trained.values()) == report.total
    names = ["circuits.angles", "circuits.structure", "mapping.weight", "mapping.bias"]
    assert list(trained) == [f"generator.{name}" for name in names]
    assert report.target == sum(unique.values())


def test_a_step_changes_the_counted_numbers_and_nothing_else(case):
    model = case.model().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    model(case.x).square().mean().backward()
    optimizer.step()
    changed = {
        name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == {name for name, p in model.named_parameters() if p.requires_grad}
    assert len(changed) == 4


def test_state_holds_the_generator_and_the_rest_of_the_target(case):
    target = case.make()
    own = {name for name, p in target.named_parameters() if not p.requires_grad}
    own |= {name for name, _ in target.named_buffers()}
    parts = {
        "circuits.angles",
        "circuits.structure",
        "mapping.weight",
        "mapping.bias",
        "gain",
        "offset",
    }
    expected = {f"generator.{part}" for part in parts} | {f"target.module.{name}" for name in own}
    assert set(case.model().state_dict()) == expected | {"_extra_state", "_progress_done"}
