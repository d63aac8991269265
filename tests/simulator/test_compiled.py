"""The compiled kernel gives what plain torch and the dense oracle give, and can be turned off."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.simulator import (
    compiled,
    dense_probabilities,
    mixture,
    probabilities,
    using_cores,
)

pytest.importorskip("numba", reason="the compiled kernel needs numba")

PAIRS = ((0, 2), (2, 1), (1, 0))
CUSTOM = SearchSpace(
    [
        Candidate(entangler=PAIRS, rotation="ry"),
        Candidate(hadamard=True, entangler=PAIRS, rotation="ry"),
        Candidate(entangler=PAIRS, rotation="rx"),
        Candidate(entangler="none", rotation="ry"),
    ]
)
SUMMED = SearchSpace(
    [Candidate(rotation=("ry", "ry")), Candidate(rotation=("rx", "rx")), Candidate(rotation="ry")]
)
MIXED = SearchSpace(
    [
        Candidate(rotation=("rz", "ry", "rz")),
        Candidate(rotation="ry"),
        Candidate(hadamard=True, rotation=("rx", "rz")),
        Candidate(rotation="rx"),
        Candidate(rotation="rz"),
    ]
)
SPACES = {"table": TABLE_I, "custom": CUSTOM, "summed": SUMMED, "mixed": MIXED}


@pytest.fixture
def plain(monkeypatch):
    """Turn the kernel off for one call: plain(function, ...) is what plain torch gives."""

    def call(function, *args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setenv("DIFFQAS_COMPILED", "0")
            assert not compiled.available()
            return function(*args, **kwargs)

    return call


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """On by default: overrides the folder's fixture of this name."""
    monkeypatch.delenv("DIFFQAS_COMPILED", raising=False)


def draw(space, *lead, depth=3, n=4, separate=False, dtype=torch.float64, scale=2.0):
    generator = torch.Generator().manual_seed(n + 31 * depth)
    shape = [*lead, *([len(space)] if separate else []), depth, n]
    if space.angles_per_qubit > 1:
        shape.append(space.angles_per_qubit)
    angles = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    weights = torch.randn(*lead, len(space), generator=generator, dtype=torch.float64)
    return angles.to(dtype).requires_grad_(), weights.to(dtype).requires_grad_()


def loss(p):
    """Some function whose gradient is different everywhere."""
    return (p * torch.linspace(-1, 2, p.shape[-1], dtype=p.dtype) + p.square()).sum()


def mixture_and_gradients(space, angles, weights, **kwargs):
    p = mixture(space, angles, weights, **kwargs)
    return p, *torch.autograd.grad(loss(p), (angles, weights), materialize_grads=True)


def probabilities_and_gradients(space, angles, **kwargs):
    p = probabilities(space, angles, **kwargs)
    return p, *torch.autograd.grad(loss(p), angles, materialize_grads=True)


def close(got, expected, value=1e-10, gradient=1e-8):
    torch.testing.assert_close(got[0], expected[0], atol=value, rtol=value)
    torch.testing.assert_close(got[1:], expected[1:], atol=gradient, rtol=gradient)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 11, 13])
def test_mixture_is_that_of_plain_torch(plain, n):
    inputs = draw(TABLE_I, n=n)
    close(mixture_and_gradients(TABLE_I, *inputs), plain(mixture_and_gradients, TABLE_I, *inputs))


@pytest.mark.parametrize("separate", [False, True], ids=["shared", "separate"])
@pytest.mark.parametrize("name", SPACES)
def test_all_spaces_batched(plain, name, separate):
    space = SPACES[name]
    angles, weights = draw(space, 2, 3, separate=separate)
    inputs = space, angles, weights
    close(
        mixture_and_gradients(*inputs, separate=separate),
        plain(mixture_and_gradients, *inputs, separate=separate),
    )
    close(
        probabilities_and_gradients(*inputs[:2], separate=separate),
        plain(probabilities_and_gradients, *inputs[:2], separate=separate),
    )


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("n", [3, 5])
def test_probabilities_are_those_of_the_oracle(name, n):
    angles, _ = draw(SPACES[name], n=n)
    expected = dense_probabilities(SPACES[name], angles.detach())
    torch.testing.assert_close(
        probabilities(SPACES[name], angles.detach()), expected, atol=1e-12, rtol=1e-10
    )


