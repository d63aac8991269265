"""TensorBoard events beside the metrics."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np


class Events:
    """Writes each epoch's record as TensorBoard scalars under `folder`.

    Args:
        folder: where the event files go.
        names: the candidates' names, in the order of the structural weights.
        start: epochs done before; events of later ones, from a run that was killed, are hidden.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], start: int = 0) -> None:
        with warnings.catch_warnings():
            # Old protobuf code inside tensorboard warns on import; nothing that a user could act on.
            warnings.simplefilter("ignore")
            from torch.utils.tensorboard import SummaryWriter
        self._writer = SummaryWriter(str(folder), purge_step=start + 1 if start else None)
        self._names = names

    def add(self, record: dict[str, Any]) -> None:
        """One line of metrics.jsonl."""
        epoch = record["epoch"]
        for key, values in record.items():
            if key in ("epoch", "structural_weights"):
                continue
            if not isinstance(values, list):
                self._writer.add_scalar(key, values, epoch)
                continue
            self._writer.add_scalar(f"{key}/median", float(np.median(values)), epoch)
            if len(values) > 1:
                for seed, value in enumerate(values):
                    self._writer.add_scalar(f"{key}/seed {seed}", value, epoch)
        weights = np.median(record["structural_weights"], axis=0)
        for name, weight in zip(self._names, weights, strict=True):
            self._writer.add_scalar(f"structural weight/{name}", float(weight), epoch)

    def close(self) -> None:
        """Flush and close the files."""
        self._writer.close()
