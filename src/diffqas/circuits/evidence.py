"""What is known of one circuit with data, and how it is known."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

STRINGS, RULES, RESIDUES, MEASURED = "strings", "rules", "residues", "measured"
"""How a finding is known.

`strings`: proved by the Pauli strings of the outputs (`diffqas.circuits.paulis`). `rules`: dead and
equal circuits are proved by rules that hold at every size; what no rule names counts as live.
`residues`: exact arithmetic modulo a prime at random places (`diffqas.circuits.residues`), wrong
with a chance below 1e-10. `measured`: floating-point values at random places
(`diffqas.circuits.measured`).
"""


class Evidence(NamedTuple):
    """What one method finds out about a circuit."""

    inputs: tuple[int, ...]
    """The encoding angles on which some output depends."""
    trains: bool
    """Whether some output depends on the angles."""
    constant: tuple[int, ...] | None
    """The values of the outputs if they depend on nothing, else None.

    With trained observables it is empty, as their values depend on the trained numbers.
    """
    mark: Hashable
    """Equal for circuits that are the same function of inputs and shared angles."""