def test_gradients_are_those_of_the_oracle():
    angles, weights = draw(TABLE_I, depth=2, n=3)
    _, to_angles, to_weights = mixture_and_gradients(TABLE_I, angles, weights)
    p = (weights.unsqueeze(-1) * dense_probabilities(TABLE_I, angles)).sum(-2)
    expected = torch.autograd.grad(loss(p), (angles, weights), materialize_grads=True)
    torch.testing.assert_close((to_angles, to_weights), expected, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("index", range(len(TABLE_I)))
def test_one_candidate_alone(plain, index):
    space = SearchSpace([TABLE_I[index]])
    inputs = draw(space, n=5)
    close(mixture_and_gradients(space, *inputs), plain(mixture_and_gradients, space, *inputs))


def test_depth_150(plain):
    inputs = draw(TABLE_I, depth=150, n=6)
    close(mixture_and_gradients(TABLE_I, *inputs), plain(mixture_and_gradients, TABLE_I, *inputs))


@pytest.mark.parametrize(("depth", "n"), [(10, 11), (150, 8)])
def test_float32_is_close_to_float64(depth, n):
    angles, weights = draw(TABLE_I, depth=depth, n=n, dtype=torch.float32)
    got = mixture_and_gradients(TABLE_I, angles, weights)
    wide = [x.detach().double().requires_grad_() for x in (angles, weights)]
    for mine, reference in zip(got, mixture_and_gradients(TABLE_I, *wide), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - reference).norm() < 2e-5 * reference.norm()


def test_nan_stays_in_its_batch_entry():
    angles, weights = draw(TABLE_I, 3, n=5)
    clean = mixture_and_gradients(TABLE_I, angles, weights)
    with torch.no_grad():
        angles[1, 0, 0] = torch.nan
    p, to_angles, to_weights = mixture_and_gradients(TABLE_I, angles, weights)
    assert p[1].isnan().all()
    assert to_angles[1].isnan().all()
    assert to_weights[1].isnan().any()
    for got, expected in zip((p, to_angles, to_weights), clean, strict=True):
        torch.testing.assert_close(got[[0, 2]], expected[[0, 2]], atol=0, rtol=0)


def test_each_batch_entry_is_bit_equal_to_itself_alone():
    angles, weights = draw(TABLE_I, 3, n=12, dtype=torch.float32)
    together = mixture_and_gradients(TABLE_I, angles, weights)
    alone = mixture_and_gradients(
        TABLE_I, *(x[1].detach().requires_grad_() for x in (angles, weights))
    )
    for many, one in zip(together, alone, strict=True):
        torch.testing.assert_close(many[1], one, atol=0, rtol=0)


def test_threads_share_the_batch_and_change_nothing(monkeypatch):
    from diffqas.simulator.compiled import function

    angles, weights = draw(TABLE_I, 5, n=6, dtype=torch.float32)
    results = []
    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)
    for count in (1, 3):
        with using_cores(count):
            results.append(mixture_and_gradients(TABLE_I, angles, weights))
    torch.testing.assert_close(*results, atol=0, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [6, 12, 14, 17])
def test_threads_share_one_circuit_and_change_nothing(monkeypatch, n, dtype):
    # Pieces alone, one region, regions that threads share, and more than one part of the cache.
    from diffqas.simulator.compiled import function

    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)
    angles, weights = draw(TABLE_I, depth=2, n=n, dtype=dtype)
    results = []
    for count in (1, 2, 3, 4):
        with using_cores(count):
            results.append(mixture_and_gradients(TABLE_I, angles, weights))
            results.append(mixture_and_gradients(TABLE_I, angles, weights))
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], atol=0, rtol=0)


@pytest.mark.parametrize("n", [14, 15, 16])
def test_states_of_several_regions_are_those_of_plain_torch(plain, n):
    inputs = draw(TABLE_I, depth=2, n=n)
    close(mixture_and_gradients(TABLE_I, *inputs), plain(mixture_and_gradients, TABLE_I, *inputs))


def test_calls_from_several_threads_at_once(monkeypatch):
    from diffqas.simulator.compiled import function

    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)
    inputs = [draw(TABLE_I, depth=depth, n=7) for depth in (1, 2, 3, 4)]
    expected = [mixture_and_gradients(TABLE_I, *each) for each in inputs]
    with using_cores(2), ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = pool.map(lambda each: mixture_and_gradients(TABLE_I, *each), inputs)
            torch.testing.assert_close(list(found), expected, atol=0, rtol=0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    from diffqas.simulator.compiled import function

    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)
    angles, weights = (x.detach() for x in draw(TABLE_I, n=6))
    with using_cores(2):
        expected = mixture(TABLE_I, angles, weights)
        child = os.fork()
        if child == 0:
            same = torch.equal(mixture(TABLE_I, angles, weights), expected)
            os._exit(0 if same else 1)
        assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_threads_share_cotangents_and_change_nothing(monkeypatch, dtype):
    from diffqas.simulator.compiled import function

    angles, weights = draw(TABLE_I, 2, n=6, dtype=dtype)
    cotangents = torch.randn(12, 2, 64, generator=torch.Generator().manual_seed(1), dtype=dtype)
    p = mixture(TABLE_I, angles, weights)
    pullback = torch.func.vmap(
        lambda c: torch.autograd.grad(p, (angles, weights), c, retain_graph=True)
    )
    monkeypatch.setattr(function, "MIN_WORK_PER_THREAD", 1)
    results = []
    for count, groups in ((1, 1), (5, 3), (100, 12)):
        with using_cores(count):
            assert function.groups_of(2, 12, 64) == groups
            results.append(pullback(cotangents))
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], atol=0, rtol=0)


