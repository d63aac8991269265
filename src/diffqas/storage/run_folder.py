"""The run folder: one run, its settings, its metrics as they come, and its result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from diffqas.errors import RunError, whole
from diffqas.storage.codec import Json, State
from diffqas.storage.entries import POSITIVE, Entries
from diffqas.storage.files import (
    append_json,
    is_linked,
    make_folder,
    read_json,
    refuse_other_than_file,
    write_atomically,
    write_json,
)
from diffqas.storage.metrics import in_words, missing_epochs, read_records
from diffqas.storage.tensors import load_tensors, save_tensors

FRESH = "checkpoint.new.pt"
"""A checkpoint that is whole and not yet in its place."""

LOCK = "run.lock"


@dataclass(frozen=True)
class RunFolder:
    """The files of a run, and the few ways in which they are written.

    `config.json` is written first and `result.json` last: if that file is there, the run is
    finished.
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
        """The state of the training after its last stored epoch."""
        return self.path / "checkpoint.pt"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last one."""
        return self.path / "checkpoint.previous.pt"

    @property
    def result(self) -> Path:
        """The figures of a finished run."""
        return self.path / "result.json"

    @property
    def started(self) -> bool:
        """Whether a run was begun here."""
        return os.path.lexists(self.config)

    @property
    def finished(self) -> bool:
        """Whether the run here came to its end."""
        return os.path.lexists(self.result)

    def create(self, config: Json, *, overwrite: bool = False, left: Iterable[str] = ()) -> None:
        """Begin a run here.

        Args:
            config: everything needed to repeat the run.
            overwrite: whether a run that the folder holds is replaced.
            left: patterns for the other files of such a run, which are removed with it.

        Raises:
            RunError: the folder holds another run (finished or not) and `overwrite` is not set, or
                the folder cannot be made.
        """
        if not overwrite:
            self.refuse_occupied()
        make_folder(self.path)
        # The old result goes first and the new config comes last: no moment shows a mixture of
        # two runs.
        leavings = self._leavings(left) if self.started else []
        own = (self.config, self.checkpoint, self.previous, self.metrics)
        try:
            for old in (self.result, *leavings, *own):
                old.unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"Cannot make the folder {self.path}: {error.strerror}.") from None
        write_json(self.config, config)

    def refuse_occupied(self) -> None:
        """Refuse a folder that holds a run.

        Raises:
            RunError: the folder holds a run, finished or not.
        """
        if self.finished:
            remedy = "Give another --output, or --overwrite."
            raise RunError(f"The folder {self.path} holds a finished run. {remedy}")
        if self.started:
            remedy = f"Continue it with `diffqas resume {self.path}`, or give --overwrite."
            raise RunError(f"The folder {self.path} holds an unfinished run. {remedy}")

    def make(self, name: str) -> Path:
        """A subfolder of this run, which is made if it does not exist; a link is refused.

        Raises:
            RunError: the subfolder cannot be made, or is a link.
        """
        place = self.path / name
        make_folder(place, inside=self.path)
        return place

    def _leavings(self, patterns: Iterable[str]) -> list[Path]:
        """Files of an old run; nothing behind a link, which would be somebody else's."""
        found: list[Path] = []
        for pattern in patterns:
            for path in self.path.glob(pattern):
                if path.is_file() and not is_linked(path.parent, self.path):
                    found.append(path)
        return found

    def tidy(self) -> None:
        """Remove half-written files of a killed process; only who holds the lock may call this."""
        for rubbish in (*self.path.glob(".*.tmp"), self.path / FRESH):
            with suppress(OSError):
                rubbish.unlink()

    def append(self, record: Json) -> None:
        """Add one line to the metrics.

        Raises:
            RunError: the line cannot be written.
        """
        append_json(self.metrics, record)

    def records(self) -> list[Json]:
        """The metrics so far, by rising epoch, without lines that are damaged.

        Raises:
            RunError: the file cannot be read.
        """
        return read_records(self.metrics)

    @property
    def epochs_per_record(self) -> int:
        """The epochs that one record covers: 1, or the local epochs of a federated training.

        They are read from the settings, as records cannot tell once some of them are lost.
        """
        try:
            choices = Entries.of(self.load_config(), self.config).inner("run")
            federated = choices.perhaps_inner("federated")
            return 1 if federated is None else federated.one("local_epochs", POSITIVE)
        except RunError:  # whoever needs the choices tells what is wrong with them
            return 1

    def missing_epochs(self, until: int) -> str:
        """The epochs up to `until` that no record covers, in words; empty if there are none."""
        return in_words(missing_epochs(self.records(), until, self.epochs_per_record))

    def rewind(self, epoch: int) -> str | None:
        """Remove the metrics of epochs after `epoch`, which will be trained again.

        Returns:
            A message for the user if metrics of earlier epochs are lost, because the file was
            damaged; else None.
        """
        kept = [record for record in self.records() if record["epoch"] <= epoch]
        lines = [json.dumps(record) + "\n" for record in kept]
        write_atomically(self.metrics, "".join(lines).encode())
        gaps = missing_epochs(kept, epoch, self.epochs_per_record)
        if not gaps:
            return None
        count = sum(map(len, gaps))
        lost = f"{count} of its {epoch} epochs are lost ({in_words(gaps)}), and missing in pictures"
        return f"{self.metrics} is damaged: {lost}."

    def save_checkpoint(self, state: State) -> None:
        """Replace the checkpoint; the one before it is kept as `previous`.

        Raises:
            RunError: the checkpoint cannot be written; the last one is still there.
        """
        # The metrics go to the disk first: after a power cut they must not be older than it.
        with suppress(OSError), self.metrics.open("rb") as file:
            os.fsync(file.fileno())
        fresh = self.checkpoint.with_name(FRESH)
        save_tensors(fresh, state)
        # Between the two moves the one before stands alone, and `load_checkpoint` finds it.
        try:
            if self.checkpoint.exists():
                os.replace(self.checkpoint, self.previous)
            os.replace(fresh, self.checkpoint)
        except OSError as error:
            raise RunError(f"Cannot write {self.checkpoint}: {error.strerror}.") from None

    def load_checkpoint(self, say: Callable[[str], None] | None = None) -> Json | None:
        """The last checkpoint that is sound, or None if the run was stopped before the first.

        Args:
            say: called with one line for the user if the last checkpoint is damaged and the one
                before it is used.

        Raises:
            RunError: there are checkpoints, and none of them is sound.
        """
        present = [path for path in (self.checkpoint, self.previous) if path.exists()]
        faults: list[RunError] = []
        for path in present:
            try:
                state = load_tensors(path)
                if not whole(state.get("epoch"), 0):
                    raise RunError(f"Cannot use {path}: `epoch` should be a whole number.")
            except RunError as error:
                faults.append(error)
                continue
            if faults and say is not None:
                remedy = f"the run goes on from the one before, {path.name}"
                say(f"{self.checkpoint} is damaged: {remedy}.")
            return state
        if len(faults) == 2:
            names = f"{self.checkpoint} and {self.previous.name}"
            raise RunError(f"Cannot read {names}: both are damaged. Start again with --overwrite.")
        if faults:
            raise faults[0]
        return None

    def standing(self) -> str:
        """Which checkpoint is left after something went wrong, in one sentence."""
        try:
            state = self.load_checkpoint()
        except RunError as error:
            return str(error)
        if state is None:
            return "There is no checkpoint yet."
        return f"The last good checkpoint is of epoch {state.get('epoch')}, in {self.path}."

    def load_config(self) -> Json:
        """The run's settings as JSON.

        Raises:
            RunError: the file is missing or damaged.
        """
        return read_json(self.config)

    def load_result(self) -> Json:
        """The run's figures as JSON.

        Raises:
            RunError: the run is not finished, or the file is missing or damaged.
        """
        if self.started and not self.finished:
            remedy = f"Continue it with `diffqas resume {self.path}`."
            raise RunError(f"The run in {self.path} is not finished. {remedy}")
        return read_json(self.result)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it does not exist.

    The operating system releases a lock when its holder dies. A lock file that a killed process
    left behind therefore locks nothing, except on a file system without locks.

    Raises:
        RunError: another process holds the lock, or the folder cannot be made or written.
    """
    from filelock import FileLock, Timeout

    place = folder / LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Some versions of filelock would follow a link and empty the file that it leads to.
        refuse_other_than_file(place)
        lock = FileLock(place)
        lock.acquire(blocking=False)
    except Timeout:
        remedy = "Wait until that one ends, or give another --output."
        raise RunError(f"Another process is working on the run in {folder}. {remedy}") from None
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"Cannot make or lock the folder {folder}: {reason}.") from None
    try:
        yield
    finally:
        # Before it is released: afterwards it may be another process's. Nobody waits for it.
        with suppress(OSError):
            place.unlink()
        lock.release()
