"""Run folders as one page that needs nothing else: what `diffqas report` writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from diffqas.agents import AgentSettings
from diffqas.errors import RunError, path_of, require
from diffqas.reports import (
    BEST_OF_GATE,
    MARK,
    STUCK,
    AnyRecord,
    RunPage,
    RunResult,
    Table,
    build,
    classes_in_words,
    number,
    percent,
    ranking_title,
    records_of,
    spread,
    text_of,
    verdict,
)
from diffqas.runs.report_charts import charts_of, predictions_of, ranking_of, weights_of
from diffqas.runs.report_circuits import circuits_of, trials_of
from diffqas.searches import (
    OWN_SERIES,
    REPORT,
    RunConfig,
    choices_in_words,
    command_of,
    config_from_json,
    flat,
)
from diffqas.storage import (
    Entries,
    RunFolder,
    StoredEnvironment,
    read_file,
    understood,
    write_atomically,
)

NO_RECORDS = (
    "metrics.jsonl is missing or holds nothing: no curves, no structural weights over the epochs"
)


def report_runs(
    folders: Sequence[str | Path], output: str | Path | None = None, *, overwrite: bool = False
) -> tuple[Path, list[str]]:
    """Write a page about runs, finished or not, from what their folders hold.

    This is what `diffqas report` does, for scripts and notebooks. Nothing is trained.

    Args:
        folders: the run folders, at least one.
        output: the page, FILE.html. None stands for report.html in the folder of a single run, or
            in the present folder for several runs.
        overwrite: whether a file that is no report may be replaced.

    Returns:
        The path of the page, and notes on what the folders lack.

    Raises:
        ArgumentError: there is no folder, a folder is named twice, or `output` is no FILE.html in
            an existing folder.
        RunError: a folder holds no run, a file in it is damaged, or another file is in the way.
    """
    paths = [path_of(folder, "runs") for folder in folders]
    different = {path.resolve() for path in paths}
    require(len(paths) >= 1, "runs", "name at least one run folder", "none")
    require(len(different) == len(paths), "runs", "differ from each other", _listed(paths))
    target = _target(paths, output)
    # All folders are read before anything is written, so that a damaged folder destroys no report.
    pages = [run_page(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    if not overwrite:
        _spare(target)
    write_atomically(target, build(pages).encode("utf-8", "replace"))
    return target, [f"{page.name}: {note}" for page in pages for note in page.notes]


def _target(paths: Sequence[Path], output: str | Path | None) -> Path:
    """The file to write."""
    if output is None:
        # The folder of a single run is looked for when the run is read.
        if len(paths) == 1:
            return paths[0] / REPORT
        return Path(REPORT)
    target = path_of(output, "output")
    require(target.suffix == ".html", "output", "name a .html file", target)
    require(target.parent.is_dir(), "output", "lie in a folder that exists", target)
    return target


def run_page(path: Path, name: str | None = None) -> RunPage:
    """Gather the content of a page from a run folder.

    Args:
        path: the folder.
        name: the heading; None stands for the name of the folder.

    Raises:
        RunError: there is no run, or a file is damaged.
    """
    folder = RunFolder(path)
    stored = folder.load_config()
    config = config_from_json(stored)
    environment = StoredEnvironment.of(Entries.of(stored, folder.config))
    result = None
    if folder.finished:
        result = RunResult.from_json(folder.load_result(), folder.result)
    if name is None:
        name = path.resolve().name
    # Each file by itself is sound by now; together they may still be of two runs.
    with understood(path):
        return _gathered(folder, name, config, environment, result)


def _gathered(
    folder: RunFolder,
    name: str,
    config: RunConfig,
    environment: StoredEnvironment,
    result: RunResult | None,
) -> RunPage:
    records = records_of(folder)
    higher: tuple[str, ...] = ()
    units = ""
    if result is not None:
        higher, units = result.higher, result.units
    command = command_of(config)
    line = ""
    if command.words:
        line = command.text
    predictions, notes = predictions_of(folder, config)
    trials, missing = trials_of(folder)
    notes += missing
    page = RunPage(
        name=name,
        task=config.dataset,
        model=config.kind.name,
        summary="",
        finished=result is not None,
        charts=charts_of(folder, config, records, higher, units),
        weights=weights_of(config, records, result),
        predictions=predictions,
        circuits=circuits_of(folder, config),
        trials=trials,
        settings=choices_in_words(config),
        versions=flat(environment.to_json()) | _begun(environment),
        command=line,
        remarks=command.remarks,
        notes=notes,
    )
    if result is None:
        notes += _damage(folder, records[-1].epoch if records else 0)
        return replace(page, summary=_unfinished(folder, config, records))
    if not records:
        notes.append(NO_RECORDS)
    else:
        notes += _damage(folder, result.epochs or records[-1].epoch)
    return _finished(page, result)


def _begun(environment: StoredEnvironment) -> dict[str, str]:
    return {} if environment.created is None else {"created": environment.created}


def _damage(folder: RunFolder, epochs: int) -> list[str]:
    """A note if metrics.jsonl does not tell of all epochs that were trained."""
    missing = folder.missing_epochs(epochs)
    if not missing:
        return []
    return [f"metrics.jsonl is damaged, and lacks of {epochs:,} epochs: {missing}"]


def _finished(page: RunPage, result: RunResult) -> RunPage:
    """The page with what only a finished run has."""
    task, classes = page.task, classes_in_words(result.classes)
    if task == OWN_SERIES:
        task = result.task  # file and column
    if classes:
        task = f"{task} ({classes})"
    cost = result.cost_in_words()
    return replace(
        page,
        task=task,
        notes=page.notes if cost is None else [*page.notes, cost],
        summary=_summary(result),
        tiles=_tiles(result),
        results=_results(result),
        ranking=ranking_of(result) if result.ranking else None,
        leaders=ranking_of(result, BEST_OF_GATE) if result.ranking else None,
        ranked_by=ranking_title(result.ranking, result.relaxation),
        failures=[f"Seed {seed}: {why}" for seed, why in result.failures.items()],
        stuck=[f"Seed {seed} {STUCK}: {why}" for seed, why in result.stuck.items()],
    )


def _main(result: RunResult) -> tuple[str, str]:
    """Name and text of a result's main figure."""
    if result.agents is not None:
        return "mean reward", _spread(result.figure("mean_reward"))
    return f"test {result.metric}", _spread(result.test(), text_of(result.metric))


