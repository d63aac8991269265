"""Training with processes: how it ends, and what is left when it is ended."""

import io
import multiprocessing
import operator
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from diffqas.agents import a3c
from diffqas.agents.a3c import AsyncTraining
from diffqas.agents.networks import SeparateAgents
from diffqas.agents.task import environment_task
from diffqas.agents.worker import Counters
from diffqas.errors import RunError

PATIENCE = 60.0
"""Seconds after which a process that was to end is said to live for ever."""


@pytest.fixture(scope="module")
def task():
    return environment_task("minigrid-empty-5x5")


@pytest.fixture
def start(task, settings, make_agents):
    """A training of two workers; the task and the settings may be changed by name."""
    begun = []

    def make(seeds, own_task=task, **chosen):
        own = replace(
            settings, **{"algorithm": "a3c", "workers": 2, "steps": 5, "episodes": 4} | chosen
        )
        agents = SeparateAgents([make_agents(task, own, [seed]) for seed in seeds])
        begun.append(AsyncTraining(agents, own_task, own, seeds))
        return begun[-1]

    yield make
    for training in begun:
        training.close()


@pytest.fixture
def often(monkeypatch):
    """One record for every episode."""
    monkeypatch.setattr(a3c, "EPISODES_PER_RECORD", 1)


def numbers(training, row):
    return torch.cat([p.detach().flatten() for p in training.population[row].parameters_in_order])


def left(pids):
    """Those processes that still run (one that has ended but was not collected does not)."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    running = {int(pid) for pid, state in map(str.split, listed.splitlines()) if state[0] != "Z"}
    return running & set(pids)


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def shared_memory_of(pids):
    """Names in shared memory that such processes made."""
    return [name for name in os.listdir("/dev/shm") if any(f"_{pid}_" in name for pid in pids)]


def test_a_run_with_a_killed_worker_has_its_episodes_and_leaves_nobody(start, often):
    training = start([0, 1], episodes=8)
    begin = [numbers(training, row) for row in range(2)]
    records, pids = [], set()
    for record in training.epochs():
        records.append(record)
        pids |= {worker.process.pid for worker in training.workers}
        if len(records) == 1:
            killed = next(worker for worker in training.workers if worker.begun)
            os.kill(killed.process.pid, signal.SIGKILL)
            killed.process.join(PATIENCE)
    assert training.remarks == [f"worker {killed.number} died (signal 9) and was replaced"]
    assert training.hired == 2 + 1 + 2
    assert training.log.counts == records[-1].episodes == [8, 8]
    assert all(1 <= length <= 100 for lengths in training.log.lengths for length in lengths)
    for row in range(2):
        assert torch.isfinite(numbers(training, row)).all()
        assert not torch.equal(numbers(training, row), begin[row])
    assert training.updates == records[-1].updates
    # A worker that is killed between its step and its count leaves one more of these than of those.
    assert abs(training.adam.steps.sum().item() - training.updates) <= 1
    assert all(0 < entropy < 2 for entropy in training.entropy.tolist())
    assert training.workers == []
    assert multiprocessing.active_children() == []
    assert not left(pids)
    assert not shared_memory_of({*pids, os.getpid()})


def test_every_update_is_counted_however_long_a_record_takes(start, often):
    training = start([0], workers=1)
    updates = []
    for record in training.epochs():
        updates.append(record.updates)
        time.sleep(0.3)  # a checkpoint is written while the worker goes on
    assert updates == sorted(updates)
    assert (
        updates[-1]
        == training.updates
        == int(training.counters.updates)
        == training.adam.steps.item()
    )


def test_a_stored_state_goes_on(start, often):
    training = start([0, 1], workers=1, episodes=8)
    records = training.epochs()
    while training.log.counts[1] < 1:
        next(records)
    training.close()
    assert multiprocessing.active_children() == []
    file = io.BytesIO()
    torch.save(training.state_dict(), file)
    file.seek(0)
    again = start([0, 1], workers=1, episodes=8)
    again.load_state_dict(torch.load(file, weights_only=True))
    for row in range(2):
        assert torch.equal(numbers(again, row), numbers(training, row))
        assert torch.equal(again.population[row].mean, training.population[row].mean)
    assert torch.equal(again.adam.first, training.adam.first)
    assert (again.epoch, again.updates, again.hired) == (
        training.epoch,
        training.updates,
        training.hired,
    )
    before = [lengths.copy() for lengths in training.log.lengths]
    assert again.log.lengths == before
    *_, last = again.epochs()
    assert again.log.counts == [8, 8]
    assert again.log.lengths[0] == before[0]
    assert again.log.lengths[1][: len(before[1])] == before[1]
    assert torch.equal(numbers(again, 0), numbers(training, 0))
    assert not torch.equal(numbers(again, 1), numbers(training, 1))
    assert again.hired == training.hired + 1
    assert last.updates == again.updates > training.updates
    assert last.epoch == again.epoch > training.epoch


def test_agents_without_a_number_stop_the_run_or_are_passed_over(start):
    training = start([3, 5], workers=1, episodes=1)
    with torch.no_grad():
        training.population[0].value.circuits.angles.fill_(torch.nan)
    before = numbers(training, 0)
    list(training.epochs())
    assert training.failures == {
        3: "the loss became nan at update 1 (first in value.generator.circuits.angles)"
    }
    assert torch.equal(numbers(training, 0).nan_to_num(-7), before.nan_to_num(-7))
    assert training.adam.steps[0].item() == 0
    assert training.log.counts == [0, 1]
    alone = start([3], workers=1)
    alone.population[0].load_state_dict(training.population[0].state_dict())
    with pytest.raises(
        RunError,
        match=r"diverged: seed 3: .* at update 1 \(first in value\..*angles\)\. "
        r"Try a lower learning",
    ):
        list(alone.epochs())
    alone.close()
    assert multiprocessing.active_children() == []


def test_another_device_is_refused(task, start):
    with pytest.raises(RunError, match="CPU only: give --device cpu, or --algorithm a2c"):
        start([0], task.to("cuda", torch.float32))


def test_workers_that_cannot_begin_say_why_in_one_line(task, start, capfd):
    training = start([0], replace(task, identity="Nope-v0"))
    with pytest.raises(RunError, match=r"A worker gave up: .*`Nope`") as stop:
        list(training.epochs())
    training.close()
    assert len(str(stop.value).splitlines()) == 1
    assert capfd.readouterr().err == ""
    assert multiprocessing.active_children() == []


def test_workers_that_keep_dying_are_not_replaced_for_ever(start, monkeypatch):
    monkeypatch.setattr(a3c, "work", operator.is_)  # it returns at once
    training = start([0], workers=1)
    with pytest.raises(
        RunError, match=r"keep dying \(exit code 0\)\. Try fewer --workers, or --algorithm a2c"
    ):
        list(training.epochs())
    training.close()
    assert training.hired == 3
    assert multiprocessing.active_children() == []


def test_a_run_that_goes_on_repeats_no_workers_number(start, monkeypatch):
    given = []

    class Nobody:
        def __init__(self, target, args, name, daemon):
            given.append(args[0].number)

        def start(self):
            pass

    monkeypatch.setattr(multiprocessing.get_context("spawn"), "Process", Nobody, raising=False)
    stopped, again = start([0], episodes=1_000), start([0], episodes=1_000)
    stopped.row = again.row = 0
    for _ in range(3):
        stopped._hire()
    stopped.log.add(0, [(0.0, 100)])
    state = stopped.state_dict()
    stopped._hire()  # too late to be stored
    again.load_state_dict(state)
    stopped.log.add(0, [(0.0, 100)])
    for _ in range(2):
        stopped._hire()
    for training in (stopped, again):
        for worker in training.workers:
            worker.pipe.close()
        training.workers = []
    assert len(set(given)) == 6
    again._hire()
    assert given[-1] not in given[:3]
    again.workers = []


def test_counters_begin_where_they_are_told_and_are_shared():
    counters = Counters.start(7, 30)
    assert (counters.episodes.item(), counters.updates.item(), counters.stop.item()) == (7, 30, 0)
    assert all(
        counter.is_shared() for counter in (counters.episodes, counters.updates, counters.stop)
    )


PARENT = """
import os, sys
from dataclasses import replace
from diffqas.studies import populations
from diffqas.agents.task import environment_task
from diffqas.agents.a3c import AsyncTraining
from diffqas.agents.networks import Agents, SeparateAgents
from diffqas.agents import a3c

