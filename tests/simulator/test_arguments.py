"""What `probabilities` says to wrong arguments, in one line, before it computes anything."""

import numpy as np
import pytest
import torch

from diffqas.circuits import TABLE_I, Candidate, SearchSpace
from diffqas.errors import ArgumentError
from diffqas.simulator import MAX_QUBITS, mixture, probabilities

EULER = SearchSpace([Candidate(), Candidate(rotation=("rz", "ry", "rz"))])
SHARED = "Argument `angles` must have the shape (..., depth, n) with depth and n at least 1"
SEPARATE = (
    "Argument `angles` must have the shape (..., len(candidates), depth, n) "
    "with depth and n at least 1"
)
SEVERAL = "Argument `angles` must have the shape (..., depth, n, 3) with depth and n at least 1"
SEVERAL_SEPARATE = (
    "Argument `angles` must have the shape (..., len(candidates), depth, n, 3) "
    "with depth and n at least 1"
)


@pytest.mark.parametrize(
    ("space", "shape", "separate", "rule"),
    [
        (TABLE_I, (), False, SHARED),
        (TABLE_I, (3,), False, SHARED),
        (TABLE_I, (0, 3), False, SHARED),
        (TABLE_I, (2, 0), False, SHARED),
        (TABLE_I, (5, 0, 3), False, SHARED),
        (TABLE_I, (2, 3), True, SEPARATE),
        (TABLE_I, (2, 12), True, SEPARATE),
        (TABLE_I, (11, 2, 3), True, SEPARATE),
        (TABLE_I, (12, 5, 2, 3), True, SEPARATE),
        (EULER, (2, 3), False, SEVERAL),
        (EULER, (2, 3, 2), False, SEVERAL),
        (EULER, (2, 3, 4), False, SEVERAL),
        (EULER, (2, 0, 3), False, SEVERAL),
        (EULER, (3, 2, 3), True, SEVERAL_SEPARATE),
        (EULER, (3, 2, 3, 3), True, SEVERAL_SEPARATE),
    ],
)
def test_angles_of_the_wrong_shape(space, shape, separate, rule):
    with pytest.raises(ArgumentError) as error:
        probabilities(space, torch.zeros(shape), separate=separate)
    assert str(error.value) == f"{rule}, but got {shape}."


@pytest.mark.parametrize(
    ("angles", "got"),
    [
        (torch.zeros(2, 3, dtype=torch.bfloat16), "torch.bfloat16"),
        (torch.zeros(2, 3, dtype=torch.float16), "torch.float16"),
        (torch.zeros(2, 3, dtype=torch.int64), "torch.int64"),
        (torch.zeros(2, 3, dtype=torch.complex64), "torch.complex64"),
        ([[0.0, 1.0]], "list"),
        (0.5, "float"),
        (None, "NoneType"),
    ],
)
def test_angles_that_are_no_float_tensor(angles, got):
    with pytest.raises(ArgumentError) as error:
        probabilities(TABLE_I, angles)
    assert (
        str(error.value) == f"Argument `angles` must be a float32 or float64 tensor, but got {got}."
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_angles_of_numpy(dtype):
    with pytest.raises(
        ArgumentError,
        match=r"^Argument `angles` must be a float32 or float64 tensor, but got .+\.$",
    ):
        probabilities(TABLE_I, np.zeros((2, 3), dtype))  # pyright: ignore


def test_candidates_that_encode_data():
    space = [Candidate(), Candidate(encoding="ry"), Candidate(hadamard=True, encoding="rx")]
    with pytest.raises(ArgumentError) as error:
        probabilities(space, torch.zeros(2, 3))
    assert (
        str(error.value)
        == "Argument `candidates` must encode no data, but got RY/Ent-RY, H-RX/Ent-RY."
    )


def test_no_candidates():
    with pytest.raises(ArgumentError) as error:
        probabilities([], torch.zeros(2, 3))
    assert (
        str(error.value)
        == "Argument `candidates` must hold at least one Candidate, but got an empty list."
    )


def test_pairs_beyond_the_circuit():
    with pytest.raises(
        ArgumentError,
        match=r"^Argument `entangler` must use qubits 0\.\.2 on a circuit of 3 qubits",
    ):
        probabilities([Candidate(entangler=[(0, 3)])], torch.zeros(2, 3))


# No memory holds 2**64 amplitudes: an attempt to allocate them first would raise something else.
@pytest.mark.parametrize("n", [1000, 64, MAX_QUBITS + 1])
@pytest.mark.parametrize("separate", [False, True])
def test_too_many_qubits_are_told_before_anything_is_allocated(n, separate):
    angles = torch.zeros(*([12] if separate else []), 1, n)
    message = f"Argument `angles` must have at most 26 qubits, but got {n}."
    with pytest.raises(ArgumentError) as error:
        probabilities(TABLE_I, angles, separate=separate)
    assert str(error.value) == message
    with pytest.raises(ArgumentError) as error:
        mixture(TABLE_I, angles, torch.zeros(12), separate=separate)
    assert str(error.value) == message
