"""Observables fitted in one go: the same outputs as the strings that were fitted, and less loss."""

import pytest
import torch

from diffqas.circuits import QLSTM_SPACE, Diagonal, Hermitian, PauliStrings, Z
from diffqas.errors import ArgumentError
from diffqas.layers import HybridLockstep, HybridModel, QuantumLayer
from diffqas.layers.readout_fit import eigenvalues, features, readout_of

SUMS = PauliStrings(("ZII", "IZI", "IIZ", "ZZI"), trained=True)
FITTED = [Z(), SUMS, Diagonal(1), Diagonal(2), Diagonal(3)]


def together(observables, classes=3, head="scale", structure="layer"):
    models = []
    for seed in range(2):
        torch.manual_seed(seed)
        layer = QuantumLayer(
            3,
            1 if classes is None else classes,
            candidates=QLSTM_SPACE[:3],
            observables=observables,
            uploads=2,
            input_scale="trained",
            structure=structure,
            init_std=1.0,
        )
        models.append(HybridModel(layer, classes, head=head))
    return HybridLockstep(models).double()


def samples(classes=3):
    torch.manual_seed(7)
    x = torch.randn(60, 3, dtype=torch.float64)
    if classes is None:
        return x, x[:, 0] * x[:, 1]
    return x, torch.arange(60) % classes


@pytest.mark.parametrize("observables", FITTED, ids=str)
def test_outputs_are_sums_of_strings(observables):
    population = together(observables)
    layer, x = population.layer, samples()[0]
    readout = readout_of(observables, 3, 3)
    found = features(layer, readout.strings, x, 1)
    rows = torch.randn(3, found.shape[1], dtype=torch.float64) * readout.mask
    with torch.no_grad():
        if isinstance(observables, Diagonal):
            layer.coefficients[1] = eigenvalues(observables, readout, rows)
        elif layer.coefficients is not None:
            layer.coefficients[1] = rows
        else:
            rows = readout.mask.double()
        torch.testing.assert_close(layer(x.expand(2, 60, 3))[1], found @ rows.T)


@pytest.mark.parametrize("observables", FITTED, ids=str)
def test_no_step_of_descent_lowers_the_loss_much(observables):
    population = together(observables)
    x, y = samples()
    loss = torch.nn.functional.cross_entropy
    before = [loss(outputs, y).item() for outputs in population(x)]
    population.fit_readout(x, y, loss)
    after = [loss(outputs, y) for outputs in population(x)]
    assert all(fit.item() < start for fit, start in zip(after, before, strict=True))
    bias = population.head.number("bias")
    (gradient,) = torch.autograd.grad(sum(after), [bias])
    assert gradient.abs().max() < 1e-3


def test_a_single_value_is_least_squares():
    population = together(SUMS, classes=None)
    x, y = samples(None)
    population.fit_readout(x, y, torch.nn.functional.mse_loss)
    for place, outputs in enumerate(population(x)):
        found = features(population.layer, readout_of(SUMS, 3, 1).strings, x, place)
        columns = torch.cat([found, torch.ones(60, 1, dtype=torch.float64)], 1)
        best = columns @ torch.linalg.lstsq(columns, y[:, None]).solution
        least = (best.squeeze(1) - y).square().mean().item()
        assert (outputs - y).square().mean().item() < 1.02 * least


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"observables": Hermitian(2)}, "observables"),
        ({"observables": PauliStrings(("XII", "IZI", "IIZ"), trained=True)}, "observables"),
        ({"observables": PauliStrings(("ZII", "IZI", "IIZ"))}, "observables"),
        ({"observables": Z(), "head": "linear"}, "head"),
        ({"observables": Z(), "structure": "output"}, "structure"),
    ],
)
def test_what_cannot_be_fitted_is_told(choices, told):
    population = together(**choices)
    with pytest.raises(ArgumentError, match=told):
        population.fit_readout(*samples(), torch.nn.functional.cross_entropy)