def _spread(values: Iterable[float | None], text: Callable[[float], str] = number) -> str:
    """The spread as the terminal shows it, without seeds that diverged.

    >>> _spread([1.0, float("nan"), None])
    '1'
    """
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return spread(finite, text)


def _summary(result: RunResult) -> str:
    what, figure = _main(result)
    after = _after_epochs(result)
    if result.agents is not None:
        after = _after_episodes(result, result.agents.last)
    heading = f"{what[0].upper()}{what[1:]} {figure}"
    summary = f"{heading}{after}{_numbers(result)}."
    judged = verdict(result)
    return summary if judged is None else f"{summary} {judged.text}"


def _numbers(result: RunResult) -> str:
    """How many numbers were trained, and how many weights they replace."""
    if result.trainable_parameters is None:
        return ""
    place = ""
    if result.target_parameters is not None:
        place = f" in place of {result.target_parameters:,}"
    return f", with {result.trainable_parameters:,} trainable numbers{place}"


def _after_episodes(result: RunResult, last: int) -> str:
    # A seed that was frozen has fewer episodes than the others, or none that is counted.
    episodes = max(int(count or 0) for count in result.figure("episodes"))
    if last < episodes:
        return f" over the last {last:,} of {episodes:,} episodes"
    return f" over {episodes:,} episodes"


def _after_epochs(result: RunResult) -> str:
    if result.epochs is None:
        return ""
    epochs = f"{result.epochs:,} epochs"
    if result.epochs == 1:
        epochs = "1 epoch"
    if "selected_epoch" in result.figures:
        return f" after {epochs} (of each seed the best one on held-out training samples)"
    return f" after {epochs}"


def _unfinished(folder: RunFolder, config: RunConfig, records: Sequence[AnyRecord]) -> str:
    remedy = f"continue it with `diffqas resume {folder.path}`"
    if not records:
        return f"This run is not finished, and no epoch is recorded yet: {remedy}."
    last, settings = records[-1], config.settings
    total = settings.episodes if isinstance(settings, AgentSettings) else settings.epochs
    done = f"{last.done:,} of {total:,} {last.unit}s"
    if isinstance(settings, AgentSettings) and settings.most_steps is not None:
        done = f"{last.done:,} {last.unit}s, until {settings.most_steps:,} steps are done"
    return f"This run is not finished ({done}): {remedy}."


def _tiles(result: RunResult) -> dict[str, str]:
    what, figure = _main(result)
    count, target = result.trainable_parameters, result.target_parameters
    tiles = {what: figure}
    if count is not None:
        tiles["trainable numbers"] = f"{count:,}"
    if target is not None and count is not None:
        tiles["weights written"] = f"{target:,}"
        tiles["ratio"] = f"{target / count:.1f}x"
    tiles["seeds"] = str(len(result.seeds))
    if result.seconds is not None:
        tiles["time"] = _time(result.seconds)
    tiles["parameters"] = result.report
    return tiles


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{seconds:.1f} s"
    return f"{minutes} min {rest} s"


def _results(result: RunResult) -> Table:
    what, figure = _main(result)
    text = text_of(result.metric)
    if result.agents is not None:
        success = _spread(result.figure("success_rate"), percent)
        steps = _spread(result.figure("mean_length"))
        remark = f"{result.recipe} recipe, {result.agents.algorithm}; success {success}"
        remark += f"; steps of an episode {steps}"
    else:
        train = _spread(result.figure(f"train_{result.metric}"), text)
        remark = f"{result.recipe} recipe, train {train}"
    rows = [("this run", figure, remark)]
    for row in result.references:
        rows.append((row.name, _spread(row.each, text), result.remark_on(row)))
    return Table(("model", what, "remark"), rows, strong=0, numeric=(1,))


def _names(paths: Sequence[Path]) -> list[str]:
    """Folder names; whole paths where two folders have the same name."""
    names = [path.resolve().name for path in paths]
    told: list[str] = []
    for name, path in zip(names, paths, strict=True):
        alone = names.count(name) == 1
        told.append(name if alone else str(path))
    return told


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _spare(target: Path) -> None:
    """Refuse to replace what is no report."""
    if not target.exists():
        return
    try:
        own = MARK.encode() in read_file(target)[:2_000]
    except OSError:
        own = False  # what cannot be read is not known to be a report, and is kept
    if not own:
        raise RunError(f"{target} is no report of diffqas. Give another --output, or --overwrite.")
