"""How the functions that Python calls are compiled and kept on disk."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from diffqas.simulator.compiled.layers import jit

PATIENCE = 2.0
"""Seconds of compiling without a word."""


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
        compiled = jit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        compiled = jit(nogil=True)(function)
    compiled.compile = _told(compiled.compile)
    return compiled


def _told(compile_for: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with a line for who waits for it."""

    def compile_and_tell(signature: Any) -> Any:
        timer = threading.Timer(PATIENCE, _say)
        timer.daemon = True
        timer.start()
        try:
            return compile_for(signature)
        finally:
            timer.cancel()

    return compile_and_tell


@cache
def _say() -> None:
    """Say it, the first time."""
    # Somebody waits at a terminal or a notebook; logs of batch jobs have no use for it.
    if sys.stderr.isatty() or "ipykernel" in sys.modules:
        line = "Circuits of this kind are compiled, once on this machine: some ten seconds."
        print(line, file=sys.stderr)
