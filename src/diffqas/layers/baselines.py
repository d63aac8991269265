"""The six circuits chosen by hand that the search is compared with."""

from __future__ import annotations

from diffqas.circuits import Candidate

BASELINES = {
    name: Candidate(hadamard=True, entangler="ent", rotation=rotation, encoding=encoding)
    for name, encoding, rotation in (
        ("C1", "ry", "ry"),
        ("C2", "rz", "ry"),
        ("C3", "rz", "rz"),
        ("C4", "ry", "rz"),
        ("C5", "rx", "rz"),
        ("C6", "rx", "ry"),
    )
}
"""The circuits by the paper's names (arXiv 2508.14955), all with Hadamards. C3 and C5 give 0
whatever the input and the angles are.
"""
