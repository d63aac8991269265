"""The kernels of encoded circuits against plain torch: values, gradients, threads, mapped calls."""

import pytest
import torch

from diffqas.circuits import (
    QLSTM_SPACE,
    Candidate,
    Diagonal,
    Hermitian,
    PauliStrings,
    SearchSpace,
    Z,
)
from diffqas.simulator import cores, expectations, observed, pauli_plan, using_cores
from diffqas.simulator.encoded import compiled, polynomial

pytest.importorskip("numba", reason="the kernels need numba")

REAL = SearchSpace(
    [
        Candidate(True, "chain", "ry", "ry"),
        Candidate(False, "cz-ring", ("ry", "ry"), "ry"),
    ]
)
COMPLEX = SearchSpace(
    [
        Candidate(True, "ring", "rx", "rz"),
        Candidate(False, "all", ("rz", "ry", "rx"), ("ry", "rx")),
        Candidate(True, "cz-star", "ry", ("rz", "ry", "rx")),
    ]
)


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """On: overrides the fixture of this name."""
    monkeypatch.delenv("DIFFQAS_COMPILED", raising=False)


@pytest.fixture
def plain(monkeypatch):
    """Values and gradients in plain torch."""

    def call(function, *tensors):
        with monkeypatch.context() as patch:
            patch.setenv("DIFFQAS_COMPILED", "0")
            return with_gradients(function, *tensors)

    return call


def with_gradients(function, *tensors):
    found = function(*tensors)
    slope = torch.linspace(-1, 2, found.numel(), dtype=found.dtype).reshape(found.shape)
    loss = (found.square() + slope * found).sum()
    return found.detach(), *torch.autograd.grad(loss, tensors)


