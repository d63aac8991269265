"""Run folders as one page that needs nothing else: what `diffqas report` writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from diffqas.errors import RunError, require
from diffqas.reports import (
    BEST_OF_GATE,
    MARK,
    RunPage,
    Table,
    build,
    classes_in_words,
    number,
    percent,
    spread,
    text_of,
)
from diffqas.runs.report_charts import (
    charts_of,
    circuits_of,
    predictions_of,
    ranking_of,
    weights_of,
)
from diffqas.searches import REPORT, RunConfig, command_of, config_from_json, flat, settings_of
from diffqas.storage import RunFolder, read_file, write_atomically


def report_runs(
    folders: Sequence[str | Path], output: str | Path | None = None, *, overwrite: bool = False
) -> tuple[Path, list[str]]:
    """Write a page about runs, finished or not; it reads their folders and trains nothing.

    What `diffqas report` does, for scripts and notebooks.

    Args:
        folders: run folders, at least one.
        output: the page, FILE.html; None: report.html in the folder of a single run, or here for
            several.
        overwrite: replace a file that is no report.

    Returns:
        Where the page lies, and what the folders lack.

    Raises:
        ArgumentError: no folder, the same one twice, or an `output` that is no FILE.html in a
            folder that exists.
        RunError: a folder holds no run, a file in it is damaged, or another file is in the way.
    """
    paths = [Path(folder) for folder in folders]
    require(len(paths) >= 1, "runs", "name at least one run folder", "none")
    require(
        len({path.resolve() for path in paths}) == len(paths),
        "runs",
        "differ from each other",
        _listed(paths),
    )
    target = (
        Path(output)
        if output is not None
        else (paths[0] / REPORT if len(paths) == 1 else Path(REPORT))
    )
    require(target.suffix == ".html", "output", "name a .html file", target)
    require(
        output is None or target.parent.is_dir(), "output", "lie in a folder that exists", target
    )
    pages = [run_page(path, name) for path, name in zip(paths, _names(paths), strict=True)]
    if not overwrite:
        _spare(target)
    write_atomically(target, build(pages).encode("utf-8", "replace"))
    return target, [f"{page.name}: {note}" for page in pages for note in page.notes]


def run_page(path: Path, name: str | None = None) -> RunPage:
    """Everything that a run folder tells.

    Args:
        path: the folder.
        name: heading; None: the folder's name.

    Raises:
        RunError: no run there, or a damaged file.
    """
    folder = RunFolder(path)
    stored = folder.load_config()
    config = config_from_json(stored)
    result = folder.load_result() if folder.finished else None
    try:
        return _gathered(
            folder, name or path.resolve().name, config, stored.get("environment", {}), result
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError) as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise RunError(
            f"The files in {path} do not fit each other or this version of diffqas ({what})."
        ) from None


def _gathered(
    folder: RunFolder,
    name: str,
    config: RunConfig,
    environment: dict[str, Any],
    result: dict[str, Any] | None,
) -> RunPage:
    records, command = folder.records(), command_of(config)
    predictions, lacking = predictions_of(folder, config)
    classes = classes_in_words((result or {}).get("classes"))
    if result is not None and not records:
        lacking.append(
            "metrics.jsonl is missing or holds nothing: no curves, no structural weights over the epochs"
        )
    return RunPage(
        name=name,
        task=f"{config.dataset} ({classes})" if classes else config.dataset,
        model=config.kind.name,
        summary=_unfinished(folder, config, records) if result is None else _summary(result),
        finished=result is not None,
        tiles={} if result is None else _tiles(result),
        results=None if result is None else _results(result),
        charts=charts_of(folder, config, records, (result or {}).get("higher", ())),
        weights=weights_of(config, records, result),
        predictions=predictions,
        circuits=circuits_of(folder, config),
        ranking=None if result is None else ranking_of(result),
        leaders=None if result is None else ranking_of(result, BEST_OF_GATE),
        settings=settings_of(config),
        versions=flat(environment),
        command=command.text if command.words else "",
        remarks=command.remarks,
        failures=[]
        if result is None
        else [f"Seed {seed}: {why}" for seed, why in result["failures"].items()],
        notes=lacking,
    )


def _main(result: dict[str, Any]) -> tuple[str, str]:
    """Name and text of a result's main figure."""
    if "mean_reward" in result:
        return "mean reward", _spread(result["mean_reward"])
    metric = result["metric"]
    return f"test {metric}", _spread(result[f"test_{metric}"], text_of(metric))


