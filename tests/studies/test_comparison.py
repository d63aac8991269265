import dataclasses
import math

import numpy as np
import pytest

from diffqas.errors import RunError
from diffqas.studies import comparison as comparisons
from diffqas.studies.cell import Cell
from diffqas.studies.merging import joined
from diffqas.studies.sentences import sentence
from table_2 import NAMED


def compare(cells, baseline=None):
    """The comparison of cells as they are stored."""
    return comparisons.compare(read(cells), baseline, named=NAMED)


def read(cells):
    return [Cell.from_json(cell, "cell.json") for cell in cells]


SEARCH = [1e-6 * 1.1**seed for seed in range(10)]


def cell(row, errors, group="candidate", **more):
    """A cell as a study stores it."""
    values = {
        "study": "table-2",
        "row": row,
        "dataset": "bessel",
        "group": group,
        "trainable": 135,
        "target": 1781,
        "deterministic": False,
        "identical": None,
        "seeds": list(range(len(errors))),
        "test_mse": list(errors),
        "train_mse": list(errors),
        "seconds": 10.0,
        "failures": {},
        "paper": None,
    }
    return values | more


def fixed(row, error, **more):
    return cell(row, [error], "reference", deterministic=True, seeds=[], **more)


def renamed(values):
    """A cell of another figure."""
    return {name.replace("mse", "accuracy"): value for name, value in values.items()}


def times(factor, errors=SEARCH):
    return [None if error is None else error * factor for error in errors]


def table():
    """Worse by exactly 3, better by exactly 2, alike, and models without seeds on either side."""
    alike = [error * (1.3 if seed % 2 else 1 / 1.3) for seed, error in enumerate(SEARCH)]
    return [
        cell("search, raw", SEARCH, "search", paper=4e-5),
        cell("candidate 1", times(1000), identical="uniform", paper=0.0005, seconds=4.0),
        cell("candidate 2", times(3), paper=0.0006),
        cell("candidate 3", times(1000), identical="uniform", paper=0.0007, seconds=8.0),
        cell(
            "uniform distribution",
            times(1000),
            "control",
            identical="uniform",
            trainable=13,
            seconds=None,
        ),
        cell("twin", SEARCH, "control"),
        cell("LSTM, trained directly", alike, "reference", trainable=1781),
        cell("oracle", times(0.5), "reference"),
        fixed("persistence", 1e-2),
        fixed("least squares", 1e-9),
    ]


def entries(comparison):
    return {entry.row: entry for entry in comparison.entries}


def test_every_figure_of_a_row():
    found = entries(compare(table()))["candidate 2"]
    assert found.median == pytest.approx(3 * np.median(SEARCH))
    assert (found.q1, found.q3) == pytest.approx(tuple(3 * np.quantile(SEARCH, (0.25, 0.75))))
    assert found.low < found.median < found.high
    assert found.worst == pytest.approx(max(SEARCH) / np.median(SEARCH))
    assert (found.ratio, found.ratio_low, found.ratio_high) == pytest.approx((3, 3, 3))
    assert found.d_z == math.inf
    assert found.p == found.smallest_p == 2 / 1024
    assert found.pairs == 10
    assert found.paper == (0.0006,)
    assert (found.trainable, found.target, found.seconds) == ((135,), 1781, 10.0)
    assert found.verdict == "better"


def test_verdicts_and_one_holm_family():
    comparison = compare(table())
    verdicts = {entry.row: entry.verdict for entry in comparison.others}
    assert verdicts == {
        "candidate 1 = 3 = uniform distribution": "better",
        "candidate 2": "better",
        "twin": "undecided",
        "LSTM, trained directly": "undecided",
        "oracle": "worse",
        "persistence": "better",
        "least squares": "worse",
    }
    # Seven rows: five at the smallest p, whose adjusted value is seven times that.
    assert [
        entry.p_holm for entry in comparison.others if entry.verdict in ("better", "worse")
    ] == [7 * 2 / 1024] * 5
    assert entries(comparison)["twin"].p == entries(comparison)["twin"].p_holm == 1
    assert comparison.smallest_p == 2 / 1024
    assert comparison.search.p is comparison.search.verdict is None


def test_rows_without_seeds_are_compared_with_every_seed():
    found = entries(compare(table()))["least squares"]
    assert found.pairs == 10
    assert found.ratio == pytest.approx(1e-9 / np.exp(np.mean(np.log(SEARCH))))
    assert found.d_z == pytest.approx(
        (np.log(1e-9) - np.log(SEARCH)).mean() / np.log(SEARCH).std(ddof=1)
    )
    assert found.median == 1e-9
    assert found.seeds == ()
    assert found.q1 is found.low is found.worst is None


