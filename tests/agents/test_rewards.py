"""Rewards over the episodes, and an agent's result in words."""

import io

import numpy as np
import pytest

from diffqas.agents.rewards import RewardLine, few, moving, rewards_figure
from diffqas.agents.tables import agent_report
from diffqas.reports import RunResult, Terminal
from diffqas.reports.pictures import save_figure
from diffqas.searches.progress import EpisodeDisplay
from diffqas.searches.result_table import report


@pytest.mark.parametrize("window", [1, 3, 7, 40])
def test_moving_figures_are_those_of_every_window(window):
    values = np.random.default_rng(0).normal(size=40)
    for first in (None, 1, 2):
        ends = range(first or window, 41)
        windows = [values[max(0, end - window) : end] for end in ends]
        mean, deviation = moving(values, window, first)
        np.testing.assert_allclose(mean, [np.mean(one) for one in windows], atol=1e-12)
        np.testing.assert_allclose(deviation, [np.std(one) for one in windows], atol=1e-7)


def test_equal_values_do_not_deviate():
    mean, deviation = moving(np.full(1_000, 0.955), 100)
    np.testing.assert_allclose(mean, 0.955)
    np.testing.assert_allclose(deviation, 0, atol=1e-6)


def test_fewer_values_than_a_window_have_no_figures():
    for part in (*moving([1.0, 2.0], 3), *moving([], 1)):
        assert part.size == 0


def test_an_average_begins_with_the_fiftieth_part_of_its_window():
    assert [few(window) for window in (1, 99, 100, 1_000)] == [1, 1, 2, 20]


def rewards(count, seed=0):
    return np.random.default_rng([count, seed]).random(count)


def test_one_line_of_one_seed(tmp_path):
    values = rewards(60)
    figure = rewards_figure([RewardLine("search", [values])], "room: reward (seed 0)", best=0.955)
    (axes,) = figure.axes
    line, best = axes.lines
    mean, deviation = moving(values, 6, first=1)
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 61))
    np.testing.assert_allclose(line.get_ydata(), mean)
    assert set(best.get_ydata()) == {0.955}
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((mean + deviation).max())
    assert band.min() == pytest.approx((mean - deviation).min())
    assert axes.get_ylabel() == "reward, mean of 6 episodes"
    assert axes.get_legend() is None
    assert axes.child_axes == []
    save_figure(figure, tmp_path / "rewards.png")
    assert (tmp_path / "rewards.png").read_bytes()[:4] == b"\x89PNG"


def test_several_seeds_are_drawn_by_their_median_as_far_as_all_of_them_go():
    values = [rewards(count, seed) for seed, count in enumerate((50, 40, 45))]
    (axes,) = rewards_figure([RewardLine("search", values)], "title", window=4).axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 41))
    expected = np.median([moving(one[:40], 4, first=1)[0] for one in values], axis=0)
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_seeds_that_steps_end_are_drawn_over_all_of_their_steps():
    values = [np.full(count, float(count)) for count in (50, 10)]
    lengths = [np.full(50, 2), np.full(10, 10)]
    line = RewardLine("search", values, lengths=lengths)
    (axes,) = rewards_figure([line], "title", window=5).axes
    (drawn,) = axes.lines
    assert drawn.get_xdata()[[0, -1]].tolist() == [10, 100]
    assert set(drawn.get_ydata()) == {30.0}
    assert axes.get_xlabel() == "steps of each seed in the environment"


def test_lines_may_be_of_different_lengths():
    lines = [
        RewardLine("long", [rewards(50)]),
        RewardLine("short", [rewards(20)]),
        RewardLine("none", [[]]),
    ]
    (axes,) = rewards_figure(lines, "title").axes
    assert [line.get_xdata()[-1] for line in axes.lines] == [50, 20]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["long", "short"]


