"""What a run stores for its pictures: predictions of a series, or rewards of agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffqas.errors import RunError, whole
from diffqas.storage import Entries, load_tensors, read_file, short
from diffqas.tasks import SeriesScale

if TYPE_CHECKING:
    from diffqas.reports.pictures import Floats


@dataclass(frozen=True)
class Predictions:
    """The predictions of all seeds on a series, after some of the epochs.

    Attributes:
        truth: the true values, (windows,).
        snapshots: predictions (seeds, windows) by epoch; a seed that diverged has no finite
            numbers.
        boundary: where the test part begins.
        scale: what the numbers stand for; None if that is not known.
    """

    truth: Floats
    snapshots: Mapping[int, Floats]
    boundary: int
    scale: SeriesScale | None = None

    @classmethod
    def read(cls, path: Path) -> Predictions:
        """Read the predictions in a file.

        Raises:
            RunError: the file cannot be read, or an entry is not what it should be.
        """
        state = load_tensors(path)
        truth = _array(state.get("truth"), 1)
        if truth is None or not len(truth) or not np.isfinite(truth).all():
            raise _wrong(path, "truth", "finite numbers, (windows,)")
        boundary = state.get("boundary", -1)
        if not whole(boundary, 0) or boundary > len(truth):
            raise _wrong(path, "boundary", f"a whole number from 0 to {len(truth)}")
        stored = state.get("snapshots")
        if not isinstance(stored, dict) or not stored:
            raise _wrong(path, "snapshots", "predictions by their epoch")
        snapshots: dict[int, Floats] = {}
        seeds = None
        for epoch, tensor in stored.items():
            values = _array(tensor, 2)
            if not whole(epoch) or values is None or values.shape[1] != len(truth):
                raise _wrong(path, "snapshots", f"by epoch numbers, (seeds, {len(truth)})")
            if len(values) != (seeds or len(values)) or not len(values):
                raise _wrong(path, "snapshots", "of as many seeds at every epoch")
            snapshots[epoch], seeds = values, len(values)
        return cls(truth, snapshots, boundary, SeriesScale.within(Entries.of(state, path)))


@dataclass(frozen=True)
class StoredRewards:
    """The rewards of all episodes, for the seeds that came to their end.

    Seeds that were frozen are left out: they have fewer episodes than the others or, if a number of
    steps ends a seed, fewer steps.

    Attributes:
        rewards: the rewards by seed; all have one length, unless a number of steps ends a seed.
        lengths: the steps of the episodes by seed; None if a number of episodes ends a seed.
    """

    rewards: Mapping[int, Floats]
    lengths: Mapping[int, Floats] | None = None


def stored_rewards(
    path: Path, seeds: Iterable[int], most_steps: int | None = None
) -> StoredRewards:
    """Read the rewards that a run of agents stored.

    Args:
        path: the file.
        seeds: the seeds of the run.
        most_steps: how many steps end a seed; None if all seeds have the same number of episodes.

    Raises:
        RunError: the file cannot be read, or the rewards or steps of a seed are missing.
    """
    tensors = _episodes(path)
    every = _rewards(path, tensors, seeds)
    longest = max(map(len, every.values()))
    whole = {seed: rewards for seed, rewards in every.items() if len(rewards) == longest}
    if most_steps is None:
        return StoredRewards(whole)
    kept: dict[int, Floats] = {}
    lengths: dict[int, Floats] = {}
    for seed, rewards in every.items():
        steps = tensors.get(f"steps-{seed}")
        if steps is None or steps.shape != rewards.shape or steps.dtype.kind != "i":
            raise _wrong(path, f"steps-{seed}", "whole numbers, (episodes,)")
        if seed in whole or steps.sum() >= most_steps:
            kept[seed], lengths[seed] = rewards, steps
    return StoredRewards(kept, lengths)


def _episodes(path: Path) -> Mapping[str, NDArray[Any]]:
    """The tensors of the file of episodes."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(read_file(path))
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        raise RunError(f"Cannot read {path}: {short(error)}.") from None


def _rewards(
    path: Path, tensors: Mapping[str, NDArray[Any]], seeds: Iterable[int]
) -> dict[int, Floats]:
    """The rewards of every seed, in the order in which the episodes ended."""
    found: dict[int, Floats] = {}
    for seed in seeds:
        values = tensors.get(f"reward-{seed}")
        sound = values is not None and values.ndim == 1 and values.dtype.kind == "f"
        if values is None or not sound or not np.isfinite(values).all():
            raise _wrong(path, f"reward-{seed}", "finite numbers, (episodes,)")
        found[seed] = values
    if not any(len(values) for values in found.values()):
        raise RunError(f"Cannot use {path}: no episode has ended.")
    return found


def _array(value: object, dimensions: int) -> Floats | None:
    """The numbers of a tensor with so many dimensions; None if the value is no such tensor."""
    import torch

    if not isinstance(value, torch.Tensor) or value.dtype not in (torch.float32, torch.float64):
        return None
    fits = value.ndim == dimensions and value.device.type == "cpu"
    return value.numpy() if fits else None


def _wrong(path: Path, name: str, rule: str) -> RunError:
    return RunError(f"Cannot use {path}: `{name}` should be {rule}, but is something else.")
