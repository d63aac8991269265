"""`diffqas predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from diffqas.reports import Terminal, predictions_score, predictions_table
from diffqas.runs import predict_run
from diffqas.searches import PREDICTED


@dataclass
class Predict:
    """Predict new rows with a finished run on a table.

    Columns are found by their names and read as those of the training rows were; other columns are
    ignored. For classes the result is the one with the largest mean probability over the seeds; for
    values it is the median over the seeds.

    If rows have a label, the share of right predictions, or the error, is printed, too.
    """

    folder: Annotated[
        tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN", help="The run folder.")
    ]
    csv: Annotated[
        tyro.conf.Positional[Path],
        tyro.conf.arg(metavar="ROWS", help="The rows, a CSV file."),
    ]
    output: Path | None = None
    """All rows with their predictions, FILE.csv; predicted.csv in the run folder if not given."""

    def run(self) -> None:
        """Predict, then print the first rows and where all of them lie."""
        found = predict_run(self.folder, self.csv, self.output)
        console = Terminal()
        console.print(predictions_table(found))
        count = len(found.rows.inputs)
        console.print()
        score = predictions_score(found)
        if score is not None:
            console.say(score)
        rows = "1 row" if count == 1 else f"{count} rows"
        console.say(f"{rows} in {self.output or self.folder / PREDICTED}", style="bold")
