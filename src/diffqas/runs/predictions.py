"""What a finished run on a table predicts of new rows."""

from __future__ import annotations

import os
from pathlib import Path

from diffqas.errors import RunError, path_of, require
from diffqas.reports import predictions_csv
from diffqas.runs.finished import FinishedRun
from diffqas.searches import PREDICTED, load_rows, task_kind
from diffqas.storage import write_atomically
from diffqas.tasks import Predictions, new_rows, predict


def predict_run(
    folder: str | Path, csv: str | os.PathLike[str], output: str | Path | None = None
) -> Predictions:
    """Predict new rows with all seeds of a finished run on a table.

    This is what `diffqas predict` does, for scripts and notebooks. Columns are read and
    standardised as those of the training rows were. Seeds that diverged in training are left out.

    Args:
        folder: the run folder.
        csv: the rows, a CSV file that has the columns from which the run has learnt, by their
            names. Other columns, such as the label, may be there or not.
        output: the file for all rows with their predictions, FILE.csv; None stands for
            predicted.csv in the run folder.

    Raises:
        ArgumentError: `output` is no FILE.csv, or is the file of the rows.
        DataError: the rows, or those of the run, cannot be read or used.
        RunError: there is no finished run on a table, all of its seeds diverged, its table has
            changed since, or the disk is full.
    """
    run = FinishedRun.open(folder)
    file = run.folder.path / PREDICTED if output is None else path_of(output, "output")
    require(file.suffix == ".csv", "output", "name a .csv file", file)
    rows_file = path_of(csv, "csv")
    same = file.exists() and rows_file.exists() and file.samefile(rows_file)
    require(not same, "output", "be another file than that of the rows", file)
    dataset = run.config.dataset
    if run.own or task_kind(dataset) != "table":
        raise RunError(
            f"The run in {run.folder.path} is on {dataset}, which is no table: only of tables is "
            "it known how the columns of a file are read."
        )
    run.refuse_other_data()
    data = load_rows(dataset, run.config)
    rows = new_rows(rows_file, data, run.config.missing)
    networks = [run.config.kind.network(model) for model in run.sound.values()]
    if not networks:
        raise RunError(f"All seeds of the run in {run.folder.path} diverged: nothing can predict.")
    found = predict(networks, rows, data)
    write_atomically(file, predictions_csv(found).encode())
    return found
