"""Called as `torch.nn.LSTM`, with the same shapes, and clear words where it differs."""

import pytest
import torch

from diffqas import QLSTM, QLSTM_SPACE, Candidate
from diffqas.errors import ArgumentError

FEW = QLSTM_SPACE[:2]


@pytest.mark.parametrize("given", [False, True], ids=["no state", "state"])
@pytest.mark.parametrize("batch", [None, 1, 3])
@pytest.mark.parametrize(
    ("layers", "size", "hidden", "moments"), [(1, 1, 2, 1), (1, 2, 1, 4), (2, 1, 2, 3)]
)
def test_shapes_are_those_of_torch(layers, size, hidden, moments, batch, given):
    cell = QLSTM(size, hidden, 1, FEW, num_layers=layers)
    lstm = torch.nn.LSTM(size, hidden, layers, batch_first=True)
    middle = () if batch is None else (batch,)
    x = torch.randn(*middle, moments, size)
    state = (
        (torch.randn(layers, *middle, hidden), torch.randn(layers, *middle, hidden))
        if given
        else None
    )
    output, (h, c) = cell(x, state)
    expected, (eh, ec) = lstm(x, state)
    assert (output.shape, h.shape, c.shape) == (expected.shape, eh.shape, ec.shape)
    torch.testing.assert_close(output[..., -1, :], h[-1])


def test_one_sample_is_a_batch_of_one(normal):
    cell = QLSTM(1, 2, 2, FEW, spread=1.0).double()
    x, h, c = normal(1, 4, 1), normal(2, 1, 2), normal(3, 1, 2)
    single, (h1, c1) = cell(x, (h, c))
    batch, (h2, c2) = cell(x[None], (h[:, None], c[:, None]))
    for got, expected in ((single, batch[0]), (h1, h2[:, 0]), (c1, c2[:, 0])):
        torch.testing.assert_close(got, expected)


def test_a_sequence_can_be_cut_in_two(normal):
    cell = QLSTM(1, 2, 2, FEW, num_layers=2, spread=1.0).double()
    x = normal(1, 2, 5, 1)
    whole, (h, c) = cell(x)
    first, state = cell(x[:, :2])
    second, (h2, c2) = cell(x[:, 2:], state)
    for got, expected in ((torch.cat((first, second), 1), whole), (h2, h), (c2, c)):
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": 0}, "`input_size` must be a whole number of at least 1, but got 0"),
        ({"hidden_size": 2.5}, "`hidden_size` must be a whole number"),
        ({"hidden_size": 30}, "`hidden_size` must need at most 26 qubits"),
        ({"num_layers": 0}, "`num_layers` must be a whole number"),
        ({"depth": 0}, "`depth` must be a whole number of at least 1, but got 0"),
        ({"sharing": "share"}, "`sharing` must be one of .*did you mean 'shared'"),
        ({"structure": "gates"}, "`structure` must be one of .*did you mean 'gate'"),
        ({"squash": "atan"}, "`squash` must be one of .*did you mean 'arctan'"),
        ({"relaxation": "soft"}, "`relaxation` must be one of"),
        ({"reservoir": "yes"}, "`reservoir` must be True or False"),
        ({"spread": -1}, "`spread` must be at least 0"),
        ({"candidates": [Candidate()]}, "`candidates` must encode data, but got Ent-RY"),
        ({"candidates": [Candidate(entangler=[(0, 7)], encoding="ry")]}, "7"),
        ({"batch_first": False}, "`batch_first` must be True"),
        ({"bidirectional": True}, "`bidirectional` must be False"),
        ({"dropout": 0.1}, "`dropout` must be 0"),
        ({"proj_size": 1}, "`proj_size` must be 0"),
    ],
    ids=str,
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ArgumentError, match=message) as error:
        QLSTM(**{"input_size": 1, "hidden_size": 2, **arguments})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("x", "state", "message"),
    [
        ([[0.0]], None, "`x` must be a torch.float32 tensor like the angles, but got list"),
        (torch.zeros(2, 3, 1).double(), None, "`x` must be a torch.float32 tensor"),
        (torch.zeros(3), None, "`x` must have two or three dimensions, but got 1"),
        (torch.zeros(2, 3, 2), None, r"`x` must have the shape \(batch, time, 1\) or \(time, 1\)"),
        (torch.zeros(2, 0, 1), None, r"`x` must have the shape .* got \(2, 0, 1\)"),
        (
            torch.zeros(2, 3, 1),
            torch.zeros(1, 2, 2),
            r"`state` must be a pair \(h, c\), but got Tensor",
        ),
        (torch.zeros(2, 3, 1), (torch.zeros(1, 2, 2),) * 3, r"`state` must be a pair"),
        (
            torch.zeros(2, 3, 1),
            (torch.zeros(1, 2, 2), torch.zeros(2, 2)),
            r"`state \(c\)` must have the shape \(1, 2,",
        ),
        (
            torch.zeros(3, 1),
            (torch.zeros(1, 1, 2),) * 2,
            r"`state \(h\)` must have the shape \(1, 2\)",
        ),
        (
            torch.zeros(3, 1),
            (torch.zeros(1, 2), None),
            r"`state \(c\)` must be a torch.float32 tensor .* NoneType",
        ),
    ],
    ids=range(10),
)
def test_wrong_inputs_are_named(x, state, message):
    with pytest.raises(ArgumentError, match=message) as error:
        QLSTM(1, 2, 1, FEW)(x, state)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("k", [0, 3, True, 1.0])
def test_a_wrong_k_is_named(k):
    with pytest.raises(ArgumentError, match="`k` must be between 1 and 2"):
        QLSTM(1, 2, 1, FEW).discretize(k)


def test_circuits_whose_outputs_are_not_pulled_back_are_refused(designed):
    single = "`candidates` must be Candidate objects with a single encoding rotation, but got"
    twice = Candidate(encoding=("ry", "rz"))
    for candidate, message in (
        (designed, f"{single} Designed"),
        (twice, f"{single} {twice.name}"),
        (Candidate(entangler="cz-ring", encoding="ry"), "cz-ring"),
    ):
        with pytest.raises(ArgumentError, match=message) as caught:
            QLSTM(1, 2, 1, [candidate])
        assert "\n" not in str(caught.value)
