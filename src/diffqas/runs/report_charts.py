"""Curves, structural weights, predictions and ranking of a run folder, for its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from diffqas.agents import BY_STEPS, REWARD_WINDOW, AgentSettings, reward_curve
from diffqas.circuits import CONSTANTS, AnyCandidate, form
from diffqas.reports import (
    AgentRecord,
    AnyRecord,
    Chart,
    EpochRecord,
    Line,
    Place,
    Predictions,
    RankedCandidate,
    RunResult,
    Table,
    Weights,
    band,
    plain,
    stored_rewards,
    thinned,
)
from diffqas.searches import EPISODES, OWN_SERIES, SAMPLES, RunConfig, reward_line
from diffqas.storage import RunFolder
from diffqas.tasks import SERIES, SeriesScale

SERIES_NAMES = (*SERIES, OWN_SERIES)

MOST_STEPS = 200
"""Positions of a slider over structural weights."""

SEEN = "value as the model sees it"

ROLES = {"train": "truth", "test": "prediction"}


def charts_of(
    folder: RunFolder,
    config: RunConfig,
    records: Sequence[AnyRecord],
    higher: Sequence[str] = (),
    units: str = "",
) -> list[Chart]:
    """Charts of the figures over the epochs, one per metric; for agents, rewards over the episodes.

    A chart is logarithmic if all values are above zero and less of the metric is better, which
    means that it is not in `higher`. `units` names the units of the figures.
    """
    of_agents = [record for record in records if isinstance(record, AgentRecord)]
    if of_agents:
        return [_rewards(folder, config, of_agents)]
    of_epochs = [record for record in records if isinstance(record, EpochRecord)]
    if not of_epochs:
        return []
    epochs = [record.epoch for record in of_epochs]
    lines: dict[str, list[Line]] = {}
    for key in of_epochs[0].metrics:
        part, _, metric = key.partition("_")
        if part in ROLES:
            values = [record.metrics[key] for record in of_epochs]
            line = band(part, epochs, values, role=ROLES[part])
            lines.setdefault(metric, []).append(line)
    charts: list[Chart] = []
    for metric, members in lines.items():
        charts.append(replace(_metric(metric, members, metric in higher), units=units))
    return charts


def _metric(metric: str, lines: Sequence[Line], higher: bool) -> Chart:
    """The chart of one metric; `higher`: more of it is better."""
    share = metric == "accuracy"
    decades = not share and not higher and _positive(lines)
    return Chart(metric, metric, "epoch", lines, log=decades, percent=share)


def _positive(lines: Sequence[Line]) -> bool:
    """Whether all that is drawn is above zero, as a logarithm needs it."""
    values = [value for line in lines for value in (*line.y, *line.low)]
    return all(value > 0 for value in values if value is not None)


def _rewards(folder: RunFolder, config: RunConfig, records: Sequence[AgentRecord]) -> Chart:
    path = folder.path / EPISODES
    if not path.exists():
        # Not finished: the records hold means of the last 500 episodes.
        episodes = [float(np.median(record.episodes)) for record in records]
        rewards = [record.reward for record in records]
        line = band("reward", episodes, rewards, role="prediction")
        return Chart("reward", "reward", "episode", [line])
    assert isinstance(config.settings, AgentSettings)
    stored = stored_rewards(path, config.seeds, config.settings.most_steps)
    drawn = reward_line(stored)
    longest = max(map(len, stored.rewards.values()))
    window = max(1, min(REWARD_WINDOW, longest // 10))
    places, mean, deviation = reward_curve(drawn, window)
    kept = thinned(len(mean))
    line = Line(
        "reward",
        x=plain(places[kept]),
        y=plain(mean[kept]),
        low=plain((mean - deviation)[kept]),
        high=plain((mean + deviation)[kept]),
        role="prediction",
    )
    title = f"reward, mean of {window:,} episodes"
    if drawn.lengths is None:
        return Chart("reward", title, "episode", [line])
    # Runs with the same key stand on a common axis.
    return Chart("reward over the steps", title, BY_STEPS, [line])


def weights_of(
    config: RunConfig, records: Sequence[AnyRecord], result: RunResult | None
) -> Weights | None:
    """The structural weights over the epochs, as medians over the seeds; None if there are none."""
    if not records or not np.size(records[0].structural_weights):
        return None
    kept = [records[at] for at in thinned(len(records), MOST_STEPS)]
    values = np.array([record.structural_weights for record in kept], dtype=float)
    middle = np.ma.filled(np.ma.median(np.ma.masked_invalid(values), axis=1), np.nan)
    candidates = config.kind.space
    places = _places(config, result, middle.shape[1] // len(candidates))
    constant = _constant(candidates, result)
    unit, steps = records[0].unit, [record.moment for record in kept]
    names = [candidate.name for candidate in candidates]
    shown = []
    for index, place in enumerate(places):
        rows = middle[:, index * len(candidates) : (index + 1) * len(candidates)]
        values = [plain(row) for row in rows]
        flags = [not constant.isdisjoint([(place, name), ("", name)]) for name in names]
        shown.append(Place(place, names, flags, values))
    return Weights(unit, steps, shown)


def _places(config: RunConfig, result: RunResult | None, count: int) -> list[str]:
    """Names of the places that have structural weights, in their order.

    They are those of the ranking, where there is one.
    """
    ranked: list[str] = []
    if result is not None:
        ranked = list(dict.fromkeys(row.gate for row in result.ranking))
    if len(ranked) == count:
        return ranked
    return config.kind.places(count)


def _constant(candidates: Sequence[AnyCandidate], result: RunResult | None) -> set[tuple[str, str]]:
    """Pairs (place, candidate) of the candidates that are constant.

    Of an unfinished run, those that are so without data; they have no place.
    """
    if result is None:
        unencoded = [each for each in candidates if not each.encodes]
        return {("", each.name) for each in unencoded if form(each) in CONSTANTS}
    rows = [row for row in result.ranking if row.constant]
    return {(row.gate, name) for row in rows for name in row.merged}


def predictions_of(folder: RunFolder, config: RunConfig) -> tuple[dict[int, Chart], list[str]]:
    """Charts of prediction against truth by epoch, and notes on what is missing."""
    path = folder.path / SAMPLES
    if not path.exists():
        return {}, _lacking_predictions(folder, config)
    stored = Predictions.read(path)
    truth, scale = stored.truth, stored.scale
    if scale is None:  # of a task of one's own, or an older version: as the model sees it
        scale = SeriesScale(SEEN, -1.0, 1.0)
    kept = thinned(len(truth), 1_000)
    x = plain(kept)
    boundary = stored.boundary - 0.5
    charts = {}
    for epoch, values in sorted(stored.snapshots.items()):
        lines = [
            Line("truth", x, plain(scale.unscaled(truth[kept])), role="truth", dash=True),
            _prediction(x, scale.unscaled(values[:, kept])),
        ]
        charts[epoch] = Chart("prediction", scale.values, "window", lines, boundary=boundary)
    return charts, []


def _lacking_predictions(folder: RunFolder, config: RunConfig) -> list[str]:
    """A note, where a run that is finished would have predictions."""
    if not folder.finished or config.dataset not in SERIES_NAMES:
        return []
    if "test_mse" not in folder.load_result():
        return []
    return [f"{SAMPLES} is missing: no predictions"]


def _prediction(x: list[float | None], values: np.ndarray) -> Line:
    """The first seed's prediction with a band over the seeds, (seeds, windows).

    Seeds that diverged are left out; where all did, the line is empty.
    """
    sound = values[np.isfinite(values).all(axis=1)]
    if not len(sound):
        return Line("prediction", x, plain(np.full(len(x), np.nan)), role="prediction")
    first = plain(sound[0])
    if len(sound) == 1:
        return Line("prediction", x, first, role="prediction")
    low = plain(sound.min(axis=0))
    high = plain(sound.max(axis=0))
    return Line("prediction", x, first, low, high, role="prediction")


def ranking_of(result: RunResult, most: int | None = None) -> Table:
    """A table of the ranking; with several gates or networks, the best `most` of each."""
    gated = any(row.gate for row in result.ranking)
    several = any(row.several for row in result.ranking)
    rows = result.ranking
    if gated and most is not None:
        rows = _best_of_each(rows, most)
    head = ["candidate", "contribution", "weight"]
    if several:
        head.append("rank")
    head.append("remark")
    numeric = range(1, len(head) - 1)
    body = [_ranking_cells(row, several) for row in rows]
    if gated:
        head.insert(0, "place")
        numeric = range(2, len(head) - 1)
        body = [[row.gate, *cells] for row, cells in zip(rows, body, strict=True)]
    return Table(head, body, numeric=numeric)


def _best_of_each(rows: Sequence[RankedCandidate], most: int) -> list[RankedCandidate]:
    """The first `most` rows of every gate, in the order of all."""
    seen = Counter[str]()
    kept = []
    for row in rows:
        seen[row.gate] += 1
        if seen[row.gate] <= most:
            kept.append(row)
    return kept


def _ranking_cells(row: RankedCandidate, several: bool) -> list[str]:
    """A candidate's line; `several`: with a column of ranks over the seeds."""
    remarks: list[str] = []
    if row.constant:
        remarks.append("constant")
    alike = [name for name in row.merged if name != row.candidate]
    if alike:
        remarks.append(f"the same as {', '.join(alike)}")
    cells = [row.candidate, f"{row.contribution:.4f}", row.weight_in_words(4)]
    if several:
        cells.append(row.rank_in_words())
    return [*cells, "; ".join(remarks)]
