"""Candidates with data, audited: what is proved of them is what is measured."""

import math

import pytest

from diffqas import ENCODED_SPACE, QLSTM_SPACE, Candidate, Diagonal, Hermitian, PauliStrings, Z
from diffqas.architecture import encoded_audits
from diffqas.circuits import encoded_findings
from diffqas.errors import ArgumentError


def audited(space, n, depth, outputs, observables, uploads=1, samples=20):
    found = encoded_findings(space, n, depth, outputs, uploads=uploads, observables=observables)
    sizes = {"uploads": uploads, "samples": samples}
    return list(encoded_audits(found, n, depth, outputs, observables, **sizes))


@pytest.mark.parametrize(
    ("n", "depth", "outputs", "observables", "uploads"),
    [
        (1, 1, 1, Z(), 1),
        (3, 2, 2, Z(), 1),
        (3, 2, 1, Z((2,)), 1),
        (3, 4, 3, Z(), 2),
        (3, 2, 2, Diagonal(2), 1),
        (2, 4, 2, Hermitian(1), 2),
        (3, 2, 2, PauliStrings(("XII", "IYZ")), 1),
        (3, 2, 1, PauliStrings(("XII", "IYZ"), trained=True), 2),
    ],
    ids=str,
)
def test_proofs_are_what_is_measured(n, depth, outputs, observables, uploads):
    for audit in audited(QLSTM_SPACE, n, depth, outputs, observables, uploads):
        assert audit.finding.known_by in ("strings", "residues", "rules")
        assert audit.agrees, audit


def test_the_figures_of_a_circuit_that_is_a_cosine():
    # <Z> of RY(x) RY(t) is cos(x + t): variance and mean square derivative are 1/2.
    circuit = Candidate(entangler="none", encoding="ry", rotation="ry")
    (audit,) = audited([circuit], 1, 1, 1, Z(), samples=20_000)
    for figure in (audit.by_inputs, audit.by_angles, audit.gradient):
        assert figure == pytest.approx(math.sqrt(0.5), rel=0.02)


def test_what_no_rule_decides_is_measured():
    # Beyond ten qubits nothing is proved but by rules: Z of one qubit behind RZ alone.
    circuit = Candidate(entangler="cz-ring", encoding="ry", rotation="rz")
    (audit,) = audited([circuit], 11, 1, 1, Z(), samples=5)
    assert audit.by_angles < 1e-9
    assert audit.agrees == (not audit.finding.trains)


def test_sizes_are_checked():
    found = encoded_findings(ENCODED_SPACE[:1], 2, 1, 1)
    with pytest.raises(ArgumentError, match="`samples` must be a whole number of at least 1"):
        next(encoded_audits(found, 2, 1, 1, Z(), samples=0))
    with pytest.raises(ArgumentError, match="`qubits` must be between 1 and 12, but got 13"):
        next(encoded_audits(found, 13, 1, 1, Z()))
