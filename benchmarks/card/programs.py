"""Whole searches by the command line, the host beside the card; wall seconds, start included."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .work import Job, attempted

ALONE = ["--no-baselines"]
"""Nothing is trained beside the search; a quantum LSTM and agents have nothing beside them."""


class Search(NamedTuple):
    """A search and how long it goes on."""

    words: Sequence[str]
    unit: str
    length: int


SEARCHES = {
    "series": Search(["bessel", *ALONE], "epochs", 100),
    "series by Adam": Search(["bessel", "--optimizer", "adam", *ALONE], "epochs", 100),
    "ten seeds": Search(["bessel", "--seeds", "10", *ALONE], "epochs", 20),
    "qlstm": Search(["bessel", "--model", "qlstm"], "epochs", 10),
    "images": Search(["digits", *ALONE], "epochs", 5),
    "a2c": Search(["cartpole"], "episodes", 200),
}


def run(job: Job) -> None:
    """Each search on the host, then on the card."""
    devices = ["cpu"] if job.device == "cpu" else ["cpu", job.device]
    for name in list(SEARCHES)[:1] if job.quick else SEARCHES:
        for device in devices:
            attempted({"search": name, "device": device}, seconds, job, SEARCHES[name], device)


def seconds(job: Job, search: Search, device: str) -> dict[str, object]:
    """How long one search takes."""
    length = 1 if job.quick else search.length
    with tempfile.TemporaryDirectory() as folder:
        words = [*search.words, f"--{search.unit}", str(length), "--device", device]
        words += ["--output", str(Path(folder) / "run")]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "diffqas", "search", *words],
            capture_output=True,
            text=True,
            timeout=60,
        )
        wall = time.perf_counter() - start
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        return {"error": lines[-1][:300]}
    return {"seconds": round(wall, 2), search.unit: length}