task = environment_task("minigrid-empty-5x5")
settings = replace(
    task.settings("default"), algorithm="a3c", depth=2, workers=2, steps=5, episodes=100_000
)
parts = [populations.search(task.network(name), settings, [0]) for name in ("policy", "value")]
agents = Agents(*parts, 1, task.observations, settings.centre, settings.shrink)
a3c.EPISODES_PER_RECORD = 1
training = AsyncTraining(SeparateAgents([agents]), task, settings, [0])
try:
    told = False
    for record in training.epochs():
        if not told and all(worker.begun for worker in training.workers):
            print(*[worker.process.pid for worker in training.workers], flush=True)
            told = True
except KeyboardInterrupt:
    print("interrupted", flush=True)
finally:
    training.close()
"""


@pytest.fixture
def family(tmp_path):
    """A training in a process group of its own, and the ids of its two workers."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A background job inherits an ignored Ctrl-C, which would be ignored here, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) == 2, process.communicate()[1]
    yield process, pids
    if left([process.pid, *pids]):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_workers_end_with_the_one_that_began_them(family):
    process, pids = family
    process.kill()
    process.wait()
    assert wait_for(lambda: not left(pids))
    _, errors = process.communicate(timeout=PATIENCE)
    assert errors == ""
    assert not shared_memory_of([process.pid, *pids])


def test_an_interrupt_ends_everybody_and_nobody_complains(family):
    process, pids = family
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=PATIENCE)
    assert errors == ""
    assert printed == "interrupted\n"
    assert process.returncode == 0
    assert not left(pids)
    assert not shared_memory_of([process.pid, *pids])