def numbers(seed, *shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
    return drawn.to(dtype).requires_grad_()


def problem(space, n, depth, uploads, observables, outputs, samples, dtype=torch.float64):
    """A function of inputs, angles, weights and coefficients, and tensors for it."""
    r = [space.angles_per_qubit] if space.angles_per_qubit > 1 else []
    shape = observables.numbers(n, outputs)
    tensors = [
        numbers(1, samples, uploads, n, dtype=dtype),
        numbers(2, depth, n, *r, dtype=dtype),
        numbers(3, 1, len(space), dtype=dtype),
    ]
    if shape is not None:
        tensors.append(numbers(4, *shape, dtype=dtype))

    def function(inputs, angles, weights, coefficients=None):
        return observed(
            space,
            inputs,
            angles,
            observables,
            outputs=outputs,
            weights=weights,
            coefficients=coefficients,
            uploads=uploads,
        )

    return function, tensors


def assert_equal(got, expected, tolerance):
    for one, other in zip(got, expected, strict=True):
        scale = float(other.abs().max()) + 1e-3
        torch.testing.assert_close(one, other, rtol=0, atol=tolerance * scale)


TOLERANCES = [(torch.float64, 1e-12), (torch.float32, 2e-5)]


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("space", [REAL, COMPLEX], ids=["real", "complex"])
@pytest.mark.parametrize(
    ("n", "depth", "uploads", "observables", "samples"),
    [
        (1, 2, 2, Diagonal(1), 1),
        (2, 1, 1, PauliStrings(("ZI", "ZZ")), 8),
        (5, 4, 2, Diagonal(3), 11),
        (5, 3, 3, PauliStrings(("ZIZII", "IIIIZ", "ZZZZZ"), trained=True), 3),
        (1, 2, 1, Hermitian(1), 2),
        (4, 2, 2, Hermitian(2), 9),
        (4, 2, 1, Hermitian(3, "pairwise"), 3),
        (4, 2, 2, PauliStrings(("XYZI", "YYYY", "IZII")), 9),
        (3, 2, 2, PauliStrings(("YYI", "IXZ", "YYY", "ZII"), trained=True), 8),
    ],
)
def test_the_kernels_give_what_plain_torch_gives(
    n, depth, uploads, observables, samples, space, dtype, tolerance, plain
):
    outputs = min(2, observables.count(n))
    given = problem(space, n, depth, uploads, observables, outputs, samples, dtype)
    function, tensors = given
    assert_equal(with_gradients(function, *tensors), plain(function, *tensors), tolerance)


@pytest.mark.parametrize("space", [REAL, COMPLEX], ids=["real", "complex"])
@pytest.mark.parametrize("n", [9, 11])
@pytest.mark.parametrize("observables", [Diagonal(4), Hermitian(2)], ids=repr)
def test_states_of_many_pieces(observables, space, n, plain):
    function, tensors = problem(space, n, 2, 1, observables, 3, 2)
    assert_equal(with_gradients(function, *tensors), plain(function, *tensors), 1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("samples", [1, 13])
def test_polynomials_give_what_plain_torch_gives(samples, dtype, tolerance, plain):
    function, tensors = problem(QLSTM_SPACE, 4, 2, 1, Z(), 3, samples, dtype)
    size = polynomial.size_of(QLSTM_SPACE, Z(), 3, 1, 2, 4)
    assert size is not None
    assert polynomial.cheaper(size, 1, tensors[0], samples)
    assert_equal(with_gradients(function, *tensors), plain(function, *tensors), tolerance)


@pytest.mark.parametrize(
    ("space", "observables", "uploads"),
    [(QLSTM_SPACE, Z(), 1), (COMPLEX, Diagonal(2), 2), (COMPLEX, Hermitian(2), 2)],
    ids=["polynomial", "diagonals", "matrices"],
)
def test_sets_of_angles_and_candidates_apart(space, observables, uploads, plain):
    """Seeds that share samples, each candidate with angles and each output with weights."""
    r = [space.angles_per_qubit] if space.angles_per_qubit > 1 else []
    inputs = numbers(1, 1, 5, uploads, 3)
    angles = numbers(2, 2, 1, len(space), 2, 3, *r)
    weights = numbers(3, 2, 1, 2, len(space))
    shape = observables.numbers(3, 2)
    coefficients = [] if shape is None else [numbers(4, 2, 1, *shape)]

    def function(inputs, angles, weights, coefficients=None):
        return observed(
            space,
            inputs,
            angles,
            observables,
            outputs=2,
            weights=weights,
            coefficients=coefficients,
            uploads=uploads,
            separate=True,
        )

    tensors = [inputs, angles, weights, *coefficients]
    assert_equal(with_gradients(function, *tensors), plain(function, *tensors), 1e-12)

    def apart(inputs, angles, coefficients=None):
        return function(inputs, angles, None, coefficients)

    tensors = [inputs, angles, *coefficients]
    assert_equal(with_gradients(apart, *tensors), plain(apart, *tensors), 1e-12)


@pytest.mark.parametrize("observables", [Diagonal(2), Hermitian(2)], ids=repr)
def test_results_do_not_depend_on_the_number_of_threads(observables, monkeypatch):
    function, tensors = problem(COMPLEX, 5, 2, 1, observables, 3, 61, torch.float32)
    monkeypatch.setattr(compiled, "MIN_WORK_PER_THREAD", 1)
    found = []
    for threads in (1, 2, 3, 4):
        with using_cores(threads):
            found.append(with_gradients(function, *tensors))
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("form", ["polynomials", "coefficients"])
def test_sets_of_angles_are_shared_and_nothing_changes(form, monkeypatch):
    monkeypatch.setattr(pauli_plan, "MIN_WORK_PER_THREAD", 1)
    sets, n = 5, 3
    inputs, angles = numbers(1, sets, 11, 1, n), numbers(2, sets, 2, n)
    weights = numbers(3, sets, 1, len(QLSTM_SPACE))

    def function(inputs, angles, weights):
        if form == "polynomials":
            lead = angles.unsqueeze(1), weights.unsqueeze(1)
            return observed(QLSTM_SPACE, inputs, lead[0], Z(), outputs=2, weights=lead[1])
        each = expectations(QLSTM_SPACE, inputs.squeeze(2), angles.unsqueeze(1), 2)
        return (weights.unsqueeze(-1) * each).sum(-2)

    calls = []
    monkeypatch.setattr(cores, "together", counting(cores.together, calls))
    found = []
    for threads in (1, 2, 3, 4):
        with using_cores(threads):
            found.append(with_gradients(function, inputs, angles, weights))
    assert len(calls) >= 6  # forward and backward of the last three
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert torch.equal(one, other)


def counting(function, calls):
    def call(work, threads):
        calls.append(threads)
        function(work, threads)

    return call


def test_an_error_in_a_share_is_raised_when_all_are_done():
    done = []

    def part(first, last):
        if first == 0:
            raise MemoryError("one")
        done.append(last - first)

    for _ in range(3):
        with pytest.raises(MemoryError, match="one"):
            cores.shared(part, 7, 3)
        assert sum(done) == 7 - 2
        done.clear()


def test_final_states_that_are_too_many_are_computed_again(monkeypatch):
    function, tensors = problem(REAL, 4, 3, 1, Diagonal(2), 3, 9)
    expected = with_gradients(function, *tensors)
    monkeypatch.setattr(compiled, "MAX_KEPT", 0)
    assert_equal(with_gradients(function, *tensors), expected, 1e-14)


@pytest.mark.parametrize(
    ("space", "observables"), [(QLSTM_SPACE, Z()), (COMPLEX, Diagonal(2))], ids=["Z", "Diagonal"]
)
def test_mapped_calls_are_single_ones(space, observables):
    """Over models, and over cotangents of one of them."""
    function, tensors = problem(space, 3, 2, 1, observables, 2, 5)
    inputs, *rest = [tensor.detach() for tensor in tensors]
    models = [torch.stack([tensor, 0.5 * tensor, -tensor]) for tensor in rest]

    def loss(*tensors):
        return function(*tensors).square().sum()

    over = (None, *[0 for _ in rest])
    each = torch.func.grad(loss, tuple(range(len(tensors))))
    mapped = torch.func.vmap(each, over)(inputs, *models)
    for index in range(3):
        expected = each(inputs, *[model[index] for model in models])
        for one, other in zip(mapped, expected, strict=True):
            torch.testing.assert_close(one[index], other)
    found, pull_back = torch.func.vjp(function, inputs, *rest)
    cotangents = torch.eye(found.numel(), dtype=found.dtype).reshape(-1, *found.shape)
    rows = torch.func.vmap(pull_back)(cotangents)
    for index, cotangent in enumerate(cotangents[:3]):
        for row, one in zip(rows, pull_back(cotangent), strict=True):
            torch.testing.assert_close(row[index], one)


def test_outputs_have_no_second_derivative():
    for observables in (Z(), Diagonal(1)):
        function, tensors = problem(REAL, 2, 1, 1, observables, 1, 2)
        (slope,) = torch.autograd.grad(function(*tensors).sum(), tensors[1], create_graph=True)
        with pytest.raises(NotImplementedError, match="only once"):
            slope.sum().backward()


def test_inputs_without_gradient():
    function, tensors = problem(COMPLEX, 3, 2, 2, Diagonal(1), 2, 4)
    inputs, *rest = tensors
    wanted = torch.autograd.grad(function(*tensors).sum(), tensors)
    found = torch.autograd.grad(function(inputs.detach(), *rest).sum(), rest)
    for one, other in zip(found, wanted[1:], strict=True):
        assert torch.equal(one, other)
