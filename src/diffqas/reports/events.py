"""TensorBoard events beside the metrics: a copy to look at; a run goes on without it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from diffqas.storage import Json
from diffqas.text import visible

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

OWNER = "tensorboard"


class Events:
    """Writes each epoch's record as TensorBoard scalars under `folder`.

    Args:
        folder: where the event files go.
        names: the names of the candidates, in the order of the structural weights.
        start: how many epochs were done before. Events of later epochs, which a killed run may have
            left, are hidden.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], start: int = 0) -> None:
        with warnings.catch_warnings():
            # Old protobuf code inside tensorboard warns on import, and no user can change that.
            warnings.simplefilter("ignore")
            from torch.utils.tensorboard import SummaryWriter
        self._folder, self._names = folder, names
        self._faults: list[str] = []
        # `close` restores the hook that all threads share.
        self._hook = threading.excepthook
        threading.excepthook = self._of_thread
        self._writer: SummaryWriter | None = None
        purge_step = None
        if start:
            purge_step = start + 1
        with self._told():
            self._writer = SummaryWriter(str(folder), purge_step=purge_step)

    def add(self, record: Json) -> None:
        """Write one line of metrics.jsonl; after a fault of the disk nothing more is written."""
        if self._writer is not None:
            with self._told():
                self._add(self._writer, record)

    def faults(self) -> list[str]:
        """Lines that a person should know, each of which is returned only once."""
        told, self._faults = self._faults, []
        return told

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lost(error.strerror or str(error))
        except UnicodeEncodeError:  # the writer takes names of folders as text only, not as bytes
            self._lost("its name is no text in UTF-8")

    def _lost(self, reason: str) -> None:
        self._writer = None
        remedy = "The run goes on without; metrics.jsonl has the same figures."
        self._faults.append(f"Cannot write {self._folder}: {reason}. {remedy}")

    def _of_thread(self, arguments: threading.ExceptHookArgs) -> None:
        """Silence the writer's thread after a fault of the disk.

        The writer keeps the error for the next call, where `_told` meets it. No traceback is needed
        here.
        """
        by_writer = type(arguments.thread).__module__.startswith(OWNER)
        if by_writer and isinstance(arguments.exc_value, OSError):
            return
        self._hook(arguments)

    def _add(self, writer: SummaryWriter, record: Json) -> None:
        epoch = record["epoch"]
        for key, values in record.items():
            if key in ("epoch", "structural_weights"):
                continue
            if isinstance(values, list):
                self._add_figure(writer, key, values, epoch)
            else:
                writer.add_scalar(visible(key), values, epoch)
        # Only the median of each candidate: lines for all seeds would be too many to read.
        weights = np.median(record["structural_weights"], axis=0)
        for name, weight in zip(self._names, weights, strict=True):
            writer.add_scalar(f"structural weight/{visible(name)}", float(weight), epoch)

    def _add_figure(self, writer: SummaryWriter, key: str, values: list[float], epoch: int) -> None:
        """Write a figure: its median over the seeds and, with several seeds, that of each seed."""
        writer.add_scalar(f"{visible(key)}/median", float(np.median(values)), epoch)
        if len(values) > 1:
            for seed, value in enumerate(values):
                writer.add_scalar(f"{visible(key)}/seed {seed}", value, epoch)

    def close(self) -> None:
        """Flush and close the files."""
        if self._writer is not None:
            with self._told():
                self._writer.close()
        threading.excepthook = self._hook
