"""Dead candidates and duplicates, as told without simulation, against what the dense simulator
shows.
"""

from collections import Counter

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, TABLE_I, Candidate, SearchSpace, encoded_findings, paulis
from diffqas.errors import ArgumentError
from diffqas.simulator import dense_expectations

WIDE = SearchSpace(
    [
        *QLSTM_SPACE,
        *(
            Candidate(hadamard, entangler, rotation, encoding)
            for hadamard in (True, False)
            for encoding in ("rx", "rz")
            for entangler, rotation in (
                ("chain", "ry"),
                ("none", "rx"),
                ("ring", ("rx", "rz")),
                ("ent", ("rz", "ry")),
            )
        ),
    ]
)
NAMED = {candidate.name: candidate for candidate in WIDE}


def shown(candidate, n, depth, outputs):
    """Values, and sizes of the gradients in inputs and angles, at two random places that all
    candidates share.
    """
    generator = torch.Generator().manual_seed(n)
    values, to_inputs, to_angles = [], torch.zeros(n), torch.zeros(())
    for _ in range(2):
        inputs = (3 * torch.randn(n, generator=generator, dtype=torch.float64)).requires_grad_()
        angles = (
            3 * torch.randn(depth, n, 2, generator=generator, dtype=torch.float64)
        ).requires_grad_()
        result = dense_expectations([candidate], inputs, angles, outputs)[0]
        cotangent = torch.randn(outputs, generator=generator, dtype=torch.float64)
        gradients = torch.autograd.grad(
            result, (inputs, angles), cotangent, allow_unused=True, materialize_grads=True
        )
        values.append(result.detach())
        to_inputs, to_angles = to_inputs + gradients[0].abs(), to_angles + gradients[1].abs().sum()
    return torch.stack(values), to_inputs, to_angles


@pytest.mark.parametrize(
    ("n", "depth", "outputs"),
    [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 2), (3, 1, 2), (3, 2, 3), (3, 4, 1), (4, 2, 3)],
)
def test_what_is_dead_is_dead_and_what_is_live_is_live(n, depth, outputs):
    groups: list[tuple[Candidate, torch.Tensor]] = []
    for finding in encoded_findings(WIDE, n, depth, outputs):
        values, to_inputs, to_angles = shown(finding.candidate, n, depth, outputs)
        name = finding.candidate.name
        assert tuple((to_inputs > 1e-9).nonzero().flatten().tolist()) == finding.inputs, name
        assert bool(to_angles > 1e-9) == finding.trains, name
        assert (finding.constant is not None) == (not finding.sees and not finding.trains), name
        if finding.constant is not None:
            torch.testing.assert_close(
                values, torch.tensor([finding.constant] * 2, dtype=torch.float64)
            )
        home = next(
            (first for first, other in groups if torch.allclose(values, other, rtol=0, atol=1e-12)),
            None,
        )
        assert finding.duplicate_of == home, name
        assert bool(finding.likeness) == (home is not None)
        if home is None:
            groups.append((finding.candidate, values))


def counts(found):
    return {
        "blind": sum(not f.sees for f in found),
        "fixed": sum(not f.trains for f in found),
        "constant": Counter(f.constant[0] for f in found if f.constant is not None),
        "live": sum(f.live for f in found),
        "different": sum(f.duplicate_of is None for f in found),
    }


@pytest.mark.parametrize(("n", "depth", "outputs"), [(6, 5, 5), (4, 3, 3), (5, 8, 1), (7, 4, 7)])
def test_counts_of_the_36(n, depth, outputs):
    expected = {"blind": 14, "fixed": 14, "constant": {0: 6, 1: 2}, "live": 16, "different": 28}
    assert counts(encoded_findings(QLSTM_SPACE, n, depth, outputs)) == expected


def test_reasons_name_the_cause():
    found = {f.candidate.name: f for f in encoded_findings(QLSTM_SPACE, 6, 5, 5)}
    assert found["H-RX/Ent-RY"].reason.startswith("blind: RX leaves |+> alone")
    assert found["RZ/Ring-RX"].reason.startswith("blind: RZ leaves |0> alone")
    assert "RZ commutes" in found["H-RY/Ent-RZ"].reason
    assert "leave |+..+> alone" in found["H-RX/Ring-RX"].reason
    assert found["H-RX/Ring-RX"].reason.endswith("always 0")
    assert found["RZ/Ent-RZ"].reason.endswith("always 1")
    assert found["RX/Ent-RZ"].duplicate_of == NAMED["RY/Ent-RZ"]
    assert found["RX/Ent-RZ"].likeness == "from |0>, RX and RY encoding show the same <Z> = cos v"
    assert found["H-RX/Ent-RX"].likeness == "the same constant"
    assert [f.reason == "live" for f in found.values()] == [f.live for f in found.values()]


