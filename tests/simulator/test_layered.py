"""Circuits whose layers differ, against dense matrices; the gradient of a choice, against its
definition.
"""

import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.simulator import using_cores
from diffqas.simulator.layered import layered_probabilities
from diffqas.simulator.oracle import dense_layers

SPACES = {
    "table I": TABLE_I,
    "odd ones": SearchSpace(
        [
            Candidate(True, "chain", ("rz", "ry", "rz")),
            Candidate(False, [(1, 0)], "rx"),
            Candidate(True, "none", ("rz", "ry", "rz")),
        ]
    ),
    "one axis each": SearchSpace(
        [
            Candidate(True, "star", ("rz", "rz")),
            Candidate(False, [(1, 0)], "ry"),
            Candidate(True, "none", "rx"),
            Candidate(False, "all", ("ry", "ry")),
            Candidate(False, "chain", ("rx", "rx", "rx")),
        ]
    ),
}


def drawn(space, n, depth, batch=3, seed=0):
    draw = torch.Generator().manual_seed(seed)
    angles = torch.randn(
        batch, depth, n, space.angles_per_qubit, generator=draw, dtype=torch.float64
    )
    return angles, torch.randint(len(space), (batch, depth), generator=draw)


def oracle(space, angles, choice):
    states = [
        dense_layers([space[k] for k in row], own)
        for own, row in zip(angles, choice.tolist(), strict=True)
    ]
    return torch.stack(states).abs().square()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize(("n", "depth"), [(2, 1), (3, 4), (6, 3)])
def test_values_and_gradients_are_those_of_the_composed_circuit(name, n, depth):
    space = SPACES[name]
    angles, choice = drawn(space, n, depth)
    hard = torch.nn.functional.one_hot(choice, len(space)).double()
    cotangent = torch.randn(
        3, 2**n, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    found = []
    for own in (None, hard, "dense"):
        leaf = angles.clone().requires_grad_()
        values = (
            oracle(space, leaf, choice)
            if own == "dense"
            else layered_probabilities(space, leaf, choice, own)
        )
        found.append((values.detach(), torch.autograd.grad((values * cotangent).sum(), leaf)[0]))
    for values, gradient in found[:2]:
        torch.testing.assert_close(values, found[2][0], rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(gradient, found[2][1], rtol=1e-10, atol=1e-12)


def test_equal_layers_are_the_candidate():
    from diffqas.simulator import dense_probabilities

    angles = drawn(TABLE_I, 4, 3)[0][:1]
    choice = torch.full((1, 3), 7)
    every = dense_probabilities(TABLE_I, angles[0])
    torch.testing.assert_close(
        layered_probabilities(TABLE_I, angles, choice)[0], every[7], rtol=1e-11, atol=1e-13
    )


def test_the_gradient_of_a_weight_is_what_the_other_layer_would_add():
    """d p / d a_lk = 2 Re (conjugate amplitudes of the circuit times those with candidate k in
    layer l).
    """
    n, depth = 3, 3
    angles, choice = drawn(TABLE_I, n, depth, batch=1, seed=5)
    cotangent = torch.randn(2**n, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    weights = torch.nn.functional.one_hot(choice, 12).double().requires_grad_()
    (layered_probabilities(TABLE_I, angles, choice, weights)[0] * cotangent).sum().backward()
    names = choice[0].tolist()
    state = dense_layers([TABLE_I[k] for k in names], angles[0])
    for layer in range(depth):
        for k in range(12):
            other = [*names[:layer], k, *names[layer + 1 :]]
            changed = dense_layers([TABLE_I[index] for index in other], angles[0])
            expected = (2 * (state.conj() * changed).real * cotangent).sum()
            assert weights.grad[0, layer, k].item() == pytest.approx(
                expected.item(), rel=1e-9, abs=1e-12
            )


def test_many_cotangents_at_once_under_vmap():
    angles, choice = drawn(TABLE_I, 4, 2)
    angles.requires_grad_()
    values = layered_probabilities(TABLE_I, angles, choice)
    cotangents = torch.randn(
        5, *values.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )

    def gradient(cotangent):
        return torch.autograd.grad(values, angles, cotangent, retain_graph=True)[0]

    together = torch.func.vmap(gradient)(cotangents)
    for one, cotangent in zip(together, cotangents, strict=True):
        torch.testing.assert_close(one, gradient(cotangent))


def test_circuits_and_cotangents_mapped_together():
    """As the seeds of a population are, where each has angles and layers of its own."""
    angles, choice = drawn(TABLE_I, 4, 3, batch=6)
    cotangents = torch.randn(
        2, 3, 16, generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )

    def gradient(angles, choice, cotangent):
        return torch.func.vjp(lambda own: layered_probabilities(TABLE_I, own, choice), angles)[1](
            cotangent
        )[0]

    every = (angles.unflatten(0, (2, 3)), choice.unflatten(0, (2, 3)), cotangents)
    together = torch.func.vmap(gradient)(*every)
    for one, *own in zip(together, *every, strict=True):
        torch.testing.assert_close(one, gradient(*own), rtol=1e-12, atol=1e-14)


def test_states_of_many_pieces_and_several_threads(monkeypatch):
    """13 qubits are four pieces. The dense oracle would take minutes: plain torch stands for it."""
    angles, choice = drawn(TABLE_I, 13, 4)
    cotangents = torch.randn(
        3, 2, 2**13, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    leaf = angles.requires_grad_()
    found = []
    for path in ("1", "0"):
        monkeypatch.setenv("DIFFQAS_COMPILED", path)
        with using_cores(2):
            values = layered_probabilities(TABLE_I, leaf, choice)
            gradients = [
                torch.autograd.grad(values, leaf, each, retain_graph=True)[0]
                for each in cotangents.unbind(1)
            ]
        found.append((values.detach(), torch.stack(gradients)))
    for fast, slow in zip(*found, strict=True):
        torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-12)


def test_single_precision_stays_single():
    angles, choice = drawn(TABLE_I, 5, 3)
    single = layered_probabilities(TABLE_I, angles.float(), choice)
    assert single.dtype == torch.float32
    torch.testing.assert_close(
        single.double(), oracle(TABLE_I, angles, choice), rtol=1e-4, atol=1e-6
    )
