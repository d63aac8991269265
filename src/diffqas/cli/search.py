"""`diffqas search`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from diffqas.architecture import Gumbel, Relaxation, Softmax
from diffqas.cli.runs import print_folder
from diffqas.errors import ArgumentError
from diffqas.reports.terminal import show
from diffqas.runs import search
from diffqas.tasks.registry import task_names


@dataclass
class Search:
    """Search a circuit on a data set; leaves a run folder with tables, pictures, model and circuit."""

    dataset: Annotated[
        tyro.conf.Positional[str],
        tyro.conf.arg(metavar="DATASET", help=f"{', '.join(task_names())}. series is your own, with --csv."),
    ]
    model: Literal["qt"] = "qt"
    """qt: Quantum-Train, circuits write the weights of a classical network."""
    target: Literal["lstm", "mlp", "cnn"] | None = None
    """The classical network: lstm (series, 1,781 weights), mlp or cnn (images; 108,866 or 2,818 weights for two classes
    of MNIST). The first that fits if not given."""
    recipe: Literal["default", "paper"] = "default"
    """default: what trains best at the papers' number of parameters and epochs. paper: what the papers state."""
    relaxation: Literal["raw", "softmax", "gumbel"] | None = None
    """How structural parameters become weights of the candidates; the recipe decides if not given."""
    temperature: float | None = None
    """Temperature of softmax, first temperature of gumbel."""
    sharing: Literal["shared", "separate"] = "shared"
    """One set of angles for all candidates, or one each."""
    mapping: Literal["linear", "mlp"] = "linear"
    """From a basis state to weights: linear (the papers') or a perceptron, which has more trainable numbers."""
    hidden: tuple[int, ...] | None = None
    """Widths of the perceptron's hidden layers; one of 16 if not given."""
    chunk: int = 1
    """Weights written by each basis state: more trainable numbers and fewer qubits."""
    depth: int | None = None
    """Layers of the circuits."""
    epochs: int | None = None
    """Passes over the training part."""
    optimizer: Literal["adam", "rmsprop", "kalman"] | None = None
    """kalman: an extended Kalman filter over the trainable numbers, for series. The recipe decides if not given."""
    lr: float | None = None
    """Base learning rate of adam and rmsprop."""
    select: Literal["final", "best"] | None = None
    """final: end with the last epoch. best: with each seed's best epoch on the last fifth of the training samples,
    which is held out for that."""
    structure_rate: float | None = None
    """Learning rate of the structural weights, relative to --lr (kalman: standard deviation of their prior)."""
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
    """Range that scales a series: whole (the papers' protocol, leaks the test part's range) or the training part's."""

    classes: tuple[int, ...] | None = None
    """Labels of the images to tell apart, two or more; all if not given."""
    data_dir: Path | None = None
    """Folder with the files of MNIST or FashionMNIST; $DIFFQAS_DATA, then a cache, then a download if not given."""

    def run(self) -> None:
        """Search, then print the result and where it lies."""
        run = search(
            self.dataset,
            seed=self.seed,
            seeds=self.seeds,
            recipe=self.recipe,
            relaxation=self._relaxation(),
            structure_rate=self.structure_rate,
            sharing=self.sharing,
            mapping=self.mapping,
            hidden=self.hidden,
            chunk=self.chunk,
            depth=self.depth,
            epochs=self.epochs,
            optimizer=self.optimizer,
            lr=self.lr,
            select=self.select,
            csv=self.csv,
            column=self.column,
            scaling=self.scaling,
            classes=self.classes,
            data_dir=self.data_dir,
            target=self.target,
            device=self.device,
            dtype=self.dtype,
            output=self.output,
            overwrite=self.overwrite,
        )
        console = Console()
        console.print()
        show(run.result, console)
        print_folder(console, run.folder)

    def _relaxation(self) -> Relaxation | str | None:
        if self.temperature is None:
            return self.relaxation
        if self.relaxation not in ("softmax", "gumbel"):
            given = self.relaxation or "the recipe's relaxation"
            raise ArgumentError(f"Argument `temperature` must go with softmax or gumbel, but got {given}.")
        return Softmax(self.temperature) if self.relaxation == "softmax" else Gumbel(self.temperature)