def test_equal_maps_of_entanglers_are_named():
    space = [Candidate(encoding="ry", entangler=entangler) for entangler in ("ent", "chain")]
    assert encoded_findings(space, 3, 2, 2)[1].likeness == "the two entanglers are the same map"
    assert encoded_findings(space, 4, 2, 2)[1].duplicate_of is None


def test_one_layer_shows_only_the_light_cone():
    (finding,) = encoded_findings(
        [Candidate(encoding="rx", entangler="chain", rotation="rx")], 5, 1, 1
    )
    assert finding.inputs == (0,)
    (finding,) = encoded_findings(
        [Candidate(encoding="rx", entangler="chain", rotation="rx")], 5, 1, 3
    )
    assert finding.inputs == (0, 1, 2)


def test_a_shallow_circuit_can_be_blind_where_no_rule_says_so():
    # One layer turns Z of qubit 0 into Z and Y; the CNOT before makes Y of a target a string with Z
    # on its control.
    (finding,) = encoded_findings([Candidate(True, ((1, 0),), "rx", "rz")], 2, 1, 1)
    assert not finding.sees
    assert finding.constant == (0,)
    assert "at this size" in finding.reason
    (finding,) = encoded_findings([Candidate(True, ((1, 0),), "rx", "rz")], 2, 1, 2)
    assert finding.sees


@pytest.fixture
def rules_only(monkeypatch):
    monkeypatch.setattr(paulis, "MAX_STRINGS", 0)
    paulis.program.cache_clear()
    yield
    paulis.program.cache_clear()


@pytest.mark.parametrize("depth", [1, 5])
def test_rules_alone_say_the_same_of_the_36(depth, rules_only):
    expected = {"blind": 14, "fixed": 14, "constant": {0: 6, 1: 2}, "live": 16, "different": 28}
    assert counts(encoded_findings(QLSTM_SPACE, 12, depth, 11)) == expected


@pytest.mark.parametrize(("n", "depth", "outputs"), [(2, 1, 1), (3, 2, 2), (4, 3, 4)])
def test_rules_claim_no_more_than_is_so(n, depth, outputs, monkeypatch):
    exact = encoded_findings(WIDE, n, depth, outputs)
    with monkeypatch.context() as patch:
        patch.setattr(paulis, "MAX_STRINGS", 0)
        paulis.program.cache_clear()
        by_rules = encoded_findings(WIDE, n, depth, outputs)
    paulis.program.cache_clear()
    for rule, truth in zip(by_rules, exact, strict=True):
        assert set(truth.inputs) <= set(rule.inputs), rule.candidate.name
        assert truth.trains <= rule.trains, rule.candidate.name
        assert rule.constant in (None, truth.constant), rule.candidate.name
        if rule.duplicate_of is not None:
            assert truth.duplicate_of is not None, rule.candidate.name


def test_a_wide_circuit_is_told_by_rules():
    found = encoded_findings(QLSTM_SPACE, 10, 5, 2)
    assert counts(found)["blind"] == counts(found)["fixed"] == 14


@pytest.mark.parametrize(
    ("space", "n", "depth", "outputs", "message"),
    [
        (TABLE_I[:1], 2, 1, 1, "Argument `candidates` must encode data, but got H-Ent-RX."),
        (QLSTM_SPACE, 0, 1, 1, "Argument `n` must be at least 1, but got 0."),
        (QLSTM_SPACE, 2, 0, 1, "Argument `depth` must be at least 1, but got 0."),
        (
            QLSTM_SPACE,
            2,
            1,
            3,
            "Argument `outputs` must be at most the number of qubits, 2, but got 3.",
        ),
    ],
)
def test_wrong_arguments_are_told_at_the_door(space, n, depth, outputs, message):
    with pytest.raises(ArgumentError) as error:
        encoded_findings(space, n, depth, outputs)
    assert str(error.value) == message
