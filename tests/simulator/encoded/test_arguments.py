"""What `observed` says to wrong arguments: one line each."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from diffqas.circuits import (
    TABLE_I,
    Ansatz,
    Candidate,
    Diagonal,
    Gate,
    Hermitian,
    InputSlot,
    PauliStrings,
    Slot,
    Z,
)
from diffqas.errors import ArgumentError
from diffqas.simulator import observed

RY = [Candidate(encoding="ry"), Candidate(encoding="rx", entangler="cz-ring")]
EULER = [Candidate(encoding="rx", rotation=("rz", "ry", "rz"))]
V, A = torch.zeros(4, 1, 3), torch.zeros(2, 3)


@dataclass(frozen=True)
class Beyond(Ansatz):
    """An input slot that four qubits have, and three do not."""

    def encode(self, n):
        return [Gate("rx", (0,), InputSlot(3))]

    def layer(self, n):
        return [Gate("ry", (0,), Slot(0))]


@dataclass(frozen=True)
class Silent(Ansatz):
    def layer(self, n):
        return [Gate("ry", (0,), Slot(0))]


def says(message, space=RY, inputs=V, angles=A, observables=None, outputs=2, **options):
    with pytest.raises(ArgumentError) as error:
        observed(space, inputs, angles, observables or Z(), outputs=outputs, **options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"space": [TABLE_I[0], *RY]},
            "Argument `candidates` must encode data, but got H-Ent-RX.",
        ),
        ({"space": [Silent()]}, "Argument `candidates` must encode data, but got Silent."),
        (
            {"space": []},
            "Argument `candidates` must hold at least one Candidate, but got an empty list.",
        ),
        (
            {"space": [Beyond()]},
            "Gate rx of Beyond: the index of its InputSlot must be one of 0..2, but got 3.",
        ),
        (
            {"space": [Candidate(entangler=[(0, 3)], encoding="rx")]},
            "Argument `entangler` must use qubits 0..2 on a circuit of 3 qubits, but got qubit 3.",
        ),
        (
            {"angles": torch.zeros(3)},
            "Argument `angles` must have the shape (..., depth, n) with depth and n at least 1, "
            "but got (3,).",
        ),
        (
            {"space": EULER},
            "Argument `angles` must have the shape (..., depth, n, 3) "
            "with depth and n at least 1, but got (2, 3).",
        ),
        (
            {"separate": True, "angles": torch.zeros(3, 2, 3)},
            "Argument `angles` must have the shape (..., len(candidates), depth, n) "
            "with depth and n at least 1, but got (3, 2, 3).",
        ),
        (
            {"angles": A.long()},
            "Argument `angles` must be a float32 or float64 tensor, but got torch.int64.",
        ),
        (
            {"inputs": V.double()},
            "Argument `inputs` must be a torch.float32 tensor like `angles`, "
            "but got torch.float64.",
        ),
        (
            {"inputs": np.zeros((4, 1, 3), np.float32)},
            "Argument `inputs` must be a torch.float32 tensor like `angles`, but got ndarray.",
        ),
        (
            {"inputs": torch.zeros(4, 3)},
            "Argument `inputs` must have the shape (..., 1, 3), uploads before qubits, "
            "but got (4, 3).",
        ),
        (
            {"inputs": torch.zeros(0, 1, 3)},
            "Argument `inputs` must have the shape (..., 1, 3), uploads before qubits, "
            "but got (0, 1, 3).",
        ),
        (
            {"inputs": torch.zeros(4, 1, 2)},
            "Argument `inputs` must have the shape (..., 1, 3), uploads before qubits, "
            "but got (4, 1, 2).",
        ),
        (
            {"inputs": V.to("meta")},
            "Argument `inputs` must be on the device of `angles`, cpu, but got meta.",
        ),
        (
            {"uploads": 3, "inputs": torch.zeros(4, 3, 3)},
            "Argument `uploads` must divide the depth, so that each upload is followed by as many "
            "layers, but got 3 at depth 2.",
        ),
        (
            {"uploads": 0},
            "Argument `uploads` must be a whole number of at least 1, but got 0.",
        ),
        (
            {"outputs": 4},
            "Argument `outputs` must be at most the number of observables, 3 of Z(qubits=None), "
            "but got 4.",
        ),
        (
            {"outputs": 0},
            "Argument `outputs` must be a whole number of at least 1, but got 0.",
        ),
        (
            {"observables": Hermitian(4)},
            "Argument `locality` must be at most the number of qubits, 3, but got 4.",
        ),
        (
            {"observables": PauliStrings(("XX",)), "outputs": 1},
            "Argument `observables` must have one letter for each of 3 qubits, "
            "but got the Pauli string XX.",
        ),
        (
            {"observables": Z((0, 3))},
            "Argument `observables` must read qubits of 0..2, but got Z of qubit 3.",
        ),
        (
            {"observables": "Z"},
            "Argument `observables` must be Z, PauliStrings, Diagonal or Hermitian, but got 'Z'.",
        ),
        (
            {"observables": Diagonal(2)},
            "Argument `coefficients` must have the shape (..., 2, 4), but got None.",
        ),
        (
            {"observables": Diagonal(2), "coefficients": torch.zeros(3, 4)},
            "Argument `coefficients` must have the shape (..., 2, 4), but got (3, 4).",
        ),
        (
            {"observables": Diagonal(2), "coefficients": torch.zeros(2, 4).double()},
            "Argument `coefficients` must be a torch.float32 tensor like `angles`, "
            "but got torch.float64.",
        ),
        (
            {"coefficients": torch.zeros(2, 2)},
            "Argument `coefficients` must be None, for these observables have no trained numbers, "
            "but got torch.float32.",
        ),
        (
            {"weights": torch.zeros(2)},
            "Argument `weights` must have the shape (..., R, 2) with R = 1 or R = outputs, "
            "but got (2,).",
        ),
        (
            {"weights": torch.zeros(3, 2)},
            "Argument `weights` must have the shape (..., R, 2) with R = 1 or R = outputs, "
            "but got (3, 2).",
        ),
        (
            {"weights": torch.zeros(1, 2).double()},
            "Argument `weights` must be a torch.float32 tensor like `angles`, "
            "but got torch.float64.",
        ),
        (
            {"inputs": torch.zeros(4, 1, 3), "angles": torch.zeros(5, 2, 3)},
            "Argument `inputs` must have leading dimensions that broadcast against those of "
            "`angles`, (5,), but got (4,).",
        ),
        (
            {"angles": torch.zeros(5, 2, 3), "weights": torch.zeros(4, 1, 2)},
            "Argument `weights` must have leading dimensions that broadcast against those of "
            "`angles`, (5,), but got (4,).",
        ),
        (
            {"angles": torch.zeros(1, 27), "inputs": torch.zeros(1, 27)},
            "Argument `angles` must have at most 26 qubits, but got 27.",
        ),
    ],
)
def test_wrong_arguments_are_told_at_the_door(change, message):
    says(message, **change)
