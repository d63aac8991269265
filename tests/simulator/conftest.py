"""Random search spaces with angles, and the check that every fast form must pass."""

import importlib.util
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from diffqas.circuits import CNOT_ENTANGLERS, ROTATIONS, Candidate, SearchSpace
from diffqas.simulator import dense_probabilities

FORMS = {
    "real": st.lists(st.just("ry"), min_size=1, max_size=2),
    "walsh": st.lists(st.just("rx"), min_size=1, max_size=2),
    "constant": st.just(["rz"]),
    "complex": st.sampled_from([["rz", "ry", "rz"], ["rx", "rz"], ["ry", "rx"]]),
    "mixed": st.lists(st.sampled_from(ROTATIONS), min_size=1, max_size=3),
}


class Problem(NamedTuple):
    """A space and float64 angles that require a gradient, shaped as `probabilities` takes them."""

    space: SearchSpace
    angles: Tensor
    separate: bool


def random(seed: int, *shape: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(
        shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


@st.composite
def candidates(draw, n: int, kind: str) -> Candidate:
    pairs = [(control, target) for control in range(n) for target in range(n) if control != target]
    listed = st.lists(st.sampled_from(pairs), max_size=6) if pairs else st.just([])
    hadamard = kind in ("constant", "complex", "real", "mixed") and draw(st.booleans())
    return Candidate(
        hadamard, draw(st.sampled_from(list(CNOT_ENTANGLERS)) | listed), tuple(draw(FORMS[kind]))
    )


@st.composite
def draw_problem(
    draw, kind: str = "mixed", n: tuple[int, int] = (1, 7), separate: bool | None = None
) -> Problem:
    """1-4 candidates of a kind on n[0]..n[1] qubits, depth 1-4, with 0-2 leading dimensions."""
    qubits = draw(st.integers(*n))
    space = SearchSpace(
        draw(st.lists(candidates(qubits, kind), min_size=1, max_size=4, unique=True))
    )
    lead = draw(st.sampled_from([(), (1,), (2,), (2, 1), (1, 3)]))
    own = draw(st.booleans()) if separate is None else separate
    r = space.angles_per_qubit
    shape = (
        *lead,
        *([len(space)] if own else []),
        draw(st.integers(1, 4)),
        qubits,
        *([r] if r > 1 else []),
    )
    angles = random(
        draw(st.integers(0, 2**20)), *shape, scale=draw(st.sampled_from([1.0, 0.0, 0.01, 20.0]))
    )
    return Problem(space, angles.requires_grad_(), own)


def by_one_candidate(problem: Problem, one: Callable[[Candidate, Tensor], Tensor]) -> Tensor:
    """Stack `one(candidate, angles (depth, n, r))` in the shape that `probabilities` promises."""
    space, angles, separate = problem
    core = (3 if space.angles_per_qubit > 1 else 2) + separate
    lead = angles.shape[: angles.dim() - core]
    flat = angles.reshape(
        -1,
        len(space) if separate else 1,
        *angles.shape[len(lead) + separate :][:2],
        space.angles_per_qubit,
    )
    rows = [one(c, entry[i if separate else 0]) for entry in flat for i, c in enumerate(space)]
    return torch.stack(rows).reshape(*lead, len(space), -1)


def assert_same_function(got: Tensor, expected: Tensor, *inputs: Tensor) -> None:
    """Values to 1e-10 and vector-Jacobian products with a random cotangent to 1e-8."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype == torch.float64
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    cotangent = random(7, *got.shape)
    for result, reference in zip(
        *(_products(output, inputs, cotangent) for output in (got, expected)), strict=True
    ):
        torch.testing.assert_close(result, reference, rtol=0, atol=1e-8)


def _products(output: Tensor, inputs: tuple[Tensor, ...], cotangent: Tensor) -> tuple[Tensor, ...]:
    if not output.requires_grad:  # constants only: no path to the inputs
        return tuple(torch.zeros_like(each) for each in inputs)
    return torch.autograd.grad(output, inputs, cotangent, allow_unused=True, materialize_grads=True)


@pytest.fixture(scope="session")
def problems():
    """Strategy: `problems(kind, n=(lowest, highest), separate=None)` draws (space, angles,
    separate).
    """
    return draw_problem


@pytest.fixture(scope="session")
def per_candidate():
    return by_one_candidate


@pytest.fixture(scope="session")
def dense():
    """The dense oracle in the shape that `probabilities` promises."""
    return lambda problem: by_one_candidate(
        problem, lambda c, angles: dense_probabilities([c], angles)[0]
    )


@pytest.fixture(scope="session")
def assert_same():
    return assert_same_function


@pytest.fixture(scope="session")
def normal():
    """`normal(seed, *shape, scale=1.0)`: float64 normal numbers from a seed."""
    return random


@pytest.fixture(scope="session")
def problem_of():
    """`problem_of(space, angles)`: a chosen problem with shared angles."""
    return lambda space, angles: Problem(space, angles.requires_grad_(), separate=False)


@pytest.fixture(scope="module", autouse=True, params=["torch", "compiled"])
def engine(request):
    """Run every test of this folder in plain torch and, where numba is installed, with the compiled
    kernel.
    """
    if request.param == "compiled" and importlib.util.find_spec("numba") is None:
        pytest.skip("the compiled kernel needs numba")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIFFQAS_COMPILED", "1" if request.param == "compiled" else "0")
        yield request.param
