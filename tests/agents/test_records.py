import io
import json
import math

import pytest
import torch

from diffqas.agents.episode_log import EpisodeLog
from diffqas.reports import AgentRecord


def filled() -> EpisodeLog:
    log = EpisodeLog(3, 4)
    log.add(0, [(0.0, 100), (0.5, 10)])
    log.add(0, [(1.0, 1)])
    log.add(2, [(-1.0, 7)])
    return log


def test_episodes_are_kept_in_their_order():
    log = filled()
    assert log.rewards == [[0.0, 0.5, 1.0], [], [-1.0]]
    assert log.lengths == [[100, 10, 1], [], [7]]
    assert log.counts == [3, 0, 1]
    assert log.steps == [111, 0, 7]


def test_what_is_beyond_the_limit_is_left_out():
    log = filled()
    log.add(0, [(2.0, 2), (3.0, 3), (4.0, 4)])
    log.add(0, [(5.0, 5)])
    assert log.rewards[0] == [0.0, 0.5, 1.0, 2.0]
    assert log.lengths[0] == [100, 10, 1, 2]
    assert log.counts == [4, 0, 1]


def test_figures_are_means_over_the_last_episodes():
    figures = filled().figures(2)
    assert figures["reward"] == [0.75, pytest.approx(math.nan, nan_ok=True), -1.0]
    assert figures["success"] == [1.0, pytest.approx(math.nan, nan_ok=True), 0.0]
    assert figures["length"] == [5.5, pytest.approx(math.nan, nan_ok=True), 7.0]
    longer = filled().figures(1_000)
    assert (longer["reward"][0], longer["success"][0], longer["length"][0]) == (
        0.5,
        pytest.approx(2 / 3),
        37.0,
    )


def test_a_stored_log_is_the_same_log():
    log, again, file = filled(), EpisodeLog(3, 4), io.BytesIO()
    again.add(1, [(9.0, 9)])
    torch.save(log.state_dict(), file)
    file.seek(0)
    again.load_state_dict(torch.load(file, weights_only=True))
    assert (again.rewards, again.lengths) == (log.rewards, log.lengths)
    again.add(1, [(0.1, 3)])
    assert (again.rewards[1], log.rewards[1]) == ([0.1], [])
    assert all(isinstance(length, int) for lengths in again.lengths for length in lengths)


def test_a_record_is_a_line_of_json():
    record = AgentRecord(1, 25, [3], [111], [0.5], [0.75], [37.0], [1.5], [[0.25, 0.75]])
    line = json.loads(json.dumps(record.to_json()))
    assert list(line) == list(AgentRecord.__dataclass_fields__)
    assert AgentRecord(**line) == record
