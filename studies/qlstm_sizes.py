"""What depth, candidates and hidden size of a quantum LSTM are worth, and what they cost.

    diffqas study studies/qlstm_sizes.py:QLSTM_SIZES

Each row changes one of them in the search with one set of angles for each gate (depth 5, 36
candidates, hidden size 5). Every row is trained by the default recipe on two series. The test part
is measured, but nothing is chosen by it. The table has the seconds, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from diffqas.circuits import encoded_findings
from diffqas.kinds import QLSTM_RECIPES, QLSTMKind, nearest_hidden_size
from diffqas.studies import Row, Study, TrainedRow, populations
from diffqas.tasks import Settings
from qlstm_table import lstm

DEPTHS = (1, 2, 10)
HIDDEN_SIZES = (2, 3, 6)
"""With 6 a gate has seven qubits. Eight are the most whose coefficients are computed once per call;
they take three times as long.
"""

BASE = QLSTMKind(sharing="shared")


def rows(settings: Settings, recipe: str) -> list[Row]:
    """The search as it is, then one thing changed at a time; LSTMs of about as many numbers."""
    searches = dict(_searches(settings))
    sizes = {nearest_hidden_size(kind.count(chosen)) for kind, chosen in searches.values()}
    return [
        *(_row(name, kind, chosen) for name, (kind, chosen) in searches.items()),
        *(lstm(size, settings, recipe) for size in sorted(sizes)),
    ]


def _searches(settings: Settings) -> Iterator[tuple[str, tuple[QLSTMKind, Settings]]]:
    every, depth, hidden = len(BASE.candidates), settings.depth, BASE.hidden_size
    yield f"depth {depth}, {every} candidates, hidden {hidden}", (BASE, settings)
    for value in DEPTHS:
        yield f"depth {value}", (BASE, replace(settings, depth=value))
    live = _live(settings)
    yield f"{len(live.candidates)} live candidates", (live, settings)
    yield "one candidate, C1", (QLSTMKind.choose(circuit="C1"), settings)
    for value in HIDDEN_SIZES:
        yield f"hidden {value}", (replace(BASE, hidden_size=value), settings)


def _live(settings: Settings) -> QLSTMKind:
    """Only the candidates whose outputs depend on input and angles."""
    hidden = BASE.hidden_size
    findings = encoded_findings(BASE.candidates, hidden + 1, settings.depth, hidden)
    pairs = zip(BASE.candidates, findings, strict=True)
    return replace(BASE, candidates=tuple(one for one, finding in pairs if finding.live))


def _row(name: str, kind: QLSTMKind, settings: Settings) -> TrainedRow:
    return TrainedRow(
        name,
        "search",
        settings,
        partial(populations.of_kind, kind=kind),
        work=settings.depth / 5 * (kind.hidden_size + 1) / 6,
        has_target=False,
    )


QLSTM_SIZES = Study(rows, ("bessel", "narma5"), recipes=lambda: QLSTM_RECIPES)