def test_many_cotangents_of_large_states(plain):
    # More qubits than a piece has bits; the entangler's blocks then come from everywhere.
    angles, weights = draw(TABLE_I, depth=2, n=13)
    cotangents = torch.randn(
        3, 2**13, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )

    def pullbacks():
        p = mixture(TABLE_I, angles, weights)
        return torch.func.vmap(
            lambda c: torch.autograd.grad(p, (angles, weights), c, retain_graph=True)
        )(cotangents)

    torch.testing.assert_close(pullbacks(), plain(pullbacks), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("dims", list(product((0, None), repeat=4))[:-1])
@pytest.mark.parametrize("many", [False, True])
def test_gradients_with_any_arguments_mapped(many, dims):
    from diffqas.simulator.compiled.function import _gradients
    from diffqas.simulator.compiled.pullback import pulled_back

    generator = torch.Generator().manual_seed(1)
    shapes = ((2, 1, 3, 4, 1), (2, 12), (2, 8, 16), (2, 5, 16) if many else (2, 16))
    tensors = [
        torch.randn(*([] if dim is None else [3]), *shape, generator=generator, dtype=torch.float64)
        for shape, dim in zip(shapes, dims, strict=True)
    ]
    found = partial(pulled_back, _gradients, TABLE_I, many)
    got = torch.func.vmap(found, in_dims=dims)(*tensors)
    for i in range(3):
        given = [
            tensor if dim is None else tensor[i] for tensor, dim in zip(tensors, dims, strict=True)
        ]
        expected = found(*given)
        torch.testing.assert_close(
            [each[i] for each in got], list(expected), atol=1e-10, rtol=1e-10
        )


def test_a_second_derivative_is_refused():
    angles, weights = draw(TABLE_I, n=4)
    (gradient,) = torch.autograd.grad(
        loss(mixture(TABLE_I, angles, weights)), angles, create_graph=True
    )
    with pytest.raises(NotImplementedError, match="once"):
        gradient.sum().backward()


def test_gradient_of_probabilities_by_finite_differences():
    angles, _ = draw(TABLE_I, 2, depth=2, n=3)
    assert torch.autograd.gradcheck(lambda x: probabilities(TABLE_I, x), (angles,))


def test_inputs_that_need_no_gradient_or_are_not_contiguous(plain):
    angles, weights = (x.detach() for x in draw(TABLE_I, 2, n=5))
    turned = angles.transpose(0, 1).contiguous().transpose(0, 1)
    expected = plain(mixture, TABLE_I, angles, weights)
    torch.testing.assert_close(mixture(TABLE_I, turned, weights), expected)
    weights.requires_grad_()
    (gradient,) = torch.autograd.grad(mixture(TABLE_I, turned, weights)[..., ::2].sum(), weights)
    (reference,) = torch.autograd.grad(
        plain(mixture, TABLE_I, angles, weights)[..., ::2].sum(), weights
    )
    torch.testing.assert_close(gradient, reference)


def test_transforms_of_torch_func(plain):
    angles, weights = (x.detach() for x in draw(TABLE_I, n=5))
    gradient = torch.func.grad(lambda a, w: loss(mixture(TABLE_I, a, w)), argnums=(0, 1))
    torch.testing.assert_close(gradient(angles, weights), plain(gradient, angles, weights))


def test_members_are_the_forms_without_complex_amplitudes(monkeypatch):
    angles = torch.zeros(1, 1, 2, 3, 3)
    assert compiled.members(MIXED, angles) == [1, 3, 4]
    assert compiled.members(MIXED, angles[..., :2, :]) == []
    assert compiled.members(MIXED, angles.to("meta")) == []
    monkeypatch.setenv("DIFFQAS_COMPILED", "0")
    assert compiled.members(MIXED, angles) == []


def test_without_numba_plain_torch_is_used(monkeypatch):
    monkeypatch.setattr(compiled, "_installed", lambda: False)
    assert not compiled.available()
    assert mixture(TABLE_I, torch.zeros(1, 4), torch.ones(12)).sum().item() == pytest.approx(12)


def test_numba_is_imported_on_first_use_only():
    code = (
        "import sys, torch, diffqas; from diffqas.simulator import mixture;"
        "assert 'numba' not in sys.modules;"
        "mixture(diffqas.TABLE_I, torch.zeros(1, 2), torch.ones(12));"
        "assert 'numba' not in sys.modules;"
        "mixture(diffqas.TABLE_I, torch.zeros(1, 3), torch.ones(12));"
        "assert 'numba' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_works_without_a_writable_cache_folder():
    from diffqas.simulator.compiled.entry import entry

    namespace: dict[str, object] = {}
    exec(
        "def double(x):\n    return 2 * x", namespace
    )  # a function with no file: numba can't cache it
    assert entry(namespace["double"])(2.0) == 4.0
