"""Everything that is to be known of a card, in one run of less than six minutes.

    python benchmarks/gpu.py                          # the first card
    python benchmarks/gpu.py --device cpu --quick     # a rehearsal without one

Correctness of every form in float64 and float32; training steps at all sizes with 1, 10 and 100
seeds, launched kernel by kernel and recorded as one; the cell of a quantum LSTM; a searched layer;
whole searches beside those of the host; JAX on the card and on the host. Each section is a process
of its own under its own limit of time, and its results are written as they come: one that fails
costs no other. Needs torch and this repository; what else is missing (triton, jax, packages of the
command line) is said.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

SECTIONS: dict[str, tuple[str, str, int]] = {
    "correct": ("correct", "run", 75),
    "steps": ("steps", "run", 110),
    "cell": ("steps", "run_cell", 40),
    "jax on the device": ("jax_mixture", "run", 60),
    "layers": ("layers", "run", 45),
    "launches": ("launches", "run", 40),
    "searches": ("programs", "run", 150),
    "host": ("steps", "run", 45),
    "jax on the host": ("jax_mixture", "run", 40),
}
"""Module, function and seconds at most, the most important first."""

ON_THE_HOST = ("host", "jax on the host")
ALL_SECONDS = 345


def main() -> None:
    """Run the sections, or one of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--device", default="cuda")
    options.add_argument("--quick", action="store_true", help="a rehearsal at tiny sizes")
    options.add_argument("--output", type=Path, default=ROOT / "build" / "gpu.json")
    options.add_argument("--only", choices=SECTIONS, nargs="*", help="some sections")
    options.add_argument("--section", choices=SECTIONS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.section is not None:
        section(given.section, given.device, given.quick)
        return
    coordinate(given.device, given.quick, given.output, given.only or list(SECTIONS))


def section(name: str, device: str, quick: bool) -> None:
    """The work of one section, in this process."""
    sys.path.insert(0, str(HERE))
    from card.work import Job

    module, function, _ = SECTIONS[name]
    where = "cpu" if name in ON_THE_HOST else device
    getattr(import_module(f"card.{module}"), function)(Job(where, quick))


def coordinate(device: str, quick: bool, output: Path, names: list[str]) -> None:
    """One process per section; the file is written anew after every line."""
    begin = time.monotonic()
    # A rehearsal is to come to its end, however slow the machine is.
    patience = 20 if quick else 1
    report: dict[str, object] = {"machine": machine(device), "quick": quick, "sections": {}}
    sections: dict[str, dict[str, object]] = {}
    report["sections"] = sections
    for name in names:
        left = patience * ALL_SECONDS - (time.monotonic() - begin)
        limit = min(patience * SECTIONS[name][2], left)
        results: list[object] = []
        sections[name] = {"results": results}
        write(output, report)
        if limit < 5:
            sections[name]["ended"] = "no time was left"
            continue
        started = time.monotonic()

        def keep(result: object, results: list[object] = results, name: str = name) -> None:
            results.append(result)
            print(f"{name}: {json.dumps(result)}", flush=True)
            write(output, report)

        sections[name]["ended"] = process(name, device, quick, limit, keep)
        sections[name]["seconds"] = round(time.monotonic() - started, 1)
        write(output, report)
        print(f"{name}: {sections[name]['ended']}, {sections[name]['seconds']} s", flush=True)
    print(f"{output}: {time.monotonic() - begin:.0f} s in all")


def process(name: str, device: str, quick: bool, limit: float, keep) -> str:
    """Run a section, hand on its lines as they come; gives how it ended."""
    words = [sys.executable, str(Path(__file__).resolve()), "--section", name, "--device", device]
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [*words, "--quick"] if quick else words,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        ) as child,
    ):
        # A line may never come: the limit is kept by killing the process, whose pipe then ends.
        late = threading.Event()
        clock = threading.Timer(limit, lambda: (late.set(), child.kill()))
        clock.start()
        assert child.stdout is not None
        for line in child.stdout:
            try:
                keep(json.loads(line))
            except json.JSONDecodeError:
                errors.write(line)
        code = child.wait()
        clock.cancel()
        if late.is_set():
            return f"stopped after {limit:.0f} s"
        if code == 0:
            return "finished"
        errors.seek(0)
        last = [line.strip() for line in errors if line.strip()] or ["no word"]
        return f"failed: {last[-1][:300]}"


def machine(device: str) -> dict[str, object]:
    """Card, processor and versions, as far as they can be had."""
    found: dict[str, object] = {"device": device, "cores": os.cpu_count(), "date": time.ctime()}
    for name in ("torch", "triton", "jax", "numba", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    probe = "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    asked = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    found["card"] = asked.stdout.strip() or None
    return found


def write(output: Path, report: dict[str, object]) -> None:
    """The file whole or as it was."""
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(".part")
    part.write_text(json.dumps(report, indent=1) + "\n")
    part.replace(output)


if __name__ == "__main__":
    main()
