"""Draws the pictures of docs/dead-candidates.md: `python docs/drawings/dead_candidates.py`, some
seconds.
"""

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from diffqas import QLSTM_SPACE, TABLE_I, probabilities
from diffqas.circuits import encoded_findings, findings

PICTURES = Path(__file__).parents[1] / "pictures"
BLUE, GREY, GREEN, YELLOW, LIGHT = "#3b6fb6", "#9a9a9a", "#bfe3c0", "#f6e3a1", "#c9dcf5"


def permutation() -> Figure:
    """One CNOT on two qubits: four probabilities before and after, for three states."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    states = {"any state": [0.4, 0.1, 0.35, 0.15], "|++⟩": [0.25] * 4, "|00⟩": [1, 0, 0, 0]}
    order = [0, 1, 3, 2]  # qubit 0 controls: |10> and |11> change places
    panels = figure.subplots(1, 3)
    for axes, (name, before) in zip(panels, states.items(), strict=True):
        after = np.array(before)[order]
        axes.bar(np.arange(4) - 0.2, before, 0.38, color=GREY, label="before")
        axes.bar(np.arange(4) + 0.2, after, 0.38, color=BLUE, label="after the CNOT")
        axes.set(title=name, ylim=(0, 1.05), yticks=[0, 1])
        axes.set_xticks(range(4), ["00", "01", "10", "11"])
        axes.set_xlabel("basis state")
    panels[0].set_ylabel("probability")
    axes.legend(frameon=False, fontsize=8)
    return figure


def twelve(n: int = 3, depth: int = 4, draws: int = 6) -> Figure:
    """Probabilities of the twelve candidates at random angles; those that never change on grey."""
    angles = 2 * torch.pi * torch.rand(draws, depth, n, generator=torch.Generator().manual_seed(0))
    p = probabilities(TABLE_I, angles)
    figure = Figure(figsize=(8, 7), layout="constrained")
    panels = figure.subplots(4, 3, sharex=True, sharey=True)
    for j, axes in enumerate(panels.flat):
        found = findings(TABLE_I, n)[j]
        for draw in range(draws):
            axes.step(
                range(2**n),
                p[draw, j],
                where="mid",
                color=GREY if found.constant else BLUE,
                alpha=0.7,
            )
        axes.set_title(
            f"{j + 1}  {found.candidate.name}{'   (constant)' if found.constant else ''}",
            fontsize=10,
        )
        axes.set_facecolor("#eeeeee" if found.constant else "white")
        axes.set(ylim=(0, 1.05), xticks=[0, 2**n - 1], yticks=[0, 1])
        axes.set_xticklabels(["000", "111"])
    for axes in panels[:, 0]:
        axes.set_ylabel("probability", fontsize=9)
    for axes in panels[-1]:
        axes.set_xlabel("basis state", fontsize=9)
    return figure


def thirty_six(n: int = 6, depth: int = 5, outputs: int = 5) -> Figure:
    """What each of the 36 candidates of a gate can do, encodings downwards, variational parts
    across.
    """
    found = encoded_findings(QLSTM_SPACE, n, depth, outputs)
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for index, each in enumerate(found):
        row, column = divmod(index, 6)
        if each.live:
            colour, words = GREEN, "live"
        elif each.constant is not None:
            colour, words = "#dddddd", f"always {each.constant[0]}"
        elif each.sees:
            colour, words = YELLOW, "fixed"
        else:
            colour, words = LIGHT, "blind"
        corners = [column, column + 1, column + 1, column], [row, row, row + 1, row + 1]
        axes.fill(*corners, color=colour, ec="white", lw=3)
        axes.text(column + 0.5, row + 0.5, words, ha="center", va="center", fontsize=10)
    encodings = [
        f"{'H, ' if c.hadamard else ''}{str(c.encoding).upper()}" for c in QLSTM_SPACE[::6]
    ]
    parts = [c.name.split("/")[1] for c in QLSTM_SPACE[:6]]
    axes.set_yticks(np.arange(6) + 0.5, encodings)
    axes.set_xticks(np.arange(6) + 0.5, parts)
    axes.set(xlim=(0, 6), ylim=(6, 0), ylabel="encoding")
    axes.set_xlabel("variational part")
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure


if __name__ == "__main__":
    for figure, name in (
        (permutation(), "cnot"),
        (twelve(), "twelve"),
        (thirty_six(), "thirty-six"),
    ):
        figure.savefig(PICTURES / f"{name}.png", dpi=110)
