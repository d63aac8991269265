"""Policies and values that are circuits: against dense float64, alone and in company."""

from dataclasses import replace

import pytest
import torch

from diffqas.agents import ACTING, QuantumAgentKind
from diffqas.agents.quantum_recipes import CLASSIC, quantum_recipes
from diffqas.agents.rollouts import actor_critic_losses
from diffqas.circuits import Hermitian
from diffqas.errors import ArgumentError
from diffqas.kinds import LIVE_SPACE
from diffqas.simulator import dense_observed

SMALL = replace(ACTING, candidates=tuple(LIVE_SPACE)[:3], qubits=3)


@pytest.fixture(scope="module")
def chosen(settings):
    return replace(settings, depth=1)


def dense(model, x):
    """Logits of one sample by matrices of 2^n rows, with gradients in all numbers."""
    linear = model.front[-1]
    layer = model.layer
    inputs = (linear.weight @ x + linear.bias).reshape(1, layer.n)
    angles = layer.angles.reshape(layer.depth, layer.n, -1)
    each = dense_observed(
        layer.candidates,
        inputs,
        angles,
        layer.observables,
        outputs=layer.outputs,
        coefficients=layer.coefficients,
    )
    return model.head(layer.weights.reshape(-1) @ each)


def test_losses_and_gradients_are_those_of_dense_matrices(cartpole, chosen):
    agents, models = QuantumAgentKind(SMALL).make(cartpole, chosen, [3, 5])
    assert SMALL.observables == "hermitian"
    assert models[0].policy.layer.observables == Hermitian(3)
    generator = torch.Generator().manual_seed(0)
    seen = torch.randn(2, 4, 4, generator=generator, dtype=torch.float64)
    actions = torch.tensor([[0, 1, 1, 0], [1, 1, 0, 0]])
    returns = torch.randn(2, 4, generator=generator, dtype=torch.float64)
    weight = torch.full((2,), 0.1, dtype=torch.float64)
    logits = agents.policy.call(agents.policy.generate(), seen, own=True)
    values = agents.value.call(agents.value.generate(), seen, own=True).squeeze(-1)
    losses, _ = actor_critic_losses(logits, values, actions, returns, weight)
    found = torch.autograd.grad(losses.sum(), agents.parameters_in_order)
    for place, model in enumerate(models):
        own = torch.stack([dense(model.policy, x) for x in seen[place]])
        judged = torch.stack([dense(model.value, x) for x in seen[place]]).squeeze(-1)
        torch.testing.assert_close(logits[place], own)
        torch.testing.assert_close(values[place], judged)
        few = slice(place, place + 1)
        alone, _ = actor_critic_losses(
            own[None], judged[None], actions[few], returns[few], weight[few]
        )
        torch.testing.assert_close(losses[few], alone)
        numbers = [
            p
            for network in (model.policy, model.value)
            for group in network.parameter_groups(1.0)
            for p in group["params"]
        ]
        expected = torch.autograd.grad(alone.sum(), numbers)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one[place].reshape(other.shape), other)


def test_a_seed_starts_in_company_as_it_starts_alone(cartpole, chosen):
    kind = QuantumAgentKind(SMALL)
    together, models = kind.make(cartpole, chosen, [3, 5])
    alone, _ = kind.make(cartpole, chosen, [5])
    for one, other in zip(together.parameters_in_order, alone.parameters_in_order, strict=True):
        assert torch.equal(one[1], other[0])
    starts = [*together.policy.layer.angles, *together.value.layer.angles]
    assert len({tuple(start.flatten().tolist()) for start in starts}) == 4
    assert models[0].policy.head.weight.abs().max() < 0.2


def test_an_agent_acts_on_one_observation_and_on_many(cartpole, chosen):
    _, (agent,) = QuantumAgentKind(SMALL).make(cartpole, chosen, [3])
    agent.mean.fill_(0.3)
    many = torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    logits = agent(many)
    assert logits.shape == (2, 5, 2)
    torch.testing.assert_close(agent(many[1, 2]), logits[1, 2])
    torch.testing.assert_close(agent.export()(many), logits)
    assert agent.value(many).shape == (2, 5, 1)


def test_classic_rooms_have_a_recipe_of_their_own(cartpole):
    assert cartpole.identity in CLASSIC  # by its short name, too
    of_room = quantum_recipes(replace(cartpole, name="minigrid-empty-5x5"))["default"]
    of_pole = quantum_recipes(cartpole)["default"]
    assert (of_pole.most_steps, of_room.most_steps) == (200_000, None)
    assert of_pole.gamma > of_room.gamma


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"structure": "output"}, "`structure` must be layer for an agent"),
        ({"front": "pool"}, "`front` must be linear or none for an agent"),
        ({"locality": 4}, "locality"),
        ({"observables": "z", "head": "scale", "qubits": 1, "locality": 1}, "observables"),
    ],
)
def test_wrong_sizes_are_one_line(choices, line, cartpole, chosen):
    with pytest.raises(ArgumentError, match=line) as refusal:
        QuantumAgentKind(replace(SMALL, **choices)).make(cartpole, chosen, [0])
    assert len(str(refusal.value).splitlines()) == 1
