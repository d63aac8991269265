"""`expectations` against the dense simulator: values, gradients and shapes, in every form."""

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffqas.circuits import CNOT_ENTANGLERS, QLSTM_SPACE, ROTATIONS, Candidate, SearchSpace
from diffqas.simulator import dense_expectations, expectations, heisenberg
from diffqas.simulator.observables import features

EULER = SearchSpace(
    [
        Candidate(False, "ent", ("rz", "ry", "rz"), "rx"),
        Candidate(True, "ring", ("rx", "rz"), "rz"),
        Candidate(True, "chain", "ry", "ry"),
    ]
)
FEW = QLSTM_SPACE[2:30:9]


@pytest.fixture(scope="module", autouse=True, params=["coefficients", "states"])
def stage(request):
    """Run every test with coefficients and, as for wide circuits, by simulating every input."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "states":
            patch.setattr(sys.modules["diffqas.simulator.observables"], "MAX_COEFFICIENT_QUBITS", 0)
        yield request.param


def dense(space, inputs, angles, outputs, separate=False):
    """The oracle, one entry of the broadcast leading dimensions after the other."""
    core = (2 if space.angles_per_qubit == 1 else 3) + separate
    lead = torch.broadcast_shapes(inputs.shape[:-1], angles.shape[: angles.dim() - core])
    inputs = inputs.expand(*lead, -1).reshape(-1, inputs.shape[-1])
    angles = angles.expand(*lead, *angles.shape[angles.dim() - core :]).flatten(
        0, max(len(lead) - 1, 0)
    )
    angles = angles if lead else angles.unsqueeze(0)
    rows = [
        torch.cat(
            [
                dense_expectations([c], v, own[i] if separate else own, outputs)
                for i, c in enumerate(space)
            ]
        )
        for v, own in zip(inputs, angles, strict=True)
    ]
    return torch.stack(rows).reshape(*lead, len(space), outputs)


def draw(normal, space, *, inputs=(), angles=(), n=3, depth=2, separate=False, scale=2.0):
    own = [len(space)] if separate else []
    r = [space.angles_per_qubit] if space.angles_per_qubit > 1 else []
    return (
        normal(1, *inputs, n, scale=scale).requires_grad_(),
        normal(2, *angles, *own, depth, n, *r, scale=scale).requires_grad_(),
    )


@st.composite
def candidates(draw, n):
    pairs = [(control, target) for control in range(n) for target in range(n) if control != target]
    listed = st.lists(st.sampled_from(pairs), max_size=5) if pairs else st.just([])
    rotations = draw(st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3))
    entangler = draw(st.sampled_from(list(CNOT_ENTANGLERS)) | listed)
    return Candidate(
        draw(st.booleans()), entangler, tuple(rotations), draw(st.sampled_from(ROTATIONS))
    )


@pytest.mark.parametrize("separate", [False, True])
@given(data=st.data())
@settings(max_examples=15)
def test_random_circuits_are_the_dense_simulation(separate, data, normal, assert_same):
    n = data.draw(st.integers(1, 4))
    space = SearchSpace(data.draw(st.lists(candidates(n), min_size=1, max_size=3, unique=True)))
    lead, samples = data.draw(
        st.sampled_from([((), ()), ((2, 1), (3,)), ((2,), (1, 1)), ((2,), (2,)), ((), (2,))])
    )
    outputs, depth = data.draw(st.integers(1, n)), data.draw(st.integers(1, 3))
    inputs, angles = draw(
        normal, space, inputs=samples, angles=lead, n=n, depth=depth, separate=separate
    )
    result = expectations(space, inputs, angles, outputs, separate=separate)
    assert_same(result, dense(space, inputs, angles, outputs, separate), inputs, angles)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize(("n", "depth"), [(1, 2), (2, 3), (4, 2), (5, 1)])
def test_the_36_are_the_dense_simulation(n, depth, separate, normal, assert_same):
    inputs, angles = draw(normal, QLSTM_SPACE, inputs=(2,), n=n, depth=depth, separate=separate)
    result = expectations(QLSTM_SPACE, inputs, angles, n, separate=separate)
    assert_same(
        result, dense(QLSTM_SPACE, inputs, angles.unsqueeze(0), n, separate), inputs, angles
    )


@pytest.mark.parametrize(
    ("samples", "lead"),
    [
        ((2, 1, 3), (2, 4, 1)),
        ((3,), (2, 4, 1)),
        ((2, 4, 3), (4, 1)),
        ((2, 1), (3,)),
        ((2, 3), ()),
        ((), (2, 3)),
        ((1, 1), (1,)),
        ((2, 4), (2, 4)),
    ],
)
@pytest.mark.parametrize("separate", [False, True])
def test_leading_dimensions_broadcast(samples, lead, separate, normal, assert_same):
    inputs, angles = draw(normal, FEW, inputs=samples, angles=lead, n=2, separate=separate)
    result = expectations(FEW, inputs, angles, 2, separate=separate)
    assert_same(result, dense(FEW, inputs, angles, 2, separate), inputs, angles)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("space", [QLSTM_SPACE, EULER], ids=["qlstm", "euler"])
def test_a_weighted_sum_is_the_sum_of_weighted_candidates(space, separate, normal, assert_same):
    inputs, angles = draw(normal, space, inputs=(2, 1, 3), angles=(2, 4, 1), separate=separate)
    weights = normal(3, 2, 4, 1, len(space)).requires_grad_()
    mixed = heisenberg(space, angles, 2, weights=weights, separate=separate)(inputs)
    expected = (
        weights.unsqueeze(-1) * expectations(space, inputs, angles, 2, separate=separate)
    ).sum(-2)
    assert mixed.shape == (2, 4, 3, 2)
    assert_same(mixed, expected, inputs, angles, weights)


def test_observables_serve_many_inputs(normal, assert_same):
    # A recurrent network: the inputs of the second call depend on the outputs of the first.
    inputs, angles = draw(normal, FEW, inputs=(3,), separate=True)
    observables = heisenberg(FEW, angles, 3, separate=True)
    got = observables(inputs + observables(inputs).sum(-2))
    first = dense(FEW, inputs, angles, 3, True)
    assert_same(got, dense(FEW, inputs + first.sum(-2), angles, 3, True), inputs, angles)


@pytest.mark.parametrize("separate", [False, True])
@pytest.mark.parametrize("space", [FEW, EULER], ids=["qlstm", "euler"])
def test_finite_differences(space, separate, normal):
    inputs, angles = draw(normal, space, inputs=(2,), separate=separate)
    assert torch.autograd.gradcheck(
        lambda v, a: expectations(space, v, a, 2, separate=separate), (inputs, angles)
    )
    weights = normal(4, len(space)).requires_grad_()

    def mixed(v, a, w):
        return heisenberg(space, a, 2, weights=w, separate=separate)(v)

    assert torch.autograd.gradcheck(mixed, (inputs, angles, weights))


@pytest.mark.parametrize("separate", [False, True])
def test_many_cotangents_at_once_are_one_after_the_other(separate, normal):
    inputs, angles = draw(normal, EULER, inputs=(2,), separate=separate)
    weights = normal(4, len(EULER)).requires_grad_()
    result = heisenberg(EULER, angles, 2, weights=weights, separate=separate)(inputs)
    cotangents = normal(5, 5, *result.shape)

    def pullback(cotangent):
        return torch.autograd.grad(result, (inputs, angles, weights), cotangent, retain_graph=True)

    together = torch.func.vmap(pullback)(cotangents)
    for one, alone in zip(together, zip(*map(pullback, cotangents), strict=True), strict=True):
        torch.testing.assert_close(one, torch.stack(alone))


@pytest.mark.parametrize("space", [QLSTM_SPACE, EULER], ids=["qlstm", "euler"])
@pytest.mark.parametrize("depth", [3, 60])
def test_float32_stays_close_to_float64(space, depth, normal):
    inputs, angles = (
        each.detach().float() for each in draw(normal, space, inputs=(3,), n=4, depth=depth)
    )
    results = []
    for dtype in (torch.float64, torch.float32):
        given = [each.to(dtype).requires_grad_() for each in (inputs, angles)]
        result = expectations(space, given[0], given[1], 4)
        assert result.dtype == dtype
        results.append(
            (result, *torch.autograd.grad(result, given, normal(5, *result.shape).to(dtype)))
        )
    for exact, single in zip(*results, strict=True):
        assert (single.double() - exact).abs().max() < 2e-6 * max(1, depth**0.5) * exact.abs().max()


def test_values_lie_between_minus_one_and_one(normal):
    inputs, angles = draw(normal, QLSTM_SPACE, inputs=(20,), n=5, depth=5, separate=True)
    result = expectations(QLSTM_SPACE, inputs, angles, 5, separate=True)
    assert result.abs().max() <= 1 + 1e-12
    assert result.abs().max() > 0.5


def test_constants_have_no_gradient_and_their_values(normal):
    zero, one = Candidate(True, "ent", "rz", "rx"), Candidate(False, "ring", "rz", "rz")
    inputs, angles = draw(normal, SearchSpace([zero, one]), inputs=(2,), n=4)
    result = expectations([zero, one], inputs, angles, 3)
    torch.testing.assert_close(
        result, torch.tensor([0.0, 1.0]).double()[:, None].expand(2, 2, 3), rtol=0, atol=1e-12
    )
    gradients = torch.autograd.grad(
        result.sum(), (inputs, angles), allow_unused=True, materialize_grads=True
    )
    assert max(gradient.abs().max() for gradient in gradients) < 1e-12


def test_separate_angles_move_their_own_candidate_only(normal):
    inputs, angles = (each.detach() for each in draw(normal, FEW, inputs=(3,), separate=True))
    moved = angles.clone()
    moved[2] += 0.5
    change = expectations(FEW, inputs, moved, 3, separate=True) - expectations(
        FEW, inputs, angles, 3, separate=True
    )
    assert change.abs().amax((0, 2)).nonzero().flatten().tolist() == [2]


def test_features_are_products_of_one_cosine_and_sine():
    v = torch.tensor([0.3, 1.1, -0.4])
    factors = torch.stack((torch.ones(3), v.cos(), v.sin()), dim=-1)
    torch.testing.assert_close(
        features(v), torch.kron(torch.kron(factors[0], factors[1]), factors[2])
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("separate", [False, True])
def test_cuda_gives_what_the_cpu_gives(separate, normal):
    inputs, angles = draw(
        normal, QLSTM_SPACE, inputs=(2, 1, 3), angles=(2, 4, 1), n=4, separate=separate
    )
    weights = normal(3, 2, 4, 1, 36).requires_grad_()
    expected = heisenberg(QLSTM_SPACE, angles, 3, weights=weights, separate=separate)(inputs)
    cotangent = normal(4, *expected.shape)
    by_cpu = torch.autograd.grad(expected, (inputs, angles, weights), cotangent)
    on_cuda = [each.detach().cuda().requires_grad_() for each in (inputs, angles, weights)]
    got = heisenberg(QLSTM_SPACE, on_cuda[1], 3, weights=on_cuda[2], separate=separate)(on_cuda[0])
    assert got.device == on_cuda[0].device
    torch.testing.assert_close(got.cpu(), expected, rtol=0, atol=1e-10)
    for gradient, reference in zip(
        torch.autograd.grad(got, on_cuda, cotangent.cuda()), by_cpu, strict=True
    ):
        torch.testing.assert_close(gradient.cpu(), reference, rtol=0, atol=1e-8)
