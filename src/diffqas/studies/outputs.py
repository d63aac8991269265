"""A study's tables in the terminal and as CSV, Markdown and LaTeX, from the same comparisons."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from diffqas.reports import plain_text, save_figure
from diffqas.storage import csv_content, write_atomically
from diffqas.studies.columns import Column, columns_for, legend
from diffqas.studies.distribution import distribution_figure
from diffqas.studies.entries import Comparison, Entry
from diffqas.studies.metric import MISSING
from diffqas.studies.sentences import sentence
from diffqas.text import latex as quoted
from diffqas.text import markdown

ROW_WIDTH = 28
STYLES = {"better": "green", "worse": "red", "undecided": "", "untested": "dim", None: "bold"}

_NUMBER = re.compile(r"(?<![\w.-])(-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|inf))(?!\w|\.\d)")


def terminal_tables(comparisons: Sequence[Comparison], width: int | None = None) -> RenderableType:
    """One table per data set and the sentence below it.

    Args:
        comparisons: one per data set.
        width: columns of the terminal; what does not fit is left out, least important first, and
            said.
    """
    parts: list[RenderableType] = []
    for comparison in comparisons:
        every = columns_for(comparison)
        columns = _fitting(every, comparison.entries, width)
        title = f"{comparison.study}: {comparison.dataset}, final test {comparison.metric.title}"
        table = Table(title=plain_text(title), title_justify="left", box=None, pad_edge=False)
        for column in columns:
            first = column is every[0]
            table.add_column(column.header, justify="left" if first else "right", no_wrap=not first)
        for entry in comparison.entries:
            table.add_row(
                *(plain_text(column.text(entry)) for column in columns), style=STYLES[entry.verdict]
            )
        parts += [table, Text(""), plain_text(sentence(comparison)), Text("")]
        if len(columns) < len(every):
            absent = ", ".join(column.header for column in every if column not in columns)
            parts[-1:] = [Text(f"Left out for want of width: {absent}.", style="dim"), Text("")]
    return Group(*parts, *(Text(line, style="dim") for line in _legends(comparisons)))


def csv_text(comparisons: Sequence[Comparison]) -> str:
    """All fields of all entries, numbers in full; several values in one field are separated by
    spaces.
    """
    names = [field.name for field in dataclasses.fields(Entry)]
    headings = comparisons[0].metric.headings if comparisons else {}
    rows = [["study", *(headings.get(name, name) for name in names)]]
    for comparison in comparisons:
        for entry in comparison.entries:
            fields = [_field(getattr(entry, name), name) for name in names]
            rows.append([comparison.study, *fields])
    return csv_content(rows)


def markdown_text(comparisons: Sequence[Comparison], level: int = 2) -> str:
    """One heading, table and sentence per data set, and the legend."""
    parts = []
    for comparison in comparisons:
        columns = columns_for(comparison)
        parts += [f"{'#' * level} {markdown(comparison.dataset)}", ""]
        parts.append(_markdown_row([column.header for column in columns]))
        parts.append("| --- |" + " ---: |" * (len(columns) - 1))
        for entry in comparison.entries:
            cells = [markdown(column.text(entry)) for column in columns]
            parts.append(
                _markdown_row(
                    [f"**{cells[0]}**" if entry.verdict is None else cells[0], *cells[1:]]
                )
            )
        parts += ["", markdown(sentence(comparison)), ""]
    return "\n".join([*parts, *_legends(comparisons), ""])


def latex_text(comparisons: Sequence[Comparison]) -> str:
    """One `table*` per data set, rules between the groups of rows; the packages booktabs and
    graphicx are needed.
    """
    lines = [r"% \usepackage{booktabs,graphicx}"]
    for comparison in comparisons:
        columns = columns_for(comparison)
        label = re.sub(r"[^A-Za-z0-9]+", "-", f"{comparison.study}-{comparison.dataset}")
        lines += [r"\begin{table*}", r"\centering", rf"\caption{{{latex(sentence(comparison))}}}"]
        lines += [rf"\label{{tab:{label}}}", r"\resizebox{\textwidth}{!}{%"]
        lines += [rf"\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}", r"\toprule"]
        lines += [_latex_row([column.header for column in columns]), r"\midrule"]
        group = comparison.entries[0].group
        for entry in comparison.entries:
            if entry.group != group:
                lines.append(r"\midrule")
                group = entry.group
            lines.append(_latex_row([column.text(entry) for column in columns]))
        lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table*}", ""]
    return "\n".join(lines)


def latex(text: str) -> str:
    r"""Text for LaTeX: special characters escaped, numbers with an exponent or a sign in
    mathematics.

    >>> print(latex("5 % of 1.20e-06 .. -2, d_z"))
    5 \% of $1.20\times10^{-6}$--$-2$, d\_z
    """
    parts = _NUMBER.split(text)  # text and numbers in turn
    for index, part in enumerate(parts):
        parts[index] = _mathematics(part) if index % 2 else quoted(part).replace(MISSING, "--")
    return "".join(parts).replace(" .. ", "--")


def write_outputs(
    comparisons: Sequence[Comparison], folder: Path, stem: str = "table"
) -> dict[str, Path]:
    """Write `stem`.csv, .md, .tex and .png into a folder, each whole or not at all.

    Returns:
        The paths by "csv", "markdown", "latex" and "figure".
    """
    paths = {
        kind: folder / f"{stem}.{end}"
        for kind, end in {"csv": "csv", "markdown": "md", "latex": "tex", "figure": "png"}.items()
    }
    write_atomically(paths["csv"], csv_text(comparisons).encode())
    write_atomically(paths["markdown"], markdown_text(comparisons).encode())
    write_atomically(paths["latex"], latex_text(comparisons).encode())
    save_figure(distribution_figure(comparisons), paths["figure"])
    return paths


def _fitting(
    columns: Sequence[Column], entries: Sequence[Entry], width: int | None
) -> list[Column]:
    """The columns that a terminal has room for, two spaces apart, the row's name folded at
    `ROW_WIDTH`.
    """

    def needed(column: Column) -> int:
        widest = max(
            cell_len(text) for text in [column.header, *(column.text(entry) for entry in entries)]
        )
        return min(widest, ROW_WIDTH) if column is columns[0] else widest

    # The first two columns, the row and its median, stay however narrow the terminal is.
    kept = list(columns)
    while (
        width is not None and sum(needed(column) + 2 for column in kept) > width and len(kept) > 2
    ):
        kept.remove(max(kept, key=lambda column: column.rank))
    return kept


def _legends(comparisons: Sequence[Comparison]) -> list[str]:
    return list(dict.fromkeys(legend(comparison.metric) for comparison in comparisons))


def _field(value: object, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return (" = " if name == "rows" else " ").join(map(str, value))
    return str(value)


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(latex, cells)) + r" \\"


def _mathematics(figure: str) -> str:
    if "e" in figure:
        head, exponent = figure.split("e")
        return rf"${head}\times10^{{{int(exponent)}}}$"
    if figure.endswith("inf"):
        return figure.replace("inf", r"\infty").join("$$")
    return f"${figure}$" if figure.startswith("-") else figure