def test_provably_equal_rows_become_one():
    found = compare(table()).entries[1]
    assert found.rows == ("candidate 1", "candidate 3", "uniform distribution")
    assert found.trainable == (135, 13)
    assert found.paper == (0.0005, 0.0007)
    assert found.seconds == 6.0
    assert found.group == "candidate"


def test_provably_equal_rows_that_differ_are_told():
    """As they do where cells were computed on different processors."""
    cells = table()
    cells[3]["test_mse"][4] *= 1 + 1e-7
    assert compare(cells).unlike == ()
    first = cells[3]["test_mse"][4]
    cells[3]["test_mse"][4] *= 2
    found = compare(cells)
    assert found.entries[1].errors[4] == pytest.approx(first)
    assert len(found.entries[1].rows) == 3
    assert sentence(found).endswith(
        "Provably equal, yet computed on different processors or by different versions, with other "
        f"figures: candidate 3 (seed 4: {2 * first:.2e}, where candidate 1 has {first:.2e}); the "
        "table has those of the first row."
    )
    cells[3]["test_mse"][4] = None
    assert "(seed 4: no figure, where candidate 1 has" in sentence(compare(cells))


def test_equal_rows_may_have_different_seeds():
    cells = table()
    cells[1] |= {"seeds": [0, 1, 2], "test_mse": times(1000)[:3]}
    assert compare(cells).entries[1].seeds == tuple(range(10))


def test_the_baseline_is_never_merged():
    cells = [
        cell("depth 10", SEARCH, "search", identical="same"),
        cell("again", SEARCH, "search", identical="same"),
        cell("once more", SEARCH, "search", identical="same"),
    ]
    comparison = compare(cells)
    assert [entry.row for entry in comparison.entries] == ["depth 10", "again = once more"]
    assert comparison.others[0].p == 1
    assert compare(cells, baseline="again").search.row == "again"


def test_failed_seeds_are_dropped_counted_and_named():
    cells = table()
    cells[0]["test_mse"][2] = None
    cells[0]["failures"] = {"2": "the loss became nan at epoch 3"}
    cells[2]["test_mse"][5] = math.nan
    cells[2]["failures"] = {"7": "the loss became inf"}  # a frozen seed may still hold a value
    comparison = compare(cells)
    found = entries(comparison)["candidate 2"]
    assert found.failed == (5, 7)
    assert found.dropped == (2, 5, 7)
    assert found.pairs == 7
    assert found.p == 2 / 2**7
    assert len(found.errors) == 8
    assert comparison.search.failed == (2,)
    text = sentence(comparison)
    assert "search, raw (seed 2); candidate 2 (seed 5, 7)" in text
    assert "over nine seeds" in text


def test_a_row_whose_seeds_all_failed_stops_no_other():
    cells = [*table(), cell("broken", [None] * 10), fixed("nothing", None), cell("not yet", [])]
    comparison = compare(cells)
    for name in ("broken", "nothing", "not yet"):
        found = entries(comparison)[name]
        assert found.verdict == "untested"
        assert found.median is found.p is found.p_holm is found.ratio is found.d_z is None
    assert (
        entries(comparison)["candidate 2"].p_holm == 7 * 2 / 1024
    )  # the family counts what was tested
    assert "not tested: broken; nothing; not yet." in sentence(comparison)


def test_a_search_that_failed_everywhere():
    cells = table()
    cells[0]["test_mse"] = [None] * 10
    comparison = compare(cells)
    assert {entry.verdict for entry in comparison.others} == {"untested"}
    assert "finished no seed" in sentence(comparison)


def test_one_seed():
    comparison = compare([cell("search", [1e-6], "search"), cell("a", [2e-6]), fixed("b", 1e-3)])
    found = entries(comparison)["a"]
    assert (found.median, found.p, found.verdict) == (2e-6, None, "untested")
    assert found.low is found.worst is found.d_z is found.ratio_low is None
    assert sentence(comparison) == (
        "On bessel the search (row search; median 1.00e-06 over one seed) was tested against no "
        "other row. The uniform control is not among the rows. The directly trained LSTM is "
        "not among the rows. Fewer than six pairs of seeds, hence not tested: a; b."
    )


def test_zero_errors():
    comparison = compare(
        [cell("search", [0.0] * 10, "search"), cell("a", [0.0] * 10), cell("b", [1e-6] * 10)]
    )
    assert entries(comparison)["a"].p == 1
    assert entries(comparison)["b"].verdict == "better"
    assert comparison.search.worst is None


