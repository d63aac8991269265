"""`observed` against the dense simulator: values and gradients, for all kinds of observables."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.circuits import (
    ENTANGLERS,
    ROTATIONS,
    Ansatz,
    Candidate,
    Diagonal,
    Gate,
    Hermitian,
    InputSlot,
    PauliStrings,
    QasmAnsatz,
    SearchSpace,
    Slot,
    Z,
)
from diffqas.simulator import dense_observed, observed

FEW = SearchSpace(
    [
        Candidate(False, "chain", "ry", "ry"),
        Candidate(True, "ring", ("rz", "ry"), "rz"),
        Candidate(True, "cz-ring", "rx", ("ry", "rz")),
    ]
)


def reference(space, inputs, angles, observables, outputs, weights, coefficients, separate):
    """The dense simulation, one entry of the broadcast leading dimensions after the other."""
    core = (2 if space.angles_per_qubit == 1 else 3) + separate
    if space.angles_per_qubit == 1:
        angles, core = angles.unsqueeze(-1), core + 1
    given = [(inputs, 2), (angles, core)]
    given += [(rows, 2) for rows in (weights, coefficients) if rows is not None]
    leads = [tensor.shape[: tensor.dim() - of] for tensor, of in given]
    lead = torch.broadcast_shapes(*leads)

    def rows(tensor, of):
        shape = tensor.shape[tensor.dim() - of :]
        return tensor.expand(*lead, *shape).reshape(-1, *shape)

    v, theta = rows(inputs, 2), rows(angles, core)
    found = []
    for place in range(len(v)):
        c = None if coefficients is None else rows(coefficients, 2)[place]
        each = dense_observed(
            space,
            v[place],
            theta[place],
            observables,
            outputs=outputs,
            coefficients=c,
            separate=separate,
        )
        if weights is not None:
            each = (rows(weights, 2)[place].T * each).sum(0)
        found.append(each)
    return torch.stack(found).reshape(*lead, *found[0].shape)


def tensors(
    normal, space, observables, n, outputs, *, depth=2, uploads=1, separate=False, leads=()
):
    """Inputs, angles, weights (one row) and coefficients that want gradients."""
    v, theta, w, c = leads or ((3,), (), (), ())
    own = [len(space)] if separate else []
    r = [space.angles_per_qubit] if space.angles_per_qubit > 1 else []
    numbers = observables.numbers(n, outputs)
    made = [
        normal(1, *v, uploads, n, scale=2.0),
        normal(2, *theta, *own, depth, n, *r, scale=2.0),
        normal(3, *w, 1, len(space)),
        None if numbers is None else normal(4, *c, *numbers),
    ]
    return [None if each is None else each.requires_grad_() for each in made]


OBSERVABLES = [
    Z(),
    Z((2, 0)),
    PauliStrings(("ZZI", "IIZ", "III")),
    PauliStrings(("XYZ", "IYI", "YIY", "ZIZ")),
    PauliStrings(("ZIZ", "IZI", "ZZZ"), trained=True),
    PauliStrings(("XIZ", "IYX", "ZZZ", "YII"), trained=True),
    Diagonal(1),
    Diagonal(2),
    Diagonal(3),
    Diagonal(2, "pairwise"),
    Hermitian(1),
    Hermitian(2),
    Hermitian(3),
    Hermitian(2, "pairwise"),
]


@pytest.mark.parametrize("uploads", [1, 2])
@pytest.mark.parametrize("observables", OBSERVABLES, ids=repr)
def test_observables_are_those_of_the_dense_simulation(observables, uploads, normal, assert_same):
    outputs = 2
    given = tensors(normal, FEW, observables, 3, outputs, uploads=uploads)
    inputs, angles, weights, coefficients = given
    got = observed(
        FEW,
        inputs,
        angles,
        observables,
        outputs=outputs,
        weights=weights,
        coefficients=coefficients,
        uploads=uploads,
    )
    expected = reference(FEW, inputs, angles, observables, outputs, weights, coefficients, False)
    assert_same(got, expected, *(each for each in given if each is not None))


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(
    ("samples", "angles", "weights", "numbers"),
    [
        ((2, 1, 3), (2, 4, 1), (2, 4, 1), (2, 4, 1)),
        ((3,), (), (3,), ()),
        ((2, 4, 3), (4, 1), (1,), (2, 1, 1)),
        ((), (2,), (), (3, 1)),
        ((1, 1), (1,), (), (2, 1)),
        ((), (), (), ()),
    ],
)
def test_leading_dimensions_broadcast(
    samples, angles, weights, numbers, separate, normal, assert_same
):
    observables = Diagonal(2)
    leads = (samples, angles, weights, numbers)
    given = tensors(normal, FEW, observables, 3, 2, separate=separate, leads=leads)
    v, theta, w, c = given
    got = observed(
        FEW, v, theta, observables, outputs=2, weights=w, coefficients=c, separate=separate
    )
    assert_same(got, reference(FEW, v, theta, observables, 2, w, c, separate), *given)
    got = observed(FEW, v, theta, observables, outputs=2, coefficients=c, separate=separate)
    expected = reference(FEW, v, theta, observables, 2, None, c, separate)
    assert_same(got, expected, v, theta, c)


@pytest.mark.parametrize("observables", [Z(), PauliStrings(("XYZ", "ZZI")), Diagonal(2)], ids=repr)
def test_every_output_has_weights_of_its_own(observables, normal, assert_same):
    v, theta, _, c = tensors(normal, FEW, observables, 3, 2)
    w = normal(5, 2, len(FEW)).requires_grad_()
    got = observed(FEW, v, theta, observables, outputs=2, weights=w, coefficients=c)
    expected = reference(FEW, v, theta, observables, 2, w, c, False)
    assert_same(got, expected, *(each for each in (v, theta, w, c) if each is not None))


@st.composite
def candidates(draw, n):
    pairs = [(control, target) for control in range(n) for target in range(n) if control != target]
    listed = st.lists(st.sampled_from(pairs), max_size=5) if pairs else st.just([])
    rotations = draw(st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3))
    entangler = draw(st.sampled_from(list(ENTANGLERS)) | listed)
    encodings = draw(st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=2))
    return Candidate(draw(st.booleans()), entangler, tuple(rotations), tuple(encodings))


@st.composite
def problems(draw):
    n, uploads = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    k = draw(st.integers(1, n))
    letters = st.text("IXYZ", min_size=n, max_size=n)
    strings = st.lists(letters, min_size=1, max_size=4, unique=True)
    windows = draw(st.sampled_from(["sliding", "pairwise"]))
    observables = draw(
        st.sampled_from([Z(), Diagonal(k, windows), Hermitian(min(k, 2), windows)])
        | st.builds(PauliStrings, strings.map(tuple), st.booleans())
    )
    outputs = draw(st.integers(1, min(3, observables.count(n))))
    space = SearchSpace(draw(st.lists(candidates(n), min_size=1, max_size=3, unique=True)))
    depth = uploads * draw(st.integers(1, 2))
    return space, observables, n, outputs, depth, uploads


@pytest.mark.parametrize("separate", [False, True])
@given(problem=problems(), data=st.data())
@settings(max_examples=15)
def test_random_circuits_are_the_dense_simulation(separate, problem, data, normal, assert_same):
    space, observables, n, outputs, depth, uploads = problem
    leads = data.draw(
        st.sampled_from(
            [((2,), (), (), ()), ((3,), (2, 1), (2, 1), (1,)), ((2, 2), (2, 1), (), (2, 1))]
        )
    )
    v, theta, w, c = tensors(
        normal,
        space,
        observables,
        n,
        outputs,
        depth=depth,
        uploads=uploads,
        separate=separate,
        leads=leads,
    )
    options = {"coefficients": c, "uploads": uploads, "separate": separate}
    got = observed(space, v, theta, observables, outputs=outputs, weights=w, **options)
    expected = reference(space, v, theta, observables, outputs, w, c, separate)
    assert_same(got, expected, *(each for each in (v, theta, w, c) if each is not None))


@dataclass(frozen=True)
class Designed(Ansatz):
    """Gates of several kinds, inputs in several places, with factors, and a controlled one."""

    rotations_per_qubit: ClassVar[int] = 2

    def start(self, n):
        return [Gate("h", (0,)), Gate("rx", (n - 1,), 0.3)]

    def encode(self, n):
        turns = [Gate("ry", (q,), InputSlot(q, 0.5, 0.1)) for q in range(n)]
        return [
            *turns,
            Gate("sx", (0,)),
            Gate("crz", (0, 1), InputSlot(n - 1, -2.0)),
            Gate("u3", (1,), (InputSlot(0), 0.2, InputSlot(1))),
        ]

    def layer(self, n):
        turns = [Gate("rx", (q,), Slot(q)) for q in range(n)]
        return [*turns, Gate("cz", (0, 1)), Gate("rzz", (1, n - 1), Slot(1, 1, 2.0))]


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(
    "observables", [Z(), Diagonal(2), Hermitian(2), PauliStrings(("XYZ", "ZIZ"))], ids=repr
)
def test_circuits_of_ones_own(observables, separate, normal, assert_same):
    space = SearchSpace([Candidate(True, "ring", "rx", "ry"), Designed(), FEW[0]])
    leads = ((3,), (2, 1), (1,), ())
    given = tensors(
        normal, space, observables, 3, 2, depth=4, uploads=2, separate=separate, leads=leads
    )
    v, theta, w, c = given
    options = {"coefficients": c, "uploads": 2, "separate": separate}
    got = observed(space, v, theta, observables, outputs=2, weights=w, **options)
    expected = reference(space, v, theta, observables, 2, w, c, separate)
    assert_same(got, expected, *(each for each in given if each is not None))
    got = observed(space, v, theta, observables, outputs=2, **options)
    expected = reference(space, v, theta, observables, 2, None, c, separate)
    assert_same(got, expected, v, theta)


@pytest.mark.parametrize("uploads", [1, 2])
@pytest.mark.parametrize("observables", [Z(), Diagonal(3), Hermitian(3)], ids=repr)
def test_wide_circuits_with_many_samples(observables, uploads, normal, assert_same):
    # States so large that they are moved in blocks.
    n, space = 9, SearchSpace([Candidate(True, "chain", "rx", "ry"), Candidate(encoding="ry")])
    leads = ((70,), (), (), ())
    given = tensors(normal, space, observables, n, 3, uploads=uploads, leads=leads)
    v, theta, w, c = given
    wanted = [each for each in given if each is not None]
    options = {"outputs": 3, "weights": w, "coefficients": c, "uploads": uploads}
    got = observed(space, v, theta, observables, **options)
    parts = [observed(space, part, theta, observables, **options) for part in v.split(10)]
    assert_same(got, torch.cat(parts), *wanted)


@pytest.mark.parametrize("observables", [Z(), Diagonal(2), Hermitian(2)], ids=repr)
def test_float32_stays_close_to_float64(observables, normal):
    given = tensors(normal, FEW, observables, 3, 2, depth=24, uploads=4)
    results = []
    for dtype in (torch.float64, torch.float32):
        own = [None if one is None else one.detach().to(dtype).requires_grad_() for one in given]
        v, theta, w, c = own
        found = observed(
            FEW, v, theta, observables, outputs=2, weights=w, coefficients=c, uploads=4
        )
        assert found.dtype == dtype
        wanted = [each for each in own if each is not None]
        gradients = torch.autograd.grad(found, wanted, normal(9, *found.shape).to(dtype))
        results.append((found, *gradients))
    for exact, single in zip(*results, strict=True):
        torch.testing.assert_close(
            single.double(), exact, rtol=0, atol=2e-5 * exact.abs().max().item()
        )


@pytest.mark.parametrize("observables", [Diagonal(2), Hermitian(2)], ids=repr)
@pytest.mark.parametrize("separate", [False, True])
def test_many_candidates_go_some_after_the_others(
    observables, separate, normal, assert_same, monkeypatch
):
    space = SearchSpace([*FEW, Candidate(False, "all", "rx", "rz"), Candidate(encoding="rx")])
    given = tensors(normal, space, observables, 3, 2, separate=separate)
    v, theta, w, c = given
    options = {"outputs": 2, "coefficients": c, "separate": separate}
    expected = observed(space, v, theta, observables, weights=w, **options)
    apart = observed(space, v, theta, observables, **options)
    monkeypatch.setattr("diffqas.simulator.encoded.plain.LARGEST", 2 * 3 * 8)
    assert_same(observed(space, v, theta, observables, weights=w, **options), expected, *given)
    assert_same(observed(space, v, theta, observables, **options), apart, v, theta, c)


def test_a_circuit_from_a_file_with_inputs(normal, assert_same):
    pytest.importorskip("openqasm3")
    text = """OPENQASM 3.0; include "stdgates.inc";
    input float x0; input float x1; input float x2; input float a; input float b;
    qubit[3] q; h q[0]; ry(x0) q[0]; ry(x1) q[1]; rz(2 * x2) q[2];
    rx(a) q[0]; cx q[0], q[1]; cz q[1], q[2]; ry(2 * b) q[2];"""
    space = SearchSpace([QasmAnsatz(text, "mine")])
    angles, inputs = normal(1, 2, 3, scale=2.0), normal(2, 4, 2, 3, scale=2.0)
    given = [inputs.requires_grad_(), angles.requires_grad_()]
    got = observed(space, *given, Z(), outputs=3, uploads=2)
    expected = reference(space, *given, Z(), 3, None, None, False)
    assert_same(got, expected, *given)


@pytest.mark.parametrize("samples", [1, 9])
@pytest.mark.parametrize("separate", [False, True])
def test_several_groups_of_qubits(samples, separate, normal, assert_same):
    n = 6
    space = SearchSpace([Candidate(True, "ring", "rx", "ry"), Candidate(encoding=("ry", "rz"))])
    leads = ((samples,), (2, 1), (), ())
    observables = Hermitian(2)
    given = tensors(normal, space, observables, n, 2, uploads=2, separate=separate, leads=leads)
    v, theta, w, c = given
    options = {"coefficients": c, "uploads": 2, "separate": separate}
    got = observed(space, v, theta, observables, outputs=2, weights=w, **options)
    assert_same(got, reference(space, v, theta, observables, 2, w, c, separate), *given)
