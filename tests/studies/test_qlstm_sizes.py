"""The study of a quantum LSTM's depth, candidates and hidden size: one changed at a time."""

from pathlib import Path

from diffqas.kinds import QLSTM_RECIPES, lstm_count
from diffqas.studies import Plan, populations

SCRIPT = Path(__file__).parents[2] / "studies" / "qlstm_sizes.py"


def test_one_thing_is_changed_at_a_time_and_an_lstm_of_as_many_numbers_stands_beside_it():
    plan = Plan(f"{SCRIPT}:QLSTM_SIZES")
    assert plan.datasets == ("bessel", "narma5")
    searches = [row for row in plan.rows if row.group == "search"]
    lstms = {int(row.name.split()[-1]) for row in plan.rows if row.group == "control"}
    counts = {row.name: row.populate.keywords["kind"].count(row.settings) for row in searches}
    assert counts == {
        "depth 5, 36 candidates, hidden 5": 270,
        "depth 1": 174,
        "depth 2": 198,
        "depth 10": 390,
        "16 live candidates": 190,
        "one candidate, C1": 126,
        "hidden 2": 207,
        "hidden 3": 228,
        "hidden 6": 291,
    }
    for count in counts.values():
        assert min(abs(lstm_count(size) - count) / count for size in lstms) < 0.2
    base = searches[0]
    assert base.settings == QLSTM_RECIPES["default"]
    for row in searches[1:]:
        kind, first = row.populate.keywords["kind"], base.populate.keywords["kind"]
        changed = [row.settings.depth != base.settings.depth]
        changed.append(kind.hidden_size != first.hidden_size)
        changed.append(kind.candidates != first.candidates)
        assert sum(changed) == 1


def test_by_the_papers_recipe_no_rate_is_chosen():
    lstms = [row for row in Plan(f"{SCRIPT}:QLSTM_SIZES", "paper").rows if row.group == "control"]
    assert {row.populate for row in lstms} == {populations.direct}
