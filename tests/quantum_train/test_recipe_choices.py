"""What the two recipes stand for, and that an argument outweighs the recipe."""

import pytest
import torch
from torch import nn

from diffqas.architecture import Gumbel, Raw, Softmax
from diffqas.quantum_train import (
    DimensionScale,
    QuantumTrain,
    Rates,
    RawScale,
    Recipe,
    TanhScale,
    as_recipe,
    as_scale,
)

OWN = Recipe(Softmax(0.5), TanhScale(2.0), "none", "binary", 0.3, Rates(2.0, 3.0, 0.1))


def choices_of(model):
    generator = model.generator
    started = bool((generator.gain != 1).any())
    scale, relaxation = generator.scale, model.circuits.relaxation
    return relaxation, scale, "target" if started else "none", generator.mapping.bits, model.rates


def make(**choices):
    return QuantumTrain(nn.Linear(40, 50), depth=20, **choices)


@pytest.mark.parametrize(
    ("recipe", "spread", "expected"),
    [
        ("paper", 0.01, (Raw(), DimensionScale(None), "none", "binary", Rates(1.0, 1.0, 1.0))),
        ("default", 1.0, (Raw(), TanhScale(1.0), "target", "binary", Rates(3.0, 1.0, 1.0))),
        (OWN, 0.3, (Softmax(0.5), TanhScale(2.0), "none", "binary", Rates(2.0, 3.0, 0.1))),
    ],
    ids=["paper", "default", "own"],
)
def test_a_recipe_sets_every_choice(recipe, spread, expected):
    model = make(recipe=recipe)
    assert choices_of(model) == expected
    angles = model.circuits.angles.detach()
    assert abs(float(angles.std()) / spread - 1) < 0.2
    assert abs(float(angles.mean())) < 0.3 * spread


def test_default_is_the_default():
    assert choices_of(make()) == choices_of(make(recipe="default"))
    assert as_recipe("default") == Recipe()
    assert as_recipe(OWN) is OWN


@pytest.mark.parametrize("recipe", ["paper", "default"])
@pytest.mark.parametrize(
    ("argument", "value", "place", "expected"),
    [
        ("relaxation", "softmax", 0, Softmax(1.0)),
        ("relaxation", Gumbel(3.0, 0.2), 0, Gumbel(3.0, 0.2)),
        ("scale", "raw", 1, RawScale()),
        ("scale", TanhScale(0.7), 1, TanhScale(0.7)),
        ("start", "target", 2, "target"),
        ("start", "none", 2, "none"),
        ("bits", "signed", 3, "signed"),
        ("bits", "binary", 3, "binary"),
    ],
)
def test_an_argument_outweighs_the_recipe_and_changes_nothing_else(
    recipe, argument, value, place, expected
):
    without, given = (
        choices_of(make(recipe=recipe)),
        choices_of(make(recipe=recipe, **{argument: value})),
    )
    assert given[place] == expected
    assert [g for i, g in enumerate(given) if i != place] == [
        w for i, w in enumerate(without) if i != place
    ]


def test_parameter_groups_take_the_recipes_rates():
    model = make(recipe=OWN)
    groups = {group["name"]: group for group in model.parameter_groups(0.01)}
    assert {name: group["lr"] for name, group in groups.items()} == pytest.approx(
        {"angles": 0.02, "structure": 0.03, "mapping": 0.001}
    )
    members = [p for group in groups.values() for p in group["params"]]
    assert [id(p) for p in members] == [id(p) for p in model.parameters()]
    torch.optim.Adam(groups.values())


def test_frozen_parameters_are_in_no_group():
    model = make()
    model.circuits.angles.requires_grad_(False)
    model.generator.mapping.bias.requires_grad_(False)
    groups = {group["name"]: group["params"] for group in model.parameter_groups(0.01)}
    assert set(groups) == {"structure", "mapping"}
    assert groups["mapping"][0] is model.generator.mapping.weight
    assert len(groups["mapping"]) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("raw", RawScale()), ("dimension", DimensionScale()), ("tanh", TanhScale())],
)
def test_scales_by_name(name, expected):
    assert as_scale(name) == expected
    assert as_scale(expected) is expected
