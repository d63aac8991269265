"""The search against every other row of a data set: medians, paired tests, one Holm family."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from diffqas.errors import RunError
from diffqas.studies import statistics
from diffqas.studies.cell import Cell
from diffqas.studies.entries import Comparison as Comparison
from diffqas.studies.entries import Entry as Entry
from diffqas.studies.entries import NamedRow
from diffqas.studies.entries import Verdict as Verdict
from diffqas.studies.merging import MergedRow, merge, row_of
from diffqas.studies.metric import MSE, Metric


def compare(
    cells: Iterable[Cell],
    baseline: str | None = None,
    alpha: float = 0.05,
    metric: Metric = MSE,
    named: tuple[NamedRow, ...] = (),
) -> Comparison:
    """Compare one row with every other row of one data set.

    Differences are ``cost(row) - cost(baseline)`` at equal seeds (`statistics.paired_differences`),
    the metric's cost being log MSE or minus the accuracy; they are tested by all sign flips
    (`statistics.sign_flip_p`) and adjusted by Holm's procedure over the data set's rows. A
    deterministic row is compared with every seed of the baseline. Rows of fewer than six pairs
    (`statistics.FEWEST_PAIRS`) are not tested.

    Args:
        cells: cells of one data set, in the order of the table.
        baseline: the row to compare with; by default the first of group "search".
        alpha: adjusted p below which a difference counts as found.
        metric: which figure of the cells.
        named: rows that the sentence below the table always speaks of.

    Raises:
        RunError: there are no cells, or cells of several data sets; a row is given twice; or there
            is no such baseline, or it has no seeds.
    """
    listed = list(cells)
    datasets = list(dict.fromkeys(cell.dataset for cell in listed))
    if len(datasets) != 1:
        raise RunError(
            "A comparison needs the cells of one data set, but got "
            f"{', '.join(datasets) or 'none'}."
        )
    (dataset,) = datasets
    rows = [row_of(cell, metric.test) for cell in listed]
    baseline = _baseline(rows, baseline, dataset)
    merged = merge(rows, baseline)
    search = next(row for row in merged if row.name == baseline)
    entries = [_described(row, dataset, metric) for row in merged]
    for place, row in enumerate(merged):
        if row is not search:
            entries[place] = _tested(entries[place], row, search, metric)
    # One family per data set: provably equal rows were merged before, so that they count once.
    adjusted = statistics.holm(statistics.numbers([entry.p for entry in entries]))
    final = [
        _decided(entry, float(p), alpha, metric) for entry, p in zip(entries, adjusted, strict=True)
    ]
    study = listed[0].study
    unlike = tuple(each for row in merged for each in row.unlike)
    return Comparison(study, dataset, baseline, tuple(final), alpha, metric, named, unlike)


def compare_all(
    cells: Iterable[Cell],
    baseline: str | None = None,
    alpha: float = 0.05,
    metric: Metric = MSE,
    named: tuple[NamedRow, ...] = (),
) -> list[Comparison]:
    """`compare` for each data set of a study, in the order of their first cells."""
    columns: dict[str, list[Cell]] = {}
    for cell in cells:
        columns.setdefault(cell.dataset, []).append(cell)
    return [compare(column, baseline, alpha, metric, named) for column in columns.values()]


def _baseline(rows: list[MergedRow], wanted: str | None, dataset: str) -> str:
    names = [row.name for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RunError(
            f"Row {min(twice)!r} stands twice among the cells of {dataset}. Remove one of them."
        )
    searches = [row.name for row in rows if row.group == "search"]
    if wanted is None and not searches:
        raise RunError(f"The cells of {dataset} hold no row of group 'search' to compare with.")
    name = searches[0] if wanted is None else wanted
    if name not in names:
        raise RunError(f"The cells of {dataset} hold no row {name!r} to compare with.")
    if next(row for row in rows if row.name == name).deterministic:
        raise RunError(
            f"Row {name!r} of {dataset} has no seeds, so nothing can be compared with it."
        )
    return name


def _described(row: MergedRow, dataset: str, metric: Metric) -> Entry:
    finished = {seed: error for seed, error in row.errors.items() if error is not None}
    errors = tuple(finished.values())
    median, q1, q3 = statistics.median_and_quartiles(errors)
    _, low, high = statistics.median_interval(errors)
    seeds = tuple(finished)
    if row.deterministic:
        # One figure without a seed has no spread.
        seeds, q1, q3 = (), math.nan, math.nan
    return Entry(
        dataset=dataset,
        row=row.name,
        rows=row.names,
        group=row.group,
        trainable=row.trainable,
        target=row.target,
        deterministic=row.deterministic,
        seeds=seeds,
        errors=errors,
        failed=tuple(sorted(row.failures.keys() | (row.errors.keys() - finished.keys()))),
        median=_known(median),
        q1=_known(q1),
        q3=_known(q3),
        low=_known(low),
        high=_known(high),
        worst=metric.worst(errors, median),
        paper=row.papers,
        seconds=row.seconds,
    )


def _tested(entry: Entry, row: MergedRow, search: MergedRow, metric: Metric) -> Entry:
    if row.deterministic:
        (reference,) = statistics.numbers(list(row.errors.values())).tolist()
        differences, dropped = statistics.differences_from(reference, search.errors, metric.cost)
    else:
        differences, dropped = statistics.paired_differences(row.errors, search.errors, metric.cost)
    ratio = metric.mean_effect(differences)
    p, smallest_p = None, None
    if len(differences) >= statistics.FEWEST_PAIRS:
        p = _known(statistics.sign_flip_p(differences))
        smallest_p = statistics.smallest_p(len(differences))
    return replace(
        entry,
        pairs=len(differences),
        dropped=dropped,
        p=p,
        smallest_p=smallest_p,
        ratio=_known(ratio.value),
        ratio_low=_known(ratio.low),
        ratio_high=_known(ratio.high),
        d_z=_known(statistics.cohen_dz(differences)),
        verdict="untested",
    )


def _decided(entry: Entry, p_holm: float, alpha: float, metric: Metric) -> Entry:
    if entry.p is None or entry.ratio is None:
        return entry
    verdict: Verdict = "undecided"
    if p_holm < alpha:
        verdict = "better" if entry.ratio > metric.no_effect else "worse"
    return replace(entry, p_holm=p_holm, verdict=verdict)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
