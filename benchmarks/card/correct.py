"""Every form on the device against the CPU in float64: values and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from diffqas import QLSTM_SPACE, TABLE_I
from diffqas.circuits import Candidate, Diagonal, Hermitian, PauliStrings, SearchSpace, Z
from diffqas.simulator import heisenberg, layered_probabilities, mixture, observed, probabilities

from .work import Job, attempted, engine

Form = tuple[Callable[..., Tensor], list[Tensor]]

SEVERAL = SearchSpace([Candidate(rotation=("rz", "ry")), Candidate(True, "ring", "rx")])


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(7))


def forms(job: Job) -> dict[str, Form]:
    """By name a function and what it is derived by, in float64 on the CPU."""
    found: dict[str, Form] = {}
    for n, depth in ((3, 2),) if job.quick else ((4, 3), (11, 10), (13, 10), (17, 3)):
        found[f"mixture {n} {depth}"] = (
            lambda a, w: mixture(TABLE_I, a, w) * a.shape[-1] ** 2,
            [_random(depth, n), _random(12)],
        )
    n, depth = (3, 2) if job.quick else (6, 5)
    found["probabilities"] = (lambda a: probabilities(TABLE_I, a), [_random(depth, n)])
    found["separate angles"] = (
        lambda a: probabilities(TABLE_I, a, separate=True),
        [_random(12, depth, n)],
    )
    found["several rotations"] = (lambda a: probabilities(SEVERAL, a), [_random(depth, n, 2)])
    choice = torch.arange(depth).remainder(12)[None]
    found["layer by layer"] = (
        lambda a, w: layered_probabilities(TABLE_I, a, choice.to(a.device), w),
        [_random(1, depth, n, 1), _random(1, depth, 12)],
    )
    found["cell"] = (
        lambda a, w, x: heisenberg(QLSTM_SPACE, a, 2, weights=w, separate=True)(x),
        [_random(4, 36, depth, n), _random(4, 36), _random(4, n)],
    )
    kinds = {
        "z": Z(),
        "strings": PauliStrings(("Z" * n, "X" + "I" * (n - 2) + "X"), trained=True),
        "diagonal": Diagonal(2),
        "hermitian": Hermitian(2),
    }
    for name, kind in kinds.items():
        shape = kind.numbers(n, 2)
        numbers = [] if shape is None else [_random(*shape)]
        found[f"observed {name}"] = (
            lambda a, w, x, *c, kind=kind: observed(
                QLSTM_SPACE,
                x,
                a,
                kind,
                outputs=2,
                weights=w,
                coefficients=c[0] if c else None,
                uploads=2,
            ),
            [_random(4, n), _random(1, 36), _random(5, 2, n), *numbers],
        )
    return found


def values(form: Form, device: str, dtype: torch.dtype) -> list[Tensor]:
    """The result and the gradients, back on the CPU in float64."""
    compute, given = form
    own = [one.to(device, dtype).requires_grad_() for one in given]
    result = compute(*own)
    # A cotangent of no special direction, equal on all devices.
    above = _random(*result.shape).to(device, dtype)
    slopes = torch.autograd.grad(result, own, above, allow_unused=True, materialize_grads=True)
    return [one.detach().cpu().double() for one in (result, *slopes)]


def distances(found: Sequence[Tensor], expected: Sequence[Tensor]) -> dict[str, object]:
    """Largest relative distance, by norms, of values and of gradients."""
    each = [
        ((a - b).norm() / b.norm().clamp(min=1e-300)).item()
        for a, b in zip(found, expected, strict=True)
    ]
    return {"values": each[0], "gradients": max(each[1:])}


def compared(
    form: Form, expected: Sequence[Tensor], device: str, dtype: torch.dtype
) -> dict[str, object]:
    """How far the device is from the CPU."""
    return distances(values(form, device, dtype), expected)


def run(job: Job) -> None:
    """Two dtypes, kernels and plain torch."""
    for name, form in forms(job).items():
        engine("torch")
        expected = values(form, "cpu", torch.float64)
        for kind in job.engines:
            engine(kind)
            for dtype in (torch.float64, torch.float32):
                facts: dict[str, object] = {"form": name, "engine": kind, "dtype": str(dtype)[6:]}
                attempted(facts, compared, form, expected, job.device, dtype)
