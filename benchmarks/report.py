"""The shared part of the benchmarks: machine, versions, date and command; the engines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from diffqas.simulator import compiled


def cpu_model() -> str:
    """Name of the processor as the system reports it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def describe(argv: list[str]) -> dict:
    """Date, command and machine of this run; the script is named without its folder."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python", f"benchmarks/{Path(argv[0]).name}", *argv[1:]]),
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.machine()}",
            "load": os.getloadavg()[0],
        },
        "python": platform.python_version(),
    }


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON, making the folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def engines() -> Iterator[str]:
    """Plain torch, then the compiled kernels where they are installed; each is in force until the
    next.
    """
    for engine in ("torch", "compiled"):
        os.environ["DIFFQAS_COMPILED"] = "1" if engine == "compiled" else "0"
        if engine == "compiled" and not compiled.available():
            print("compiled: numba is not installed")
            continue
        yield engine