def test_the_sentence_word_for_word():
    assert sentence(compare(table())) == (
        "On bessel the search (row search, raw; median 1.54e-06 over ten seeds) is better than 3 "
        "of 7 other rows"
        " and worse than 2 (Holm-adjusted p < 0.05, sign-flip tests on log MSE; provably equal "
        "rows counted once)."
        " It is worse than oracle; least squares."
        " No difference was found to twin; LSTM, trained directly."
        " The search is better than the uniform control (median 1.54e-03, on geometric average "
        "1000 times the"
        " search's error, adjusted p = 0.0137)."
        " Between the search and the directly trained LSTM no difference was found (median "
        "1.54e-06, on geometric"
        " average 1 times the search's error, adjusted p = 1)."
        " The median is below the paper's single run (4.00e-05)."
        " The smallest p that ten seeds can give is 0.00195, adjusted for 7 rows 0.0137."
    )


def test_the_sentence_falls_either_way():
    cells = table()
    cells[0] |= {"test_mse": times(1e6), "paper": 1e-7}
    text = sentence(compare(cells))
    assert "is better than none of 7 other rows" in text
    assert "and worse than 7" in text
    assert "The search is worse than the uniform control" in text
    assert "The search is worse than the directly trained LSTM" in text
    assert "The median is above the paper's single run" in text


def test_the_sentence_without_controls_or_differences():
    alone = compare([cell("depth 10", SEARCH, "search"), cell("depth 5", SEARCH, "search")])
    assert "was not found to differ from any of 1 other row (" in sentence(alone)
    assert "No difference was found to" not in sentence(
        alone
    )  # the first sentence has said it of all
    assert "LSTM" not in sentence(alone)
    some = compare([cell("search", SEARCH, "search"), cell("hashed", times(2), "control")])
    assert (
        "The uniform control is not among the rows. The directly trained LSTM is not among the "
        "rows." in sentence(some)
    )
    failed = compare([cell("search", SEARCH, "search"), cell("uniform", [None] * 10, "control")])
    assert "The uniform control could not be tested." in sentence(failed)


def test_networks_that_are_trained_directly_in_two_ways_are_both_spoken_of():
    text = sentence(
        compare(
            [
                cell("search", SEARCH, "search"),
                cell("direct LSTM", times(1e-3), "control"),
                cell("direct LSTM by Adam", times(1e3), "control"),
            ]
        )
    )
    assert "The search is worse than the directly trained LSTM (" in text
    assert "The search is better than the directly trained LSTM by Adam (" in text


def test_too_many_rows_for_the_seeds_are_said():
    text = sentence(
        compare(
            [cell("search", SEARCH[:6], "search"), cell("a", times(9)[:6]), cell("b", times(8)[:6])]
        )
    )
    assert (
        "six seeds can give is 0.0312, adjusted for 2 rows 0.0625, so no difference could have "
        "been found" in text
    )


def test_five_pairs_are_no_test():
    comparison = compare(
        [cell("search", SEARCH, "search"), cell("few", times(9)[:5]), cell("enough", times(8))]
    )
    assert entries(comparison)["few"].p is entries(comparison)["few"].p_holm is None
    assert entries(comparison)["few"].ratio == pytest.approx(9, rel=0.5)
    # Of the family are the rows that are tested.
    assert entries(comparison)["enough"].p_holm == 2 / 1024
    assert "hence not tested: few." in sentence(comparison)


def test_data_sets_are_families_of_their_own():
    other = [entry | {"dataset": "narma5"} for entry in table()[:3]]
    first, second = comparisons.compare_all(read([*other, *table()]))
    assert (first.dataset, second.dataset) == ("narma5", "bessel")
    assert len(first.others) == 2
    assert entries(first)["candidate 2"].p_holm == 2 * 2 / 1024


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([], "one data set, but got none"),
        ([*table(), cell("x", SEARCH, dataset="narma5")], "bessel, narma5"),
        ([*table(), cell("twin", SEARCH)], "'twin' stands twice"),
        (table()[1:], "no row of group 'search'"),
        (
            [cell("search", SEARCH, "search", seeds=[0])],
            "'search' on bessel must hold one test_mse per seed",
        ),
        ([cell("search", SEARCH[:2], "search", seeds=[1, 1])], "each seed once"),
        ([fixed("search", 1.0) | {"group": "search"}], "has no seeds"),
        ([{"row": "search", "dataset": "bessel"}], "it lacks `seeds`"),
        ([renamed(cell("search", SEARCH, "search"))], "no entry 'test_mse'"),
    ],
)
def test_cells_that_make_no_table(cells, words):
    with pytest.raises(RunError, match=words):
        compare(cells)


def test_an_unknown_baseline_is_named():
    with pytest.raises(RunError, match="no row 'serach' to compare"):
        compare(table(), baseline="serach")


def test_names_of_merged_rows():
    assert joined(["candidate 1", "candidate 3", "uniform"]) == "candidate 1 = 3 = uniform"
    assert joined(["a"]) == "a"
    assert joined(["a b", "a"]) == "a b = a"
    assert joined(["a", "a b c"]) == "a = b c"


def test_entries_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        compare(table()).search.median = 0.0
