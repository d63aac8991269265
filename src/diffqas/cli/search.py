"""`diffqas search`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import tyro
from rich.console import Console

from diffqas.architecture import Gumbel, Relaxation, Softmax
from diffqas.circuits import QLSTM_SPACE, TABLE_I, AnyCandidate
from diffqas.cli.runs import print_folder
from diffqas.cli.spaces import METAVAR, typed_candidates
from diffqas.errors import ArgumentError
from diffqas.runs import search
from diffqas.searches import show, task_names

T = TypeVar("T")


@dataclass
class Search:
    """Search a circuit on a data set; leaves a run folder with tables, pictures, model and circuit."""

    dataset: Annotated[
        tyro.conf.Positional[str],
        tyro.conf.arg(
            metavar="DATASET",
            help=f"{', '.join(task_names())}. series is your own, with --csv. Or an id of gymnasium, "
            "or FILE.py:NAME, a task of your own.",
        ),
    ]
    model: Literal["qt", "qlstm"] = "qt"
    """qt: Quantum-Train, circuits write the weights of a classical network. qlstm: a quantum LSTM
    whose gates are circuits, for series.
    """
    target: Literal["lstm", "mlp", "smooth-mlp", "cnn"] | None = None
    """qt: the classical network. Series: lstm, 1,781 weights. Images: mlp, smooth-mlp (the same
    behind a Gaussian filter) or cnn; 108,866 or 2,818 weights for two classes of MNIST. The recipe
    decides if not given.
    """
    recipe: Literal["default", "paper"] = "default"
    """default: what trains best at the papers' number of parameters and epochs. paper: what the
    papers state.
    """
    relaxation: Literal["raw", "softmax", "gumbel"] | None = None
    """How structural parameters become weights of the candidates; the recipe decides if not given."""
    temperature: float | None = None
    """Temperature of softmax, first temperature of gumbel."""
    sharing: Literal["shared", "separate"] | None = None
    """One set of angles for all candidates (of a gate), or one each; qt shared and qlstm separate
    if not given.
    """
    mapping: Literal["linear", "mlp", "mps"] | None = None
    """qt: from a basis state to weights, linear (the papers', if not given), or, with more
    trainable numbers, a perceptron (mlp) or a tensor train over the bits (mps).
    """
    hidden: tuple[int, ...] | None = None
    """qt: widths of the perceptron's hidden layers; one of 16 if not given."""
    bond: int | None = None
    """qt: bond dimension of the tensor train, 4 if not given."""
    chunk: int | None = None
    """qt: weights written by each basis state, 1 if not given; more means more trainable numbers
    and fewer qubits.
    """
    shots: int | None = None
    """qt: measure each circuit so often in every training step; exact probabilities if not given."""
    shot_gradient: Literal["exact", "parameter-shift"] | None = None
    """--shots: gradient in the angles, of the exact probabilities, if not given, or measured by
    shifted circuits.
    """
    per_layer: bool = False
    """qt: search a candidate for every layer, one circuit at a time (Gumbel, straight-through), at
    most 14 qubits.
    """
    circuit: Literal["C1", "C2", "C3", "C4", "C5", "C6"] | None = None
    """qlstm: no search, one of the papers' circuits chosen by hand in every gate."""
    reservoir: bool = False
    """qlstm: the angles stay as they are drawn, the structural weights and the head are trained."""
    structure: Literal["gate", "shared"] | None = None
    """qlstm: structural weights for each gate, if not given, or one set for all four."""
    hidden_size: int | None = None
    """qlstm: length of h and c, 5 if not given; a gate has one qubit more."""
    layers: int | None = None
    """qlstm: cells on top of each other, 1 if not given."""
    squash: Literal["none", "arctan"] | None = None
    """qlstm: encode inputs as they are, if not given, or their arc tangent."""
    classical: bool = True
    """qlstm: train no classical LSTMs to compare with."""
    candidates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar=METAVAR,
            help="Candidates: numbers of `diffqas candidates`, files of your own (qt), or both; all if not given.",
        ),
    ] = ()
    depth: int | None = None
    """Layers of the circuits."""
    epochs: int | None = None
    """Passes over the training part."""
    optimizer: Literal["adam", "rmsprop", "soap", "kalman"] | None = None
    """soap: Adam in the eigenbasis of the gradients' covariance. kalman: an extended Kalman filter
    over the trainable numbers, for series. The recipe decides if not given.
    """
    lr: float | None = None
    """Base learning rate of adam, rmsprop and soap."""
    select: Literal["final", "best"] | None = None
    """final: end with the last epoch. best: with each seed's best epoch on the last fifth of the
    training samples, which is held out for that.
    """
    bilevel: bool = False
    """Structural weights learn on the last fifth of the training samples, all else on the rest
    (adam, rmsprop).
    """
    sparsity: float | None = None
    """Draws structural weights to few candidates, this strongly: L1 of raw ones, else the entropy
    (adam, rmsprop).
    """
    structure_rate: float | None = None
    """Learning rate of the structural weights, relative to --lr (kalman: standard deviation of
    their prior).
    """
    angles_rate: float | None = None
    """The same for the angles."""
    mapping_rate: float | None = None
    """The same for the mapping."""
    spread: float | None = None
    """Standard deviation of the angles at the start, in radians."""
    betas: tuple[float, float] | None = None
    """Decay rates of adam and soap."""
    alpha: float | None = None
    """Smoothing constant of rmsprop."""
    noise: tuple[float, float] | None = None
    """kalman: variance of a measurement at the start and at the end, in units of that of the
    training targets.
    """
    memory: float | None = None
    """kalman: epochs over which it forgets at the start."""
    algorithm: Literal["a2c", "a3c"] | None = None
    """Environments: a2c, all step together, the seeds in lockstep; a3c, each in a process of its
    own. The recipe decides if not given.
    """
    workers: int | None = None
    """Environments: how many of them for each seed; 16 if not given, 4 for a3c."""
    episodes: int | None = None
    """Environments: how many episodes for each seed, 50,000 if not given."""
    clients: int | None = None
    """Federated averaging: so many clients share the training samples, train each on its own, and
    send only the trainable numbers. All samples in one place if not given.
    """
    rounds: int | None = None
    """Of clients: how often they are averaged. In place of --epochs, which counts the passes of
    each client.
    """
    local_epochs: int | None = None
    """Of clients: passes over their own samples in each round, 1 if not given."""
    split: Literal["iid", "label", "contiguous"] | None = None
    """Of clients: samples at random, by their class (images), or a stretch of time each; contiguous
    for a series, iid for anything else if not given.
    """
    seed: int = 0
    """The first seed."""
    seeds: int = 1
    """How many seeds, trained in lockstep."""
    device: str = "cpu"
    """cpu, cuda or cuda:<index>."""
    dtype: Literal["float32", "float64"] = "float32"
    """Precision."""
    output: Path | None = None
    """The run folder; a new one under runs/ if not given."""
    overwrite: bool = False
    """Replace the run that --output holds."""
    csv: Path | None = None
    """A series of your own: a CSV file with a header."""
    column: str | None = None
    """Its column."""
    scaling: Literal["whole", "train"] = "whole"
    """Range that scales a series: whole (the papers' protocol, leaks the test part's range) or the
    training part's.
    """

    classes: tuple[int, ...] | None = None
    """Labels of the images to tell apart, two or more; all if not given."""
    data_dir: Path | None = None
    """Folder with the files of MNIST or FashionMNIST; $DIFFQAS_DATA, then a cache, then a download
    if not given.
    """

    def run(self) -> None:
        """Search, then print the result and where it lies."""
        run = self.call(search)
        console = Console()
        console.print()
        show(run.result, console)
        print_folder(console, run.folder, run.result)

    def call(self, what: Callable[..., T]) -> T:
        """Call `search`, or `prepare`, which takes the same arguments."""
        return what(
            self.dataset,
            seed=self.seed,
            seeds=self.seeds,
            recipe=self.recipe,
            relaxation=self._relaxation(),
            structure_rate=self.structure_rate,
            candidates=self._candidates(),
            angles_rate=self.angles_rate,
            mapping_rate=self.mapping_rate,
            spread=self.spread,
            betas=self.betas,
            alpha=self.alpha,
            noise=self.noise,
            memory=self.memory,
            model=self.model,
            sharing=self.sharing,
            mapping=self.mapping,
            hidden=self.hidden,
            bond=self.bond,
            chunk=self.chunk,
            shots=self.shots,
            shot_gradient=self.shot_gradient,
            circuit=self.circuit,
            reservoir=self.reservoir or None,
            structure=self.structure,
            hidden_size=self.hidden_size,
            layers=self.layers,
            squash=self.squash,
            classical=None if self.classical else False,
            depth=self.depth,
            epochs=self.epochs,
            optimizer=self.optimizer,
            lr=self.lr,
            select=self.select,
            algorithm=self.algorithm,
            workers=self.workers,
            episodes=self.episodes,
            clients=self.clients,
            rounds=self.rounds,
            local_epochs=self.local_epochs,
            split=self.split,
            csv=self.csv,
            column=self.column,
            scaling=self.scaling,
            classes=self.classes,
            data_dir=self.data_dir,
            target=self.target,
            per_layer=self.per_layer or None,
            bilevel=self.bilevel or None,
            sparsity=self.sparsity,
            device=self.device,
            dtype=self.dtype,
            output=self.output,
            overwrite=self.overwrite,
        )

    def _candidates(self) -> list[AnyCandidate] | None:
        table = TABLE_I if self.model == "qt" else QLSTM_SPACE
        return list(typed_candidates(self.candidates, table).values()) if self.candidates else None

    def _relaxation(self) -> Relaxation | str | None:
        if self.temperature is None:
            return self.relaxation
        if self.relaxation not in ("softmax", "gumbel"):
            given = self.relaxation or "the recipe's relaxation"
            raise ArgumentError(
                f"Argument `temperature` must go with softmax or gumbel, but got {given}."
            )
        return (
            Softmax(self.temperature) if self.relaxation == "softmax" else Gumbel(self.temperature)
        )
