"""The run folder: one run, its settings, its metrics as they come, and its result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffqas.errors import RunError
from diffqas.training.files import load_tensors, read_json, save_tensors, write_atomically, write_json


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run, and the few ways in which they are written.

    `config.json` comes first, `result.json` last: its presence means that the run is finished.
    """

    path: Path

    @property
    def config(self) -> Path:
        """Everything needed to repeat the run."""
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        """One line of JSON per epoch."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """State of the training after some epoch."""
        return self.path / "checkpoint.pt"

    @property
    def result(self) -> Path:
        """The figures of a finished run."""
        return self.path / "result.json"

    @property
    def started(self) -> bool:
        """Whether a run was begun here."""
        return self.config.exists()

    @property
    def finished(self) -> bool:
        """Whether the run here came to its end."""
        return self.result.exists()

    def create(self, config: dict[str, Any], *, overwrite: bool = False) -> None:
        """Begin a run here.

        Raises:
            RunError: the folder holds another run (finished or not) and `overwrite` is not set, or it
                cannot be made.
        """
        if self.finished and not overwrite:
            raise RunError(f"The folder {self.path} holds a finished run. Give another --output, or --overwrite.")
        if self.started and not overwrite:
            remedy = f"Continue it with `diffqas resume {self.path}`, or give --overwrite."
            raise RunError(f"The folder {self.path} holds an unfinished run. {remedy}")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder {self.path}: {error.strerror}.") from None
        # The old result goes first and the new config comes last: no moment shows a mixture of two runs.
        for old in (self.result, self.config, self.checkpoint, self.metrics):
            old.unlink(missing_ok=True)
        write_json(self.config, config)

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to the metrics.

        Raises:
            RunError: the line cannot be written.
        """
        try:
            with self.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise RunError(f"Cannot write {self.metrics}: {error.strerror}.") from None

    def records(self) -> list[dict[str, Any]]:
        """The metrics so far; a last line that was cut off by a crash is left out."""
        if not self.metrics.exists():
            return []
        result = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                result.append(json.loads(line))
            except ValueError:
                break
        return result

    def rewind(self, epoch: int) -> None:
        """Drop metrics of epochs after `epoch`: they will be trained again."""
        kept = [json.dumps(record) + "\n" for record in self.records() if record["epoch"] <= epoch]
        write_atomically(self.metrics, "".join(kept).encode())

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        save_tensors(self.checkpoint, state)

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint, or None if the run was stopped before the first."""
        return load_tensors(self.checkpoint) if self.checkpoint.exists() else None

    def load_config(self) -> dict[str, Any]:
        """The run's settings as JSON."""
        return read_json(self.config)

    def load_result(self) -> dict[str, Any]:
        """The run's figures.

        Raises:
            RunError: the run is not finished.
        """
        if self.started and not self.finished:
            raise RunError(f"The run in {self.path} is not finished. Continue it with `diffqas resume {self.path}`.")
        return read_json(self.result)
