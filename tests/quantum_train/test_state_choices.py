"""What a state_dict tells of the model that it belongs to."""

import pytest
import torch
from torch import nn

from diffqas import QLSTM, TABLE_I, QuantumTrain
from diffqas.architecture import Gumbel
from diffqas.errors import ArgumentError
from diffqas.quantum_train import MLPMapping, Recipe, stacked


def made(target=None, **choices):
    network = nn.Linear(30, 4) if target is None else target
    return QuantumTrain(network, **{"depth": 2} | choices)


OTHERS = {
    "depth": {"depth": 3},
    "candidates": {"candidates": TABLE_I[:3]},
    "relaxation": {"relaxation": "softmax"},
    "sharing": {"sharing": "separate"},
    "mapping": {"mapping": MLPMapping((3,))},
    "chunk": {"chunk": 2},
    "scale": {"scale": "dimension"},
    "start": {"start": "own"},
    "bits": {"bits": "signed"},
    "order": {"order": "shuffled"},
    "per_layer": {"per_layer": True},
    "written": {"target": nn.Linear(4, 30)},
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_state_of_other_choices_is_refused_before_a_number_is_taken(name):
    model, other = made(), made(**OTHERS[name])
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for into, of in ((model, other), (other, model)):
        with pytest.raises(ArgumentError, match=name):
            into.load_state_dict(of.state_dict())
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_recipes_are_told_apart_by_what_they_decide():
    auto = made(recipe="auto")
    with pytest.raises(ArgumentError, match=r"scale.*order.*start"):
        made(scale="dimension").load_state_dict(auto.state_dict())
    less = made(start="drawn", order="signed", scale="tanh")
    with pytest.raises(ArgumentError, match=r"leverage \d+\.0, not 1\.0"):
        less.load_state_dict(auto.state_dict())


def test_what_decides_the_pace_alone_may_differ():
    state = made(recipe=Recipe(init_std=0.3)).state_dict()
    made().load_state_dict(state)


def test_an_annealed_relaxation_goes_on_where_it_was():
    model, other = made(relaxation=Gumbel()), made(relaxation=Gumbel())
    model.progress = 0.7
    other.load_state_dict(model.state_dict())
    assert other.progress == other.circuits.progress == 0.7
    assert torch.equal(other.structural_weights, model.structural_weights)


def test_a_discretised_model_takes_the_state_of_its_like():
    model = made()
    few = model.discretize(2)
    model.discretize(2).load_state_dict(few.state_dict())
    with pytest.raises(ArgumentError, match="12 candidates, not 2"):
        few.load_state_dict(model.state_dict())


@pytest.mark.parametrize("recipe", ["default", "paper", "auto"])
def test_a_model_of_a_file_takes_the_state_of_its_origin(recipe, tmp_path):
    model = made(recipe=recipe)
    model.save_generator(tmp_path / "g.safetensors")
    again = QuantumTrain.from_generator(tmp_path / "g.safetensors", nn.Linear(30, 4))
    again.load_state_dict(model.state_dict())
    model.load_state_dict(again.state_dict())


def test_seeds_trained_as_one_come_back_to_their_models():
    models = [made() for _ in range(2)]
    population = stacked(models)
    assert not [name for name in population.state_dict() if "extra" in name]
    population.write_back(models)
    models[0].load_state_dict(models[1].state_dict())


QLSTMS = {
    "depth": {"depth": 2},
    "squash": {"squash": "arctan"},
    "structure": {"structure": "shared"},
    "sharing": {"sharing": "shared"},
    "relaxation": {"relaxation": "softmax"},
    "hidden_size": {"hidden_size": 3},
    "num_layers": {"num_layers": 2},
}


@pytest.mark.parametrize("name", QLSTMS)
def test_a_quantum_lstm_tells_its_choices(name):
    cell, other = (
        QLSTM(1, 2, 1),
        QLSTM(**{"input_size": 1, "hidden_size": 2, "depth": 1} | QLSTMS[name]),
    )
    with pytest.raises(ArgumentError, match=name):
        other.load_state_dict(cell.state_dict())
    QLSTM(1, 2, 1).load_state_dict(cell.state_dict())


def test_gates_of_a_quantum_lstm_that_picked_others_are_told_apart():
    cell, other = QLSTM(1, 2, 1), QLSTM(1, 2, 1)
    with torch.no_grad():
        other.circuits[0].structure.normal_()
    few, others = cell.discretize(), other.discretize()
    assert few.chosen != others.chosen
    with pytest.raises(ArgumentError, match=r"candidates|choice"):
        others.load_state_dict(few.state_dict())


@pytest.mark.parametrize("inner", [made, lambda: QLSTM(1, 2, 1)], ids=["QuantumTrain", "QLSTM"])
def test_a_model_inside_of_a_target_tells_its_choices_too(inner):
    model = made(nn.Sequential(inner()))
    names = [name for name in model.state_dict() if name.endswith("_extra_state")]
    assert names == ["_extra_state", "target.module.0._extra_state"]
    made(nn.Sequential(inner())).load_state_dict(model.state_dict())
