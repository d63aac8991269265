"""`diffqas candidates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro
from rich.columns import Columns
from rich.panel import Panel
from rich.text import Text

from diffqas.circuits import (
    ENCODED_SPACE,
    QLSTM_SPACE,
    TABLE_I,
    Ansatz,
    AnyCandidate,
    draw,
    encoded_findings,
    findings,
)
from diffqas.cli.candidate_list import found_with_progress, list_findings, typed_observables
from diffqas.cli.cost_list import CostList
from diffqas.cli.spaces import METAVAR, qubits_of, typed_candidates
from diffqas.devices import ALL
from diffqas.errors import require
from diffqas.reports import Terminal, plain_text
from diffqas.text import visible, visible_lines

DRAWN = 4
USUAL_DEPTH = 5
FAST_DEPTH, FAST_OUTPUTS = 2, 4
"""Of a fast weight programmer."""
ALL_OF_THEM = (
    "A search with --model vqc takes sixteen of them by itself, and all of them with --candidates "
    'encoded; so does QuantumLayer(candidates="encoded").'
)
BY_ANGLES = (
    "Of a fast weight programmer the inputs also come by the angles: a candidate that sees none "
    "of its encoding, but trains, may learn there all the same."
)
WIDEST = {"qt": 64, "qlstm": 26, "vqc": 26, "qfwp": 26}
USUAL_QUBITS = {"qlstm": 6, "qfwp": 8}
OF_SERIES = tuple(USUAL_QUBITS)
"""Models with the 36 circuits of `QLSTM_SPACE`."""


@dataclass
class Candidates:
    """Show the candidate circuits, and say which are constant, dead or duplicates, and why."""

    candidates: Annotated[
        tuple[str, ...],
        tyro.conf.arg(
            metavar=METAVAR,
            help="qt, vqc: only these candidates: numbers, names, or files of your own. encoded "
            "stands for all 480 of vqc.",
        ),
    ] = ()
    model: Literal["qt", "qlstm", "vqc", "qfwp"] = "qt"
    """Whose candidates: the twelve circuits that write weights (qt), the 36 with data of a gate of
    the quantum LSTM (qlstm) or of a fast weight programmer (qfwp), or the 480 of a searched quantum
    layer (vqc).
    """
    qubits: int | None = None
    """Qubits; what is dead or a duplicate can depend on them. If not given: 4, with qlstm 6, with
    qfwp 8, or those of a file of your own. At most 8 are drawn.
    """
    depth: int | None = None
    """Layers; with the qubits they decide which inputs an output of a circuit with data sees, and
    what a circuit costs. If not given: 5, with qfwp 2, with vqc two in each upload.
    """
    outputs: int | None = None
    """How many observables are read. If not given: with qlstm all qubits but one, with qfwp four,
    with vqc as many as there are on these qubits.
    """
    uploads: int = 1
    """vqc: how often the data is encoded, each time with as many layers behind it."""
    observables: tuple[str, ...] = ("z",)
    """vqc: what is measured: z, diagonal, hermitian, or Pauli strings such as ZZII IXXI."""
    locality: int = 2
    """vqc: qubits of a window of diagonal or hermitian observables."""
    cost: Literal["two-qubit-gates", "depth"] | None = None
    """Show instead what the circuits cost on a device, the cheapest by this count first."""
    coupling: str | None = None
    """With --cost: the coupling map of the device (line, ring, grid or heavy-hex), or a backend
    (generic, or a fake one such as fake_torino). Qiskit routes the circuits to it. If not given:
    all, which needs no routing and no Qiskit.
    """

    def run(self) -> None:
        """Print the candidates and a summary."""
        fits = not self.candidates or self.model not in OF_SERIES
        require(fits, "candidates", "go with the model qt or vqc", self.model)
        space = ENCODED_SPACE if self.model == "vqc" else TABLE_I
        typed = typed_candidates(self.candidates, space)
        usual = USUAL_QUBITS.get(self.model) or qubits_of(list(typed.values()), DRAWN)
        n = usual if self.qubits is None else self.qubits
        widest = WIDEST[self.model]
        require(1 <= n <= widest, "qubits", f"be between 1 and {widest}", n)
        fits = self.coupling is None or self.cost is not None
        require(fits, "coupling", "go with --cost", self.coupling)
        if self.cost is not None:
            self._costs(self.cost, n, typed)
        elif self.model == "qt":
            _drawn(Terminal(), n, typed)
        elif self.model == "qlstm":
            self._of_series(n, USUAL_DEPTH, max(1, n - 1))
        elif self.model == "qfwp":
            self._of_series(n, FAST_DEPTH, min(n, FAST_OUTPUTS))
            Terminal().say(BY_ANGLES, style="dim")
        else:
            self._of_layer(n, typed)

    def _costs(self, word: str, n: int, typed: dict[int, AnyCandidate]) -> None:
        """Print what the candidates cost."""
        candidates: Mapping[int, AnyCandidate] = typed
        if self.model in OF_SERIES:
            candidates = dict(enumerate(QLSTM_SPACE, 1))
        uploads = self.uploads if self.model == "vqc" else 1
        require(uploads >= 1, "uploads", "be at least 1", uploads)
        usual = {"vqc": 2 * uploads, "qfwp": FAST_DEPTH}.get(self.model, USUAL_DEPTH)
        depth = usual if self.depth is None else self.depth
        coupling = ALL if self.coupling is None else self.coupling
        CostList(word, coupling, n, depth, uploads).show(Terminal(), candidates)

    def _of_series(self, n: int, usual_depth: int, usual_outputs: int) -> None:
        outputs = usual_outputs if self.outputs is None else self.outputs
        depth = usual_depth if self.depth is None else self.depth
        known = encoded_findings(QLSTM_SPACE, n, depth, outputs)
        list_findings(Terminal(), dict(enumerate(known, 1)), n, depth, outputs)

    def _of_layer(self, n: int, typed: dict[int, AnyCandidate]) -> None:
        require(self.uploads >= 1, "uploads", "be at least 1", self.uploads)
        depth = 2 * self.uploads if self.depth is None else self.depth
        measured = typed_observables(self.observables, self.locality)
        outputs = measured.count(n) if self.outputs is None else self.outputs
        console = Terminal()
        known = found_with_progress(
            console, list(typed.values()), n, depth, outputs, self.uploads, measured
        )
        numbered = dict(zip(typed, known, strict=True))
        list_findings(console, numbered, n, depth, outputs, self.uploads, measured)
        if not self.candidates:
            console.say(ALL_OF_THEM, style="dim")


def _drawn(console: Terminal, n: int, typed: dict[int, AnyCandidate]) -> None:
    """One panel per candidate, by its number."""
    known = findings(list(typed.values()), n)
    panels = []
    constants = []
    for index, finding in zip(typed, known, strict=True):
        own = isinstance(finding.candidate, Ansatz)
        drawn = n if own else min(n, 8)
        body = Text(visible_lines(draw(finding.candidate, drawn)), no_wrap=own, overflow="ellipsis")
        body.append(f"\n{finding.reason}", style="red" if finding.constant else "green")
        if finding.duplicate_of is not None:
            twin = visible(finding.duplicate_of.name)
            body.append(f"\nthe same as {twin}", style="red")
        title = plain_text(f"{index}  {finding.candidate.name}")
        width = console.width if own else max(46, console.width // 2 - 2)
        style = "none"
        if finding.constant:
            style = "dim"
            constants.append(str(index))
        panels.append(Panel(body, title=title, width=width, style=style))
    console.print(Columns(panels))
    which = f" ({', '.join(constants)})" if constants else ""
    same = sum(finding.duplicate_of is not None for finding in known)
    head = f"{len(constants)} of {len(known)} are constant whatever their angles"
    rest = f"{which}, {same} repeat an earlier one at equal angles. Constants are never simulated."
    console.say(Text.assemble((head, "bold"), rest))
    console.say(
        "Layers in brackets repeat; ● controls X. H-…-RY is …-RY with the first layer's angles "
        "shifted by pi/2, so with angles of their own those two are one family.",
        style="dim",
    )
