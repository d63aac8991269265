"""A search from its arguments to the choices of a run: everything is checked before anything is
written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from rich.console import Console

from diffqas.agents import EnvironmentTask
from diffqas.architecture import Relaxation
from diffqas.circuits import AnyCandidate, SearchSpace
from diffqas.errors import require
from diffqas.quantum_train import Mapping as WeightMapping
from diffqas.searches import choose_kind
from diffqas.searches.choices import settings_of
from diffqas.searches.clients import epochs_of, federated_of
from diffqas.searches.config import RunConfig
from diffqas.searches.data_sets import load_task, task_kind
from diffqas.searches.own_task import named_task
from diffqas.searches.run import Run
from diffqas.searches.session import begin, checked_device
from diffqas.storage import RunFolder
from diffqas.tasks import Scaling, Task, explained, recipe_target, rehearse

P = ParamSpec("P")


@dataclass(frozen=True)
class Prepared:
    """A search that is checked and whose data is read; nothing is written yet.

    Attributes:
        config: every choice.
        task: the data, or the environment.
        note: what to say before it begins, if anything.
        output, overwrite, quiet: as of `search`.
    """

    config: RunConfig
    task: Task | EnvironmentTask
    note: str | None = None
    output: str | Path | None = None
    overwrite: bool = False
    quiet: bool = False

    def start(self) -> Run:
        """Train, and leave the run folder."""
        folder = RunFolder(
            Path(self.output) if self.output is not None else _free_folder(self.config.dataset)
        )
        if self.note is not None:
            Console(quiet=self.quiet).print(self.note, style="dim", highlight=False, soft_wrap=True)
        return begin(folder, self.config, self.task, overwrite=self.overwrite, quiet=self.quiet)


def prepare(
    task: str | Task,
    *,
    model: str = "qt",
    seeds: int | Sequence[int] = 1,
    seed: int = 0,
    recipe: str = "default",
    relaxation: str | Relaxation | None = None,
    sharing: str | None = None,
    candidates: SearchSpace | Iterable[AnyCandidate] | None = None,
    mapping: str | WeightMapping | None = None,
    hidden: int | Sequence[int] | None = None,
    bond: int | None = None,
    chunk: int | None = None,
    shots: int | None = None,
    shot_gradient: str | None = None,
    circuit: str | None = None,
    reservoir: bool | None = None,
    structure: str | None = None,
    hidden_size: int | None = None,
    layers: int | None = None,
    squash: str | None = None,
    classical: bool | None = None,
    depth: int | None = None,
    epochs: int | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    select: str | None = None,
    algorithm: str | None = None,
    workers: int | None = None,
    episodes: int | None = None,
    clients: int | None = None,
    rounds: int | None = None,
    local_epochs: int | None = None,
    split: str | None = None,
    structure_rate: float | None = None,
    angles_rate: float | None = None,
    mapping_rate: float | None = None,
    spread: float | None = None,
    betas: tuple[float, float] | None = None,
    alpha: float | None = None,
    noise: tuple[float, float] | None = None,
    memory: float | None = None,
    csv: str | Path | None = None,
    column: str | None = None,
    scaling: Scaling = "whole",
    classes: Sequence[int] | None = None,
    data_dir: str | Path | None = None,
    target: str | None = None,
    per_layer: bool | None = None,
    bilevel: bool | None = None,
    sparsity: float | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    output: str | Path | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Prepared:
    """Search the circuit that writes a task's network, or those of a quantum LSTM, and leave a run
    folder.

    What `diffqas search` does, for scripts and notebooks. None stands for the model's or the
    recipe's own choice. `prepare` takes the same arguments and stops before anything is trained or
    written.

    Args:
        task: name of a data set (`"bessel"`, `"mnist"`, ..., `"series"` with `csv`) or of an
            environment (`"minigrid-empty-5x5"`, ..., or an id of gymnasium), or a `Task` of your
            own, or `"FILE.py:NAME"`, one in a file.
        model: `"qt"` (Quantum-Train) or `"qlstm"` (a quantum LSTM, for series).
        seeds: how many, counted from `seed`, or the seeds themselves; they train in lockstep.
        seed: the first seed.
        recipe: `"default"` or `"paper"`; the arguments below override single choices of it.
        relaxation: `"raw"`, `"softmax"`, `"gumbel"` or a relaxation object.
        sharing: `"shared"` (qt's default) or `"separate"` angles (qlstm's).
        candidates: the search space.
        mapping: of qt, `"linear"` (the papers'), `"mlp"`, `"mps"` (a tensor train) or a mapping
            object.
        hidden: of qt, width of the hidden layer of `"mlp"`, or widths of several.
        bond: of qt, bond dimension of `"mps"`.
        chunk: of qt, weights written by each basis state; a larger one needs fewer qubits.
        shots: of qt on data, measure each live circuit so often in every training step; None: exact
            probabilities.
        shot_gradient: with `shots`, gradient in the angles: `"exact"` or `"parameter-shift"`.
        circuit: of qlstm, one circuit chosen by hand in every gate, `"C1"` .. `"C6"`, in place of
            `candidates`.
        reservoir: of qlstm, leave the angles as they are drawn.
        structure: of qlstm, structural weights for each `"gate"` or `"shared"` ones for all four.
        hidden_size: of qlstm, length of h and c, 5 by default.
        layers: of qlstm, cells on top of each other.
        squash: of qlstm, `"none"` or `"arctan"`, what makes angles of inputs.
        classical: of qlstm, train two classical LSTMs beside it, by default True.
        depth: layers of the circuits.
        epochs: passes over the training part.
        optimizer: `"adam"`, `"rmsprop"`, `"soap"` or `"kalman"` (for the squared error).
        lr: base learning rate of all but the Kalman filter.
        select: `"final"` ends with the last epoch's numbers, `"best"` with those of each seed's
            epoch that does best on the last fifth of the training samples, which it holds out.
        algorithm: of environments, `"a2c"` (all step together, seeds in lockstep) or `"a3c"` (each
            in a process of its own).
        workers: of environments, how many of them for each seed.
        episodes: of environments, how many for each seed.
        clients: how many share the training samples and train by federated averaging: only
            trainable numbers travel.
        rounds: of clients, how often they are averaged; in place of `epochs`, which counts local
            passes.
        local_epochs: of clients, passes over their own samples in each round, 1 by default.
        split: of clients, `"iid"`, `"label"` (of images) or `"contiguous"` (the default of series).
        structure_rate: learning rate of the structural weights relative to `lr`; for the Kalman
            filter the standard deviation of their prior.
        angles_rate: the same for the angles.
        mapping_rate: the same for the mapping.
        spread: standard deviation of the angles at the start, in radians.
        betas: decay rates of Adam and SOAP.
        alpha: smoothing constant of RMSProp.
        noise: the Kalman filter's variance of a measurement at the start and at the end.
        memory: epochs over which the Kalman filter forgets at the start.
        csv: file with a series of your own.
        column: its column.
        scaling: a series is scaled by its `"whole"` range (the papers' protocol, which leaks the
            range of the test part) or by its training part's (`"train"`).
        classes: labels of images to tell apart, at least two; None: all.
        data_dir: folder with the files of MNIST or FashionMNIST; None: the folder that the
            environment variable DIFFQAS_DATA names, then a cache, then a download.
        target: of qt, the network, `"lstm"` for series, `"mlp"`, `"smooth-mlp"` or `"cnn"` for
            images; None: the recipe's, of images `"smooth-mlp"` (the paper recipe and images of 8x8
            pixels: `"mlp"`).
        per_layer: of qt, search a candidate for every layer, one circuit at a time.
        bilevel: structural weights learn on the last fifth of the training samples, in turns with
            all else on the rest.
        sparsity: strength of what draws the structural weights to few candidates: L1 for raw ones,
            else the entropy.
        device: where to compute.
        dtype: `"float32"` or `"float64"`.
        output: the run folder; None makes a new one under `runs/`.
        overwrite: replace the run that `output` holds.
        quiet: print nothing.

    Raises:
        ArgumentError: a wrong argument.
        DataError: data that cannot be used.
        RunError: the folder holds another run, the training diverged, or the disk is full.
    """
    task, source = named_task(task)
    what = "plain" if isinstance(task, Task) else task_kind(task)
    if isinstance(seeds, int):
        require(seeds >= 1, "seeds", "be at least 1", seeds)
    own = isinstance(task, Task)
    if own:
        scaled = None if scaling == "whole" else scaling
        foreign = {"classes": classes, "data_dir": data_dir, "target": target}
        for name, value in {**foreign, "csv": csv, "column": column, "scaling": scaled}.items():
            require(
                value is None,
                name,
                "be used with the name of a data set",
                f"a Task of your own ({task.name})",
            )
        with explained(source):
            rehearse(task)
    if isinstance(task, str) and target is None and model == "qt" and what == "images":
        target = recipe_target(task, recipe)
    kind = choose_kind(
        model,
        what,
        candidates=candidates,
        circuit=circuit,
        sharing=sharing,
        mapping=mapping,
        hidden=hidden,
        bond=bond,
        chunk=chunk,
        shots=shots,
        shot_gradient=shot_gradient,
        reservoir=reservoir,
        structure=structure,
        hidden_size=hidden_size,
        layers=layers,
        squash=squash,
        classical=classical,
        target=target,
        per_layer=per_layer,
    )
    kind.check(task.kind if own else what)  # before a download
    loaded = (
        task
        if own
        else load_task(
            task,
            csv=csv,
            column=column,
            scaling=scaling,
            classes=classes,
            data_dir=data_dir,
            target=target,
        )
    )
    federated = federated_of(
        loaded.kind if isinstance(loaded, Task) else what, clients, local_epochs, split, rounds
    )
    epochs = epochs_of(federated, epochs, rounds)
    changed = {"depth": depth, "epochs": epochs, "optimizer": optimizer, "lr": lr, "select": select}
    changed |= {"bilevel": bilevel, "sparsity": sparsity}
    changed |= {"algorithm": algorithm, "workers": workers, "episodes": episodes}
    changed |= {"betas": betas, "alpha": alpha, "noise": noise, "memory": memory}
    rates = {"angles": angles_rate, "structure": structure_rate, "mapping": mapping_rate}
    config = RunConfig(
        dataset=loaded.name if own else task,
        settings=settings_of(kind, loaded, recipe, relaxation, rates, spread, changed),
        kind=kind,
        recipe=recipe,
        seeds=tuple(range(seed, seed + seeds)) if isinstance(seeds, int) else tuple(seeds),
        csv=None if csv is None else str(Path(csv).resolve()),
        column=column,
        scaling=scaling,
        classes=None if classes is None else tuple(int(label) for label in classes),
        data_dir=None if data_dir is None else str(Path(data_dir).resolve()),
        federated=federated,
        device=checked_device(device),
        dtype=dtype,
        own=source,
    )
    usual, chosen = (
        getattr(s, "optimizer", None) for s in (kind.recipes(loaded)[recipe], config.settings)
    )
    note = None
    if optimizer is None and chosen != usual:
        note = f"Too many trainable numbers for the {recipe} recipe's optimizer, {usual}: trained by {chosen}."
    return Prepared(config, loaded, note, output, overwrite, quiet)


def _started(choose: Callable[P, Prepared]) -> Callable[P, Run]:
    @wraps(choose)
    def search(*args: P.args, **kwargs: P.kwargs) -> Run:
        return choose(*args, **kwargs).start()

    search.__name__ = search.__qualname__ = "search"
    return search


search = _started(prepare)


def _free_folder(dataset: str) -> Path:
    base = Path("runs") / dataset
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{dataset}-{number}")
    return path
