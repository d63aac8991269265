import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffqas.agents import a2c
from diffqas.agents.a2c import SyncTraining
from diffqas.agents.arena import Arena
from diffqas.agents.networks import Agent, Agents
from diffqas.agents.training import schedule
from diffqas.architecture import Gumbel
from diffqas.choices import adjusted
from diffqas.errors import RunError
from diffqas.quantum_train import QuantumTrain
from diffqas.studies import populations
from diffqas.training import make_models


@pytest.fixture
def start(cartpole, settings, make_agents):
    """A training of CartPole for the given seeds; more choices may be given by name."""
    begun = []

    def make(seeds, **chosen):
        own = replace(settings, **chosen)
        begun.append(SyncTraining(make_agents(cartpole, own, seeds), cartpole, own, seeds))
        return begun[-1]

    yield make
    for training in begun:
        training.close()


def numbers(training, row):
    return torch.cat([p[row].detach().flatten() for p in training.population.parameters_in_order])


def stored(training):
    """What `load_state_dict` is given after a run was stopped."""
    file = io.BytesIO()
    torch.save(training.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def same(one, other):
    """Whether two states are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one.nan_to_num(-7), other.nan_to_num(-7))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key]) for key in one if key != "seconds"
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_seeds_in_lockstep_are_seeds_alone(start):
    seeds = [3, 0, 7]
    together = start(seeds)
    for _ in range(15):
        together.update()
    for row, seed in enumerate(seeds):
        alone = start([seed])
        begin = numbers(alone, 0)
        for _ in range(15):
            alone.update()
        torch.testing.assert_close(numbers(together, row), numbers(alone, 0), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(
            together.population.mean[row], alone.population.mean[0], rtol=1e-9, atol=1e-9
        )
        assert together.entropy[row].item() == pytest.approx(alone.entropy.item(), rel=1e-9)
        assert together.log.rewards[row] == alone.log.rewards[0]
        assert together.log.lengths[row] == alone.log.lengths[0]
        assert together.arena.state_dict()[row] == alone.arena.state_dict()[0]
        assert together.log.counts[row] > 3
        assert (numbers(alone, 0) - begin).abs().max() > 1e-3


def test_a_training_is_the_same_every_time(start):
    first, second = start([5]), start([5])
    for training in (first, second):
        for _ in range(5):
            training.update()
    assert same(first.state_dict(), second.state_dict())


def test_one_update_is_one_step_of_adam_down_the_gradient(start, cartpole, settings, make_agents):
    training, agents = start([2], lr=0.01, entropy=0.5), make_agents(cartpole, settings, [2])
    begin = numbers(training, 0)
    agents.mean.copy_(training.population.mean)
    own = replace(settings, entropy=0.5)
    draws, weight = training._draws(), torch.tensor([0.5])
    found = a2c.experience(
        agents, Arena("cartpole", [2], settings.workers), own, draws, [True], weight
    )
    training.update()
    change = -0.01 * agents.rates * found.gradient[0] / (found.gradient[0].abs() + settings.eps)
    torch.testing.assert_close(numbers(training, 0) - begin, change, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("relaxation", [None, Gumbel()], ids=["raw", "gumbel"])
def test_stopped_and_continued_is_bit_equal(start, settings, relaxation):
    chosen = (
        {}
        if relaxation is None
        else {"generator": replace(settings.generator, relaxation=relaxation)}
    )
    whole, half = start([0, 4], **chosen), start([0, 4], **chosen)
    for _ in range(14):
        whole.update()
    for _ in range(6):
        half.update()
    again = start([0, 4], **chosen)
    again.update()  # wherever it stands
    again.load_state_dict(stored(half))
    assert same(again.state_dict(), half.state_dict())
    for _ in range(8):
        again.update()
    assert same(again.state_dict(), whole.state_dict())
    assert all(whole.log.counts)


def test_records_go_on_where_they_stopped(start, monkeypatch):
    monkeypatch.setattr(a2c, "UPDATES_PER_RECORD", 2)
    whole = list(start([0, 1], episodes=12).epochs())
    stopped = start([0, 1], episodes=12)
    records = stopped.epochs()
    first = [next(records), next(records)]
    again = start([0, 1], episodes=12)
    again.load_state_dict(stored(stopped))
    told = [json.dumps(record.to_json()) for record in [*first, *again.epochs()]]
    assert told == [json.dumps(record.to_json()) for record in whole]
    assert len(told) > 3


def test_a_record_has_an_entry_for_every_seed(start, monkeypatch):
    monkeypatch.setattr(a2c, "UPDATES_PER_RECORD", 4)
    training = start([0, 1, 2], episodes=6)
    records = list(training.epochs())
    assert [record.epoch for record in records] == list(range(1, len(records) + 1))
    for record in records:
        told = record.to_json()
        assert all(
            len(told[name]) == 3
            for name in ("episodes", "steps", "reward", "success", "length", "entropy")
        )
        assert np.shape(record.structural_weights) == (3, 24)
        assert json.loads(json.dumps(told)) == told
        assert all(0 < entropy <= np.log(2) for entropy in record.entropy)
    assert records[-1].episodes == training.log.counts == [6, 6, 6]
    assert records[-1].steps == [sum(lengths) for lengths in training.log.lengths]
    assert records[-1].updates == training.updates
    assert training.metrics["episodes"] == [6.0, 6.0, 6.0]
    assert training.metrics["mean_reward"] == pytest.approx(
        [np.mean(rewards) for rewards in training.log.rewards]
    )
    assert not any(training.active)


@pytest.mark.parametrize("part", ["policy", "value"])
def test_a_seed_without_a_number_is_frozen_and_the_others_go_on(start, part):
    training, alone = start([0, 1, 2]), start([2])
    for one in (training, alone):
        one.update()
    network = getattr(training.population, part)
    with torch.no_grad():
        network.circuits.angles[1] = torch.nan
    before, moments = numbers(training, 1), training.adam.first[1].clone()
    mean, count = training.population.mean[1].clone(), training.population.count[1].clone()
    for one in (training, alone):
        for _ in range(6):
            one.update()
    assert training.failures == {
        1: f"the loss became nan at update 2 (first in {part}.generator.circuits.angles)"
    }
    assert training.active == [True, False, True]
    assert torch.equal(numbers(training, 1).nan_to_num(-7), before.nan_to_num(-7))
    assert torch.equal(training.adam.first[1], moments)
    assert training.adam.steps.tolist() == [7, 1, 7]
    assert torch.equal(training.population.mean[1], mean)
    assert torch.equal(training.population.count[1], count)
    torch.testing.assert_close(numbers(training, 2), numbers(alone, 0), rtol=1e-9, atol=1e-9)
    assert training.log.lengths[2] == alone.log.lengths[0]
    where = training.arena.state_dict()[1]
    training.update()
    assert training.arena.state_dict()[1] == where
    again = start([0, 1, 2])
    again.load_state_dict(stored(training))
    assert again.failures == training.failures
    assert again.active == [True, False, True]


def test_it_stops_when_no_seed_is_left(start):
    training = start([5, 9])
    with torch.no_grad():
        training.population.value.circuits.angles[0] = torch.nan
    training.update()
    with torch.no_grad():
        training.population.policy.circuits.structure[1] = torch.inf
    with pytest.raises(
        RunError, match=r"seed 9: .* at update 2 \(first in .*\)\. Try a lower learning rate"
    ) as stop:
        list(training.epochs())
    assert len(str(stop.value).splitlines()) == 1
    assert set(training.failures) == {5, 9}


def test_a_seed_that_has_had_its_episodes_no_longer_changes(start):
    training = start([0, 1, 2], episodes=9)
    while all(training.active):
        training.update()
    done = training.active.index(False)
    assert any(training.active)
    others = [row for row, active in enumerate(training.active) if active]

    def state(row):
        agents, adam = training.population, training.adam
        parts = (
            numbers(training, row),
            agents.mean[row],
            agents.count[row],
            adam.first[row],
            adam.second[row],
        )
        places, entropy = training.arena.state_dict()[row], training.entropy[row].item()
        return [part.clone() for part in parts], [places, entropy, training.log.lengths[row].copy()]

    before, moving = state(done), [state(row) for row in others]
    while any(training.active):
        training.update()
    assert same(list(state(done)), list(before))
    for row, then in zip(others, moving, strict=True):
        assert not torch.equal(state(row)[0][0], then[0][0])
    assert training.log.counts == [9, 9, 9]
    assert not training.failures


def seen_by(training, monkeypatch):
    """Everything that the networks of a training are shown, one tensor per update."""
    shown, plain = [], a2c.experience

    def remember(*arguments):
        found = plain(*arguments)
        shown.append(found.observations)
        return found

    monkeypatch.setattr(a2c, "experience", remember)
    return shown


def test_the_centre_is_the_mean_of_what_was_seen(start, monkeypatch):
    training = start([0, 1], centre=True)
    beginning = torch.as_tensor(training.arena.observations, dtype=torch.float64)
    torch.testing.assert_close(training.population.mean, beginning.mean(1))
    shown = seen_by(training, monkeypatch)
    for _ in range(7):
        training.update()
    everything = torch.cat([beginning, *shown], 1)
    assert training.population.count.tolist() == [3 + 7 * 30] * 2
    torch.testing.assert_close(training.population.mean, everything.mean(1), rtol=1e-9, atol=1e-12)


def test_without_a_centre_the_mean_stays_at_zero(start):
    training = start([0, 1], centre=False)
    training.update()
    assert not training.population.mean.any()
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(training.population.inputs(x), x * training.settings.shrink)


def test_inputs_are_centred_and_shrunk(start):
    training = start([0, 1], shrink=0.25)
    agents = training.population
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    for row in range(2):
        torch.testing.assert_close(agents.inputs(x)[row], (x[row] - agents.mean[row]) * 0.25)


def test_rates_and_entropy_fall_linearly(settings):
    own = adjusted(settings, lr=0.5, floor=0.2, entropy=0.3, decay=10)
    lr, weight = schedule(own, torch.tensor([0, 5, 10, 20]))
    assert lr.tolist() == pytest.approx([0.5, 0.3, 0.1, 0.1])
    assert weight.tolist() == pytest.approx([0.3, 0.15, 0.0, 0.0])


def test_the_relaxation_is_told_how_far_training_has_come(start):
    training = start([0], episodes=40)
    while training.log.counts[0] < 10:
        training.update()
    done = training.log.counts[0]
    training.update()
    assert (
        training.population.policy.circuits.progress
        == training.population.value.circuits.progress
        == done / 40
    )


def test_agents_are_given_what_was_learnt(start, cartpole, settings):
    training = start([0, 1])
    training.update()
    models = [
        Agent(
            make_models(cartpole.network("policy"), settings, [9])[0],
            make_models(cartpole.network("value"), settings, [9])[0],
            4,
            settings.shrink,
        ).double()
        for _ in range(2)
    ]
    training.population.write_back(models)
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    agents = training.population
    expected = agents.policy.call(agents.policy.generate(), agents.inputs(x), own=True)
    for row, model in enumerate(models):
        torch.testing.assert_close(model(x[row]), expected[row])
        plain = model.export()
        torch.testing.assert_close(plain(x[row]), expected[row])
        assert not any(isinstance(module, QuantumTrain) for module in plain.modules())
        assert "trainable numbers write" in model.parameter_report()


@pytest.mark.parametrize("kind", ["direct", "hashed", "subspace"])
def test_controls_train_the_same_way(cartpole, settings, kind):
    make = getattr(populations, kind)

    def agents(seeds):
        parts = [make(cartpole.network(name), settings, seeds) for name in ("policy", "value")]
        return Agents(*parts, len(seeds), 4, settings.centre, settings.shrink)

    together = SyncTraining(agents([0, 1]), cartpole, settings, [0, 1])
    alone = SyncTraining(agents([1]), cartpole, settings, [1])
    begin = numbers(together, 1)
    for training in (together, alone):
        for _ in range(5):
            training.update()
        training.close()
    torch.testing.assert_close(numbers(together, 1), numbers(alone, 0), rtol=1e-9, atol=1e-9)
    assert not torch.equal(numbers(together, 1), begin)
    assert together._record().structural_weights == [[], []]


def test_the_global_random_state_is_left_alone(start):
    before = torch.get_rng_state()
    start([0]).update()
    assert torch.equal(before, torch.get_rng_state())


def test_float32_agents_train_as_float32(cartpole, settings, make_agents):
    here = cartpole.to("cpu", torch.float32)
    training = SyncTraining(make_agents(here, settings, [0, 1]), here, settings, [0, 1])
    training.update()
    assert {p.dtype for p in training.population.parameters_in_order} == {torch.float32}
    assert training.population.mean.dtype == torch.float64
    assert torch.isfinite(numbers(training, 0)).all()
    training.close()


def test_what_is_drawn_follows_from_seed_and_update(start):
    training, alone = start([4, 6]), start([6])
    drawn = []
    for update in (0, 1, 7):
        training.updates = alone.updates = update
        drawn += training._draws().unbind(1)
        assert torch.equal(training._draws()[:, 1:], alone._draws())
    assert drawn[0].shape == (10, 3)
    everything = torch.stack(drawn).flatten()
    assert len(everything.unique()) == 6 * 30
    assert 0 <= everything.min() < 0.1 < 0.9 < everything.max() < 1
