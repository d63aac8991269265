"""Finished runs: list them, open one, draw its predictions."""

from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

import diffqas
from diffqas.runs import list_runs

with TemporaryDirectory() as place:
    runs = Path(place, "runs")
    diffqas.search("bessel", depth=2, epochs=3, output=runs / "bessel", quiet=True)

    for summary in list_runs(runs):
        print(summary.name, summary.task, summary.state, summary.median)

    # In a notebook, `run` alone is a table, and `run.plot()` as the last line of a cell a picture.
    run = diffqas.load(runs / "bessel")
    print(run)
    print({name: run.result[name] for name in ("trainable_parameters", "target_parameters")})
    run.plot().savefig(Path(place, "predictions.png"))

    # One model for each seed. Its ranking says how much each candidate contributes.
    ranking = run.models[0].ranking()
    figure = Figure()
    axes = figure.add_subplot()
    axes.barh([each.candidate.name for each in ranking], [each.weight for each in ranking])
    axes.set_xlabel("structural weight")
    figure.savefig(Path(place, "candidates.png"), bbox_inches="tight")
