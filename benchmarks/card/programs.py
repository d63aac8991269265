"""Whole searches by the command line, the host beside the card; wall seconds, start included."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .work import Job, attempted, emit

SEARCHES = {
    "series": ["search", "bessel"],
    "series by Adam": ["search", "bessel", "--optimizer", "adam"],
    "ten seeds": ["search", "bessel", "--seeds", "10"],
    "qlstm": ["search", "bessel", "--model", "qlstm"],
    "images": ["search", "digits"],
    "a2c": ["search", "cartpole"],
}
EPOCHS = {"series": 100, "series by Adam": 100, "ten seeds": 20, "qlstm": 10, "images": 5, "a2c": 3}


def run(job: Job) -> None:
    """Each search on the host, then on the card."""
    devices = ["cpu"] if job.device == "cpu" else ["cpu", job.device]
    chosen = list(SEARCHES)[:1] if job.quick else list(SEARCHES)
    for name in chosen:
        for device in devices:
            attempted({"search": name, "device": device}, seconds, job, name, device)
    emit(note="100 epochs of the series; fewer of the others, as EPOCHS says")


def seconds(job: Job, name: str, device: str) -> dict[str, object]:
    """How long one search takes."""
    epochs = 1 if job.quick else EPOCHS[name]
    with tempfile.TemporaryDirectory() as folder:
        words = [*SEARCHES[name], "--epochs", str(epochs), "--device", device]
        words += ["--no-baselines", "--output", str(Path(folder) / "run")]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "diffqas", *words],
            capture_output=True,
            text=True,
            timeout=60,
        )
        wall = time.perf_counter() - start
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no word"]
        return {"error": lines[-1][:300]}
    return {"seconds": round(wall, 2), "epochs": epochs}
