"""Runs that are killed, checkpoints that are damaged, disks that are full: cases tried, and what
was lost.

    python benchmarks/reliability.py

A case is lost if the run crashes, or does not end bit by bit like one that was left alone: figures,
metrics and exported network. Tests call the functions below with fewer cases.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

from diffqas.errors import RunError
from diffqas.searches import resume, search, session
from diffqas.storage import RunFolder, files, read_json
from report import describe, write_json

RUN: dict[str, Any] = {"task": "bessel", "depth": 1, "epochs": 5, "seeds": 2, "quiet": True}
STOPPED = 3
"""Epoch of the last checkpoint where checkpoints are damaged."""
IMPORTED = [
    "diffqas.searches",
    "torch.utils.tensorboard",
    "matplotlib.font_manager",
    "diffqas.simulator.compiled.function",
]
PATIENCE = 300


@contextmanager
def eager() -> Iterator[None]:
    """A checkpoint after every epoch."""
    with (
        patch.object(session, "CHECKPOINT_SECONDS", 0.0),
        patch.object(session, "CHECKPOINT_SHARE", 0.0),
    ):
        yield


def work(folder: Path, compiled: bool = True) -> None:
    """Begin a run, or go on with it; made to be called in a process of its own."""
    os.environ["DIFFQAS_COMPILED"] = str(int(compiled))
    with eager():
        if (folder / "config.json").exists():
            resume(folder, quiet=True)
        else:
            search(**RUN, output=folder)


def without_seconds(result: Any) -> Any:
    """The same without any entry `seconds`, however deep: networks beside a run have theirs."""
    if isinstance(result, dict):
        kept = {key: value for key, value in result.items() if key != "seconds"}
        return {key: without_seconds(value) for key, value in kept.items()}
    if isinstance(result, list):
        return [without_seconds(entry) for entry in result]
    return result


def figures(folder: Path) -> tuple[dict[str, Any], bytes, list[dict[str, Any]]]:
    """Everything that a finished run says, but for the time that it took."""
    result = without_seconds(read_json(folder / "result.json"))
    return result, (folder / "model.safetensors").read_bytes(), RunFolder(folder).records()


def kills(count: int, place: Path, compiled: bool = True, seed: int = 0) -> dict[str, Any]:
    """SIGKILL at random moments, each run again until it ends, or is killed once more.

    Returns:
        `kills`, the `runs` (some end before they are hit), how many of those were `lost`, and the
        `moments` of the kills.
    """
    context = get_context(
        "forkserver"
    )  # a process that has imported everything, and forks what is to be killed
    context.set_forkserver_preload(IMPORTED)
    draw, done, runs, lost = random.Random(seed), 0, 0, 0
    stages: dict[str, int] = {}

    def start(folder: Path) -> Any:
        process = context.Process(target=work, args=(folder, compiled))
        process.start()
        return process

    def finish(folder: Path) -> bool:
        process = start(folder)
        process.join(PATIENCE)
        return process.exitcode == 0

    assert finish(place / "warm-up"), "the run fails without any fault"
    began = time.perf_counter()
    assert finish(place / "whole"), "the run fails without any fault"
    duration, wanted = time.perf_counter() - began, figures(place / "whole")
    while done < count:
        folder, hit = place / f"run-{runs}", 0
        while (
            done < count
            and not (folder / "result.json").exists()
            and (hit == 0 or draw.random() < 0.5)
        ):
            process = start(folder)
            process.join(draw.uniform(0, duration))
            if process.exitcode is None:
                process.kill()
                done, hit, where = done + 1, hit + 1, _stage(folder)
                stages[where] = stages.get(where, 0) + 1
            process.join()
        ended = (folder / "result.json").exists() or finish(folder)
        lost += not (ended and figures(folder) == wanted)
        runs += 1
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "kills": done,
        "runs": runs,
        "lost": lost,
        "seconds_of_a_run": round(duration, 1),
        "moments": dict(sorted(stages.items())),
    }


def _stage(folder: Path) -> str:
    """How far a run had come when it was killed."""
    run = RunFolder(folder)
    if not run.started:
        return "before config.json"
    if not run.checkpoint.exists():
        return "before the first checkpoint"
    last = len(run.records()) == RUN["epochs"]
    return "after the last epoch" if last else "between checkpoints"


def stopped(folder: Path, epoch: int) -> None:
    """A run with a checkpoint of `epoch` and the one before, stopped in the next epoch."""
    append = RunFolder.append

    def stop(self: RunFolder, record: dict[str, Any]) -> None:
        append(self, record)
        if record["epoch"] > epoch:
            raise RunError("stopped")

    with eager(), patch.object(RunFolder, "append", stop), suppress(RunError):
        search(**RUN, output=folder)


def damaged(content: bytes, draw: random.Random) -> tuple[str, bytes]:
    """The bytes of a file after something happened to them, and what."""
    kind = draw.choice(
        ["cut off", "bytes changed", "one bit changed", "a block of zeros", "bytes added"]
    )
    spoilt = bytearray(content)
    if kind == "cut off":
        return kind, content[: draw.randrange(len(content))]
    if kind == "bytes added":
        return kind, content + draw.randbytes(draw.randint(1, 4096))
    if kind == "one bit changed":
        spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
    elif kind == "bytes changed":
        for _ in range(draw.randint(1, 8)):
            spoilt[draw.randrange(len(spoilt))] ^= draw.randint(1, 255)
    else:
        at = draw.randrange(len(spoilt))
        spoilt[at : at + 512] = bytes(len(spoilt[at : at + 512]))
        spoilt[-1] ^= 1  # a block that was zero before would be no damage
    return kind, bytes(spoilt)


def damages(count: int, place: Path, every: int = 10, seed: int = 0) -> dict[str, Any]:
    """Checkpoints damaged at random bytes: noticed, the one before taken; every so many runs go on
    to their end.

    Returns:
        `checkpoints` damaged, of which `noticed`; runs `continued` from the one before, and how
        many of these were `lost`; `both` damaged, and how many of these were `refused` in one line.
    """
    draw, whole, template = random.Random(seed), place / "whole", place / "stopped"
    with eager():
        search(**RUN, output=whole)
    stopped(template, STOPPED)
    wanted = figures(whole)
    found = {"checkpoints": 0, "noticed": 0, "continued": 0, "lost": 0, "both": 0, "refused": 0}
    for case in range(count):
        folder = RunFolder(place / "case")
        shutil.copytree(template, folder.path)
        folder.checkpoint.write_bytes(damaged(folder.checkpoint.read_bytes(), draw)[1])
        said: list[str] = []
        state = folder.load_checkpoint(said.append)
        found["checkpoints"] += 1
        found["noticed"] += state is not None and state["epoch"] == STOPPED - 1 and len(said) == 1
        if case % every == 0:
            with eager():
                resume(folder.path, quiet=True)
            found["continued"] += 1
            found["lost"] += figures(folder.path) != wanted
        elif case % every == 1:
            folder.previous.write_bytes(damaged(folder.previous.read_bytes(), draw)[1])
            found["both"] += 1
            try:
                resume(folder.path, quiet=True)
            except RunError as error:
                found["refused"] += "both are damaged" in str(error) and "\n" not in str(error)
        shutil.rmtree(folder.path)
    return found


def full_disks(count: int, place: Path, seed: int = 0) -> dict[str, Any]:
    """A disk that is full at a random write of a run: told in one line, and continued once there is
    room.

    Returns:
        `cases`, those `told` in one line, and how many ended otherwise than a run that was left
        alone (`lost`).
    """
    draw, whole = random.Random(seed), place / "whole"
    writes = 0

    def counted(descriptor: int) -> None:
        nonlocal writes
        writes += 1

    with eager(), _sync(counted):
        search(**RUN, output=whole)
    wanted, every = figures(whole), writes
    told = lost = 0
    for _ in range(count):
        folder, left = (
            place / "case",
            draw.randrange(1, every),
        )  # the first write is config.json: then there is no run

        def full(descriptor: int) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with eager():
            try:
                with _sync(full):
                    search(**RUN, output=folder)
            except RunError as error:
                told += "No space left on device" in str(error) and "\n" not in str(error)
            resume(folder, quiet=True)
        lost += figures(folder) != wanted
        shutil.rmtree(folder)
    return {"cases": count, "told": told, "lost": lost, "writes": every}


@contextmanager
def _sync(replacement: Callable[[int], None]) -> Iterator[None]:
    with patch.object(files, "synchronise", replacement):
        yield


def rows(found: dict[str, Any]) -> list[str]:
    """The table of docs/reliability.md, of the parts that were tried."""
    lines: list[tuple[str, int, int]] = []
    for engine in ("plain", "compiled"):
        if part := found.get(f"kills-{engine}"):
            what = f"SIGKILL at a random moment, {engine} engine ({part['runs']} runs)"
            lines.append((what, part["kills"], part["lost"]))
    if part := found.get("damages"):
        lines += [
            (
                "last checkpoint damaged: noticed",
                part["checkpoints"],
                part["checkpoints"] - part["noticed"],
            ),
            ("the same, continued from the one before", part["continued"], part["lost"]),
            ("both damaged: refused in one line", part["both"], part["both"] - part["refused"]),
        ]
    if part := found.get("full-disks"):
        lines += [
            (
                "disk full at a random write: told in one line",
                part["cases"],
                part["cases"] - part["told"],
            ),
            ("the same, continued with room", part["cases"], part["lost"]),
        ]
    head = ["| what happened | cases | lost |", "|---|---:|---:|"]
    return head + [f"| {what} | {cases} | {lost} |" for what, cases, lost in lines]


PARTS: dict[str, tuple[int, Callable[[int, Path], dict[str, Any]]]] = {
    "kills-plain": (25, partial(kills, compiled=False)),
    "kills-compiled": (25, partial(kills, compiled=True)),
    "damages": (200, damages),
    "full-disks": (20, full_disks),
}
"""Number of cases and the function that tries them, by name."""


def main() -> None:
    """Try the cases, write what was found after each part, and print the table; exit code 1 if
    anything was lost.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="the others stay as they are"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results" / "reliability.json"
    )
    options = parser.parse_args()
    found = read_json(options.output) if options.output.exists() else {}
    for name in options.only:
        count, try_all = PARTS[name]
        with tempfile.TemporaryDirectory() as place:
            found[name] = try_all(count, Path(place)) | {"run": describe(sys.argv)}
        write_json(options.output, found)
        print(f"{name}: {found[name]}", flush=True)
    print("\n".join(rows(found)))
    if any(not line.endswith(" 0 |") for line in rows(found)[2:]):
        sys.exit(1)


if __name__ == "__main__":
    main()