def _spread(values: Iterable[float | None], text: Callable[[float], str] = number) -> str:
    """As of the terminal, without seeds whose figure is no number: they diverged.

    >>> _spread([1.0, float("nan"), None])
    '1'
    """
    return spread((value for value in values if value is not None and math.isfinite(value)), text)


def _summary(result: dict[str, Any]) -> str:
    what, figure = _main(result)
    if "mean_reward" in result:
        episodes = max(int(count) for count in result["episodes"])
        last = min(episodes, result["last"])
        after = (
            f"over the last {last:,} of {episodes:,} episodes"
            if last < episodes
            else f"over {episodes:,} episodes"
        )
    else:
        after = f"after {result['epochs']:,} epoch{'s' * (result['epochs'] != 1)}"
        if "selected_epoch" in result:
            after += " (of each seed the best one on held-out training samples)"
    count, target = result["trainable_parameters"], result["target_parameters"]
    place = "" if target is None else f" in place of {target:,}"
    return f"{what[0].upper()}{what[1:]} {figure} {after}, with {count:,} trainable numbers{place}."


def _unfinished(folder: RunFolder, config: RunConfig, records: list[dict[str, Any]]) -> str:
    remedy = f"continue it with `diffqas resume {folder.path}`"
    if not records:
        return f"This run is not finished, and no epoch is recorded yet: {remedy}."
    last = records[-1]
    if "episodes" in last:
        done = f"{max(last['episodes']):,} of {config.settings.episodes:,} episodes"  # pyright: ignore[reportAttributeAccessIssue]
    else:
        done = f"{last['epoch']:,} of {config.settings.epochs:,} epochs"  # pyright: ignore[reportAttributeAccessIssue]
    return f"This run is not finished ({done}): {remedy}."


def _tiles(result: dict[str, Any]) -> dict[str, str]:
    what, figure = _main(result)
    count, target = result["trainable_parameters"], result["target_parameters"]
    tiles = {what: figure, "trainable numbers": f"{count:,}"}
    if target is not None:
        tiles |= {"weights written": f"{target:,}", "ratio": f"{target / count:.1f}x"}
    minutes, seconds = divmod(round(result["seconds"]), 60)
    seeds = len(result["seeds"])
    time = f"{minutes} min {seconds} s" if minutes else f"{result['seconds']:.1f} s"
    return tiles | {"seeds": str(seeds), "time": time, "parameters": result["report"]}


def _results(result: dict[str, Any]) -> Table:
    agents = "mean_reward" in result
    metric = "reward" if agents else result["metric"]
    text = number if agents else text_of(metric)
    if agents:
        success, steps = _spread(result["success_rate"], percent), _spread(result["mean_length"])
        remark = f"{result['recipe']} recipe, {result['algorithm']}; success {success}; steps of an episode {steps}"
    else:
        remark = f"{result['recipe']} recipe, train {_spread(result[f'train_{metric}'], text)}"
    rows = [("this run", _main(result)[1], remark)]
    for row in result["references"]:
        rows.append((row["name"], _spread(row.get("values", [row["value"]]), text), row["remark"]))
    return Table(("model", _main(result)[0], "remark"), rows, strong=0, numeric=(1,))


def _names(paths: Sequence[Path]) -> list[str]:
    """Folder names; whole paths where two folders have the same name."""
    names = [path.resolve().name for path in paths]
    return [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, paths, strict=True)
    ]


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))


def _spare(target: Path) -> None:
    """Refuse to replace what is no report."""
    if not target.exists():
        return
    try:
        own = MARK.encode() in read_file(target)[:2_000]
    except OSError:
        own = False
    if not own:
        raise RunError(f"{target} is no report of diffqas. Give another --output, or --overwrite.")
