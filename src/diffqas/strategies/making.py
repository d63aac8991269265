"""How a table is made anew: one cell for each task and seed, in a folder that can be continued."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from diffqas.errors import RunError, choose
from diffqas.reports import Terminal, duration
from diffqas.searches import environment
from diffqas.storage import Json, make_folder, read_json, write_atomically, write_json
from diffqas.strategies.alone import epochs, train_alone
from diffqas.strategies.arrays import Arrays, Singles, packed, unpacked
from diffqas.strategies.catalogue import PROXIES, RECIPES, TASKS
from diffqas.strategies.problems import problem
from diffqas.strategies.proxies import scores
from diffqas.strategies.spaces import SPACES, TabulatedSpace
from diffqas.strategies.stacked import stacked_models
from diffqas.studies import share_of

FORMAT = 1
TIMED_STEPS = 16
"""Steps of one architecture that are timed after a first one, which fills caches."""
FIGURES = ("validation", "test", "validation_figure", "test_figure", "train")
"""Arrays of a cell, by the names of `AloneFigures`."""


@dataclass(frozen=True)
class TableCell:
    """What is computed in one go.

    Attributes:
        task: of the benchmark; where there is no seed the name of a space.
        seed: of every architecture; None: what is known of a space without any result of training:
            what a step costs, and the training-free scores.
    """

    task: str
    seed: int | None

    @property
    def file(self) -> str:
        """Where it lies below the folder."""
        if self.seed is None:
            return f"cells/space-{self.task}.npz"
        return f"cells/{self.task}/seed-{self.seed}.npz"

    def compute(self) -> Arrays:
        """Train every architecture of the task's space with this seed, or look at the space."""
        if self.seed is None:
            return before_training(SPACES[self.task])
        space = SPACES[TASKS[self.task].space]
        samples = problem(self.task, self.seed)
        numbers = range(len(space))
        found = train_alone(space, numbers, samples, RECIPES[space.name], self.seed)
        arrays = {name: getattr(found, name) for name in FIGURES}
        return arrays | {"together": np.array([found.seconds], np.float32)}


def cells(tasks: Sequence[str] = ()) -> list[TableCell]:
    """All cells of the tasks, task by task; of all tasks if none is named.

    What is known of a space stands behind the first of its tasks.

    Raises:
        ArgumentError: an unknown task.

    >>> [cell.file for cell in cells(["wine"])][4:]
    ['cells/wine/seed-4.npz', 'cells/space-encoded.npz']
    """
    found: list[TableCell] = []
    for task in tasks or TASKS:
        space = TASKS[choose(task, TASKS, "task")].space
        found += [TableCell(task, seed) for seed in range(RECIPES[space].seeds)]
        whole = TableCell(space, None)
        if whole not in found:
            found.append(whole)
    return found


def before_training(space: TabulatedSpace) -> Arrays:
    """Costs of a step, and every score with the seconds that it took for the whole space."""
    arrays = {"step_seconds": step_costs(space)}
    for proxy in PROXIES:
        found = scores(space, proxy)
        arrays[proxy] = found.values.astype(np.float32)
        arrays[f"{proxy}_seconds"] = np.array(found.seconds, np.float32)
    return arrays


def step_costs(space: TabulatedSpace) -> Singles:
    """CPU seconds that a step of each architecture takes by itself, (architectures,).

    They are those of the space's first task: what stands behind the circuit costs little.
    """
    task = next(name for name, entry in TASKS.items() if entry.space == space.name)
    samples, recipe = problem(task, 0), RECIPES[space.name]
    inputs = samples.train.inputs.shape[1]
    found: list[float] = []
    for number in range(len(space)):
        models = stacked_models(space, [number], inputs, samples.outputs, 0)
        for _ in epochs(models, samples, recipe, 0, steps=1):
            pass
        started = time.process_time()
        for _ in epochs(models, samples, recipe, 0, steps=TIMED_STEPS):
            pass
        found.append((time.process_time() - started) / TIMED_STEPS)
    return np.array(found, np.float32)


def table_files(output: Path, tasks: Sequence[str] = (), shard: str | None = None) -> list[Path]:
    """Where `make_table` keeps the cells of a folder, finished or not.

    Raises:
        ArgumentError: as there.
    """
    return [output / cell.file for cell in share_of(cells(tasks), shard)]


def make_table(
    output: Path,
    *,
    tasks: Sequence[str] = (),
    shard: str | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> list[TableCell]:
    """Compute the cells that are missing in a folder, one after the other.

    The same call goes on where it was stopped. Several machines that see the folder may each have a
    shard.

    Args:
        output: the folder.
        tasks: tasks of the benchmark; all if it is empty.
        shard: `"i/n"` computes only every n-th cell.
        overwrite: whether cells that are there are computed again.
        quiet: whether to print nothing.

    Returns:
        The cells that were computed.

    Raises:
        ArgumentError: an unknown task, or a shard of another form.
        RunError: the folder was begun with other recipes.
    """
    console = Terminal(quiet=quiet)
    chosen = share_of(cells(tasks), shard)
    _open(output)
    missing = [cell for cell in chosen if overwrite or not (output / cell.file).exists()]
    before = len(chosen) - len(missing)
    console.say(f"strategies-table: {len(chosen)} cells, {before} of them finished before")
    for number, cell in enumerate(missing, 1):
        started = time.perf_counter()
        arrays = cell.compute()
        path = output / cell.file
        make_folder(path.parent, inside=output)
        write_atomically(path, packed(arrays))
        spent = duration(time.perf_counter() - started)
        console.say(f"{number} of {len(missing)}: {cell.file} in {spent}")
    return missing


def table_arrays(folder: Path, task: str) -> Arrays | None:
    """The table of a task from its cells, seeds along the second axis; None if one is missing.

    Raises:
        DataError: a cell is damaged.
    """
    wanted = cells([task])
    if not all((folder / cell.file).exists() for cell in wanted):
        return None
    *trained, space = (unpacked(folder / cell.file, "remove it") for cell in wanted)
    recipe = RECIPES[TASKS[task].space]
    samples = problem(task, 0)
    steps = recipe.epochs * -(-len(samples.train.targets) // recipe.batch_size)
    arrays = {name: np.stack([own[name] for own in trained], axis=1) for name in FIGURES}
    arrays["together"] = np.concatenate([own["together"] for own in trained])
    arrays["seconds"] = steps * space["step_seconds"]
    return arrays


def publish(folder: Path, data: Path) -> list[str]:
    """Write the tables of all finished tasks as the package's data; their names.

    Args:
        folder: that `make_table` filled.
        data: where tables go.
    """
    done: list[str] = []
    for task in TASKS:
        arrays = table_arrays(folder, task)
        if arrays is not None:
            write_atomically(data / f"{task}.npz", packed(arrays))
            space = TableCell(TASKS[task].space, None)
            name = Path(space.file).name
            write_atomically(data / name, (folder / space.file).read_bytes())
            done.append(task)
    return done


def _open(folder: Path) -> None:
    """Begin a folder, or see that it was begun by the recipes of today."""
    recipes = _plain({name: asdict(recipe) for name, recipe in RECIPES.items()})
    path = folder / "table.json"
    if not path.exists():
        make_folder(folder)
        content = {"format": FORMAT, "recipes": recipes, "environment": environment()}
        write_json(path, content)
        return
    stored = read_json(path)
    if stored.get("recipes") != recipes:
        raise RunError(
            f"The table in {folder} was begun with other recipes; give another --output."
        )


def _plain(content: Json) -> Json:
    """Choices as they come back from a file, tuples as lists."""
    return json.loads(json.dumps(content))