@pytest.mark.parametrize(("count", "inset"), [(40, False), (41, True)])
def test_an_inset_shows_the_end_of_long_lines(count, inset):
    lines = [RewardLine("long", [rewards(count)]), RewardLine("short", [rewards(15)])]
    (axes,) = rewards_figure(lines, "title", best=0.9, window=4, last=20).axes
    assert len(axes.child_axes) == inset
    for small in axes.child_axes:
        assert small.get_xlim() == (21, 41)
        line, best = small.lines
        large = axes.lines[0]
        shown = large.get_xdata() >= 21
        drawn = line.get_xdata() >= 21
        np.testing.assert_allclose(line.get_ydata()[drawn], large.get_ydata()[shown])
        assert set(best.get_ydata()) == {0.9}


def test_a_long_line_is_thinned_and_stays_true():
    values = rewards(10_000)
    (axes,) = rewards_figure([RewardLine("search", [values])], "title").axes
    x, y = axes.lines[0].get_data()
    assert 2_000 < len(x) < 8_000
    assert (x[0], x[-1]) == (20, 10_000)
    np.testing.assert_allclose(y, moving(values, 1_000, first=20)[0][np.asarray(x, dtype=int) - 20])


RESULT = {
    "task": "minigrid-empty-5x5",
    "recipe": "default",
    "algorithm": "a2c",
    "report": "314 trainable numbers write 11,848 weights",
    "episodes": [6_000.0, 40.0],
    "last": 5_000,
    "mean_reward": [0.9, 0.5],
    "success_rate": [1.0, 0.75],
    "mean_length": [6.0, 50.0],
    "steps": [36_000.0, 2_000.0],
    "references": [{"name": "best possible", "value": 0.955, "remark": "5 steps of at most 100"}],
    "ranking": [
        {
            "gate": gate,
            "candidate": name,
            "weight": 0.4,
            "contribution": share,
            "merged": [name],
            "constant": False,
        }
        for gate, name, share in (
            ("policy", "Ent-RY", 1.0),
            ("value", "Ring-RX", 0.5),
            ("value", "Ent-RX", 0.25),
        )
    ],
    "relaxation": "raw",
    "failures": {"1": "the loss became nan at update 7"},
}


def printed(renderable) -> str:
    console = Terminal(width=200, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_a_report_has_figures_networks_and_failures():
    text = printed(agent_report(RunResult.from_json(RESULT)))
    for words in (
        "314 trainable numbers write 11,848 weights",
        "minigrid-empty-5x5: reward (6,000 episodes, mean of the last 5,000)",
        "0.7 (0.5 .. 0.9, 2 seeds)",
        "default recipe, a2c; success 87.50 % (75.00 % .. 100.00 %, 2 seeds); steps",
        "steps of an episode 28 (6 .. 50, 2 seeds)",
        "Seed 1 was frozen: the loss became nan at update 7",
    ):
        assert words in text
    bars = [line.split() for line in text.splitlines() if "█" in line]
    assert [line[:2] for line in bars] == [
        ["policy", "Ent-RY"],
        ["value", "Ring-RX"],
        ["Ent-RX", 32 // 2 * "█"],
    ]
    assert printed(report(RESULT)) == text


def test_a_report_of_few_episodes():
    names = ("mean_reward", "success_rate", "mean_length", "steps")
    one_seed = {name: RESULT[name][1:] for name in names}
    result = RunResult.from_json(RESULT | one_seed | {"episodes": [40.0], "failures": {}})
    text = printed(agent_report(result))
    assert "reward (mean of 40 episodes)" in text
    assert "frozen" not in text


def test_the_plain_line_of_a_search_that_ends():
    console = Terminal(width=200, record=True, file=io.StringIO())
    record = {"episodes": [1_000, 990], "reward": [0.5, 0.25], "success": [0.75, 0.5]}
    with EpisodeDisplay(console, 2_000, 0) as display:
        display.update(record | {"reward": [float("nan")] * 2})
        display.update(record | {"episodes": [1_000, 1_000]}, "policy Ent-RY")
    (line,) = console.export_text().splitlines()
    assert line.startswith("episode 2,000/2,000  reward 0.375  success 62%  ")
    assert line.endswith(" episodes/s  leading policy Ent-RY")
