"""A finished run: its figures, models and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import RenderableType

from diffqas.errors import RunError
from diffqas.kinds import AnyModel
from diffqas.reports import RunResult
from diffqas.searches.agent_artefacts import EPISODES, rewards_picture
from diffqas.searches.artefacts import SAMPLES, curves_picture, prediction_picture
from diffqas.searches.result_table import report_of
from diffqas.storage import Json, RunFolder
from diffqas.text import html_table, text_table


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run, as `search` returns it.

    Attributes:
        folder: the run folder, to which everything was written.
        result: the content of result.json.
        models: one trained model per seed: a `QuantumTrain` (qt), a `diffqas.layers.Forecaster`
            (qlstm), `HybridModel` (vqc) or `FastWeightForecaster` (qfwp), or in an environment a
            `diffqas.agents.Agent`.
    """

    folder: Path
    result: Json
    models: list[AnyModel]

    @property
    def outcome(self) -> RunResult:
        """The result with a type for every entry.

        Raises:
            RunError: an entry of result.json is missing or wrong, as in that of another program.
        """
        return RunResult.from_json(self.result, RunFolder(self.folder).result)

    def plot(self) -> Figure:
        """Draw the run's picture: predictions (series), rewards (environments) or curves.

        It is that of `predictions.png`, `rewards.png` or `curves.png` in the run folder.

        Raises:
            RunError: what the picture is drawn from is missing or damaged.
        """
        folder = RunFolder(self.folder)
        if (self.folder / EPISODES).exists():
            return rewards_picture(folder)
        if (self.folder / SAMPLES).exists():
            return prediction_picture(folder)
        outcome = self.outcome
        return curves_picture(folder, outcome.classes, outcome.higher, outcome.scale)

    def _facts(self) -> list[tuple[str, str]]:
        """What the short table shows; of a result that is not one of ours the folder alone."""
        try:
            outcome = self.outcome
        except RunError:
            return [("folder", str(self.folder))]
        return [("run", outcome.heading), *outcome.facts(), ("folder", str(self.folder))]

    def __repr__(self) -> str:
        return text_table((), self._facts())

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return html_table((), self._facts())

    def __rich__(self) -> RenderableType:
        return report_of(self.outcome)
