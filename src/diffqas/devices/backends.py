"""Backends of Qiskit by name: a generic one, and fake ones that imitate IBM's devices."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, TypeAlias

from diffqas.errors import ArgumentError, DataError, require

Backend: TypeAlias = Any
"""A backend of Qiskit: a fake one, or a real device that the user has opened."""

GENERIC = "generic"
"""Qiskit's `GenericBackendV2` for as many qubits as are needed, with errors of usual sizes."""
BACKEND_SEED = 42

NO_QISKIT = "Qiskit is not installed: run `pip install 'diffqas[interop]'`."


def open_backend(name: str, n: int) -> Backend:
    """Open a backend by its name.

    Args:
        name: `GENERIC`, or a fake backend of qiskit-ibm-runtime such as `"fake_torino"`.
        n: the number of qubits that it must have at least.

    Raises:
        ArgumentError: the backend is unknown or has fewer qubits.
        DataError: a package is not installed.
    """
    if name == GENERIC:
        return _generic(max(2, n))
    known = _fakes(name)
    near = [other for other in known if other.startswith(name[:8])] or sorted(known)[:8]
    if name not in known:
        rule = f"be {GENERIC} or a fake backend such as {', '.join(near)}"
        raise ArgumentError(f"Argument `backend` must {rule}, but got {name!r}.")
    size = known[name].num_qubits
    require(size >= n, "backend", f"have at least {n} qubits", f"{name} with {size}")
    return known[name]


@cache
def _generic(n: int) -> Backend:
    try:
        from qiskit.providers.fake_provider import GenericBackendV2
    except ImportError:
        raise DataError(NO_QISKIT) from None
    return GenericBackendV2(n, seed=BACKEND_SEED)


def _fakes(name: str) -> dict[str, Backend]:
    """All fake backends by their names; `name` is the one that is looked for."""
    try:
        import qiskit_ibm_runtime.fake_provider as fakes  # pyright: ignore[reportMissingImports]
    except ImportError:
        remedy = f"run `pip install 'diffqas[ibm]'`, or take {GENERIC}"
        raise DataError(
            f"The backend {name!r} needs qiskit-ibm-runtime, which is not installed: {remedy}."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other backends than the one that is asked for
        backends = fakes.FakeProviderForBackendV2().backends()
        return {str(backend.name): backend for backend in backends}
