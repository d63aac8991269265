"""How the functions that Python calls are compiled and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from diffqas.simulator.compiled.layers import jit


def entry(function: Callable[..., None]) -> Callable[..., None]:
    """Compile on first use and keep the machine code on disk, where there is a folder for it.

    Numba stores it under the function's name and looks for changes in the function's own file only:
    the name says which state of this folder, and of the function's own, the code belongs to.
    """
    folders = {Path(__file__).parent, Path(function.__code__.co_filename).parent}
    files = sorted(path for folder in folders for path in folder.glob("*.py"))
    sources = b"".join(path.read_bytes() for path in files)
    function.__qualname__ += f"_{sha256(sources).hexdigest()[:12]}"
    try:
        return jit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        return jit(nogil=True)(function)
