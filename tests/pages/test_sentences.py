"""Ratios that sentences of the pages name are computed again from the committed cells."""

import re
import statistics
from itertools import product

import pytest
from committed import SERIES, SHORT, cell, errors, lines_of, text_of

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-\d+)?")
FIRST_ORDER = ("adam", "adam-with-beta2-0.999", "adam-at-a-constant-rate", "rmsprop")
MADE = ("one-circuit", "frozen-drawn-structural-weights")
LIVE = tuple(f"candidate-{number}" for number in (2, 5, 7, 8, 10, 11))
AS_FOUND = tuple(f"{kept}-as-found" for kept in ("top-1", "top-3", "weighted-top-3"))


def geometric(study, data, row, than):
    """Geometric mean over paired seeds of a row's errors, relative to another row's."""
    pairs = zip(errors(study, data, row), errors(study, data, than), strict=True)
    return statistics.geometric_mean([one / other for one, other in pairs])


def medians(study, data, row, than):
    """A row's median error, relative to another row's."""
    one, other = (statistics.median(errors(study, data, name)) for name in (row, than))
    return one / other


def every(ratio, study, datasets, rows, than):
    return [ratio(study, data, row, than) for data, row in product(datasets, rows)]


def ends(values):
    return [min(values), max(values)]


def larger_mapping():
    return every(
        geometric, "table-2", SERIES.values(), ["larger-mapping-of-as-many-numbers"], "search-raw"
    )


def drawn_beside_hashed():
    return every(
        geometric, "table-2", SERIES.values(), ["search-from-drawn-weights"], "hashed-vector"
    )


def candidates_alone():
    return ends(every(geometric, "table-2", ["bessel"], LIVE, "search-raw"))


def filter_beside_adam():
    return every(medians, "table-2", SERIES.values(), ["search-raw-by-adam"], "search-raw")


def drawn_beside_search():
    return every(geometric, "table-2", SERIES.values(), ["search-from-drawn-weights"], "search-raw")


def small_network():
    found = every(geometric, "table-2", SERIES.values(), ["ordinary-small-network"], "search-raw")
    bessel, shm, delayed, narma5, _ = (1 / value for value in found)
    assert rounded(delayed, "160")
    return [1, bessel, 1, shm, 1, narma5, 5]


def classical_generators():
    rows = ["hashed-vector", "random-subspace"]
    return ends(
        [1 / value for value in every(geometric, "table-2", SERIES.values(), rows, "search-raw")]
    )


def least_squares():
    ours = errors("table-2", "delayed-control", "search-raw")
    (other,) = set(errors("table-2", "delayed-control", "least-squares"))
    return [statistics.geometric_mean([one / other for one in ours])]


def trials(filter_of, rows, data=("bessel", "damped-shm")):
    found = [every(medians, "series-recipe", [one], rows, filter_of) for one in data]
    return ends([value for values in found for value in values])


def fast_weights(rows, than="fast-weights"):
    series = ("bessel", "damped-shm", "delayed-control")
    return ends(every(geometric, "fast-weights", series, rows, than))


def fast_classical():
    found = every(geometric, "fast-weights", SERIES.values(), ["lstm-hidden-5"], "fast-weights")
    return [1 / found[1], 1 / found[2]]


def fast_few():
    return fast_weights(["slow-network-no-circuit", *MADE], "fast-weights-latent-4")


def averaging():
    clients = "4-clients-contiguous-1-local-epoch"
    return [
        medians("federated-series", "bessel", f"{row}-{clients}", f"{row}-in-one-place")
        for row in ("search-kalman", "search-adam", "direct-adam")
    ]


def constant_rate():
    return every(medians, "ablation", ["bessel"], ["adam-at-a-constant-rate"], "adam")


def first_order():
    return ends(every(geometric, "ablation", SERIES.values(), FIRST_ORDER, "search-default"))


def separate_angles():
    smooth = ("bessel", "damped-shm", "delayed-control")
    return every(geometric, "ablation", smooth, ["separate-angles"], "search-default")


def quantum_lstm_by_adam():
    return ends(every(medians, "qlstm-table", SERIES.values(), ["shared-by-adam"], "shared"))


def reservoir_on_narma10():
    return every(geometric, "qlstm-table", ["narma10"], ["reservoir-shared"], "shared")


def ordinary_lstms():
    rows = ["lstm-hidden-5", "lstm-hidden-7"]
    found = every(geometric, "qlstm-table", ["bessel", "delayed-control"], rows, "shared")
    return [100 * value for value in ends(found)]


def bilevel(data):
    rows = ["bilevel-raw-adam", "bilevel-softmax-adam"]
    return every(geometric, "strict", [data], rows, "joint-raw-adam")


def filter_beside_the_joint_search():
    rows = ["joint-raw-kalman"]
    found = every(geometric, "strict", SHORT.values(), rows, "joint-raw-adam")
    return [1, 1 / min(found)]


def layers_as_they_end():
    rows = ["per-layer-search-adam", "per-layer-search-without-noise-adam"]
    smooth = ["bessel", "damped-shm"]
    return ends(every(geometric, "per-layer", smooth, rows, "whole-circuit-search-adam"))


PAIRS = ("mnist-4-9", "fashion-mnist-0-6", "fashion-mnist-2-4")


def points(row):
    """Mean difference to the search over paired seeds, in percentage points, on three pairs."""
    found = []
    for data in PAIRS:
        one, other = (
            cell("other-pairs", data, name)["test_accuracy"] for name in (row, "search-raw")
        )
        found.append(100 * abs(statistics.mean(one) - statistics.mean(other)))
    return found


def seconds_beside_the_network():
    search, network = (
        [cell("other-pairs", data, row)["seconds"] for data in PAIRS]
        for row in ("search-raw", "direct-mlp")
    )
    return [380, *ends([one / other for one, other in zip(search, network, strict=True)])]


ITSELF = "depth-5-36-candidates-hidden-5"


def one_quantum_circuit():
    data = ["bessel", "narma5"]
    return every(geometric, "qlstm-sizes", data, ["one-candidate-c1"], ITSELF)


def lstms_of_all_sizes():
    rows = [f"lstm-hidden-{size}" for size in (5, 6, 7, 9)]
    found = every(geometric, "qlstm-sizes", ["bessel"], rows, ITSELF)
    return [100 * value for value in ends(found)]


def one_circuit():
    than = "full-mixture-as-found"
    return ends(every(geometric, "discretise-bessel", ["bessel"], AS_FOUND, than))


SENTENCES = {
    ("controls.md", "error is 0.25, 0.31, 0.18, 0.13 and 0.58 times the search's"): larger_mapping,
    ("controls.md", "1.26, 0.74, 1.23, 0.81 and 1.13 times that of"): drawn_beside_hashed,
    ("controls.md", "error 1.3 to 1.7 times"): candidates_alone,
    ("controls.md", "their error is 0.32, 0.27, 0.24, 0.12 and 0.50 times"): drawn_beside_search,
    (
        "controls.md",
        "leaves 1/160 of the search's error on Bessel and on delayed control, 1/9 on damped SHM, "
        "and 1/4 on NARMA-5",
    ): small_network,
    ("controls.md", "they have 2.2 to 10 times less error"): classical_generators,
    ("controls.md", "least squares have 39,000 times less error than the search"): least_squares,
    ("series.md", "14, 58, 520, 48 and 3 times less error than Adam"): filter_beside_adam,
    ("series.md", "median error on the smooth series is 3 to 20 times larger"): (
        lambda: trials("kalman-filter", ["kalman-memory-1000"])
    ),
    ("series.md", "the medians there are 1.4 and 1.5 times larger"): (
        lambda: trials("kalman-filter", ["kalman-constant-noise-1"])
    ),
    ("series.md", "(a constant one leaves 5 to 100 times more error"): (
        lambda: trials("adam", ["adam-constant-learning-rate"])
    ),
    ("series.md", "(`raw` leaves 17 to 110 times more"): lambda: trials("adam", ["adam-scale-raw"]),
    ("series.md", "RMSProp leaves 2.7 to 4.9 times more"): lambda: trials("adam", ["rmsprop"]),
    ("series.md", "0.999) 1.2 to 2.8 times"): (
        lambda: [0.999, *trials("adam", ["adam-beta2-0.999"], ("bessel", "damped-shm", "narma5"))]
    ),
    ("fast-weights.md", "2.4 times on damped SHM to 35 times on"): fast_classical,
    ("fast-weights.md", "of 145 numbers, has 5 to 520 times"): (
        lambda: [145, *fast_weights(["slow-network-no-circuit"])]
    ),
    ("fast-weights.md", "of 111 numbers, have 7 to 175 times"): lambda: [111, *fast_weights(MADE)],
    ("fast-weights.md", "equal weights that stay have 68 to 16,000 times"): (
        lambda: fast_weights(["frozen-equal-structural-weights"])
    ),
    ("fast-weights.md", "of 99 numbers, the search has 4 to 460 times"): lambda: [99, *fast_few()],
    (
        "federated.md",
        "factor of 20 under the Kalman filter and of 150 by Adam, and the directly trained network "
        "a factor of 20",
    ): averaging,
    ("training-needs.md", "leaves 0.12 to 0.50 times the default"): lambda: ends(
        drawn_beside_search()
    ),
    ("training-needs.md", "at a constant rate ends 46 times worse"): constant_rate,
    ("studies.md", "every series, by 3 to 7,100 times"): first_order,
    ("qlstm.md", "but 5 to 2,000 times above the filter"): quantum_lstm_by_adam,
    ("qlstm.md", "the shared reservoir has 1.9 times the error"): reservoir_on_narma10,
    ("qlstm.md", "have 2 to 10 % of `shared`'s error"): ordinary_lstms,
    ("searches.md", "0.09, 0.10 and 0.26 times the error on Bessel"): separate_angles,
    ("searches.md", "There it has 20 (raw) and 7 times"): lambda: bilevel("damped-shm"),
    ("searches.md", "on Bessel 12 and 27 times"): lambda: bilevel("bessel"),
    ("searches.md", "the smooth series, by 12 to 920 times"): layers_as_they_end,
    ("searches.md", "filter has 1/94"): filter_beside_the_joint_search,
    ("images.md", "it replaces by 0.5, 1.7 and 2.8 points"): lambda: points("direct-mlp"),
    ("images.md", "weights by 0.8, 1.1 and 4.6 points"): lambda: points("ordinary-small-network"),
    ("images.md", "with a 380th of the numbers but 3.8 to 4.7 times"): seconds_beside_the_network,
    ("images.md", "It is 0.7 to 1.1 points above logistic"): (
        lambda: ends(points("logistic-regression"))
    ),
    ("qlstm.md", "139 times the error of the first row on Bessel and 4.5 times"): (
        one_quantum_circuit
    ),
    ("qlstm.md", "have 2 to 10 % of the first row's error"): lstms_of_all_sizes,
    ("discretise.md", "the error grows 380,000 to 740,000 times"): one_circuit,
}
"""Sentences with their figures, and what gives these figures in turn."""


def rounded(value, text):
    """Whether a figure is a value to as many significant digits as it shows."""
    text = text.replace(",", "")
    shown = text.partition("e")[0].replace(".", "").lstrip("0")
    digits = max(len(shown if "." in text else shown.rstrip("0")), 1)
    power = float(f"{value:.{digits - 1}e}")
    return abs(power - float(text)) <= 1e-9 * abs(power)


def test_what_counts_as_rounded():
    assert rounded(3.28e-8, "3.3e-8")
    assert rounded(0.5778, "0.58")
    assert rounded(2899.0, "2,900")
    assert not rounded(2840.0, "2,900")
    assert rounded(2110.0, "2,000")
    assert not rounded(4.6, "4")


@pytest.mark.parametrize(
    ("place", "found"), SENTENCES.items(), ids=[f"{page}-{text[:30]}" for page, text in SENTENCES]
)
def test_figures_of_a_sentence(place, found):
    page, sentence = place
    assert sentence in text_of(page)
    figures, values = NUMBER.findall(sentence), found()
    assert len(figures) == len(values)
    wrong = [(f, v) for f, v in zip(figures, values, strict=True) if not rounded(v, f)]
    assert wrong == []


HOLM = ("p_holm",)
LOW = "ratio_low", "points_low", "difference_low"
HIGH = "ratio_high", "points_high", "difference_high"
CARTPOLE = "policies-cartpole", "cartpole"
ROOM = "policies-minigrid", "minigrid-empty-5x5"
CANCER = "breast-cancer"
FAST, TABLE = "fast-weights", "table-2"
TESTED = {
    ("qlstm.md", "has 2.9 (95 % interval 1.2 to 7.0) and 1.4 (1.1 to 2.0) times"): [
        ("qlstm-sizes", data, "depth 1", (("ratio",), LOW, HIGH)) for data in ("bessel", "narma5")
    ],
    ("qlstm.md", "has 0.24 (0.05 to 0.88) and 1.3 (0.6 to 3.3) times"): [
        ("qlstm-sizes", data, "hidden 2", (("ratio",), LOW, HIGH)) for data in ("bessel", "narma5")
    ],
    ("qlstm.md", "LSTM has 0.23, 0.18, 0.17, 0.14 and 0.40 times"): [
        ("qlstm-table", data, "LSTM, hidden 32", (("ratio",),)) for data in SERIES.values()
    ],
    ("searches.md", "times (p = .04, without noise on damped SHM .07;"): [
        ("per-layer", "bessel", "per-layer search, Adam", (HOLM,)),
        ("per-layer", "damped-shm", "per-layer search without noise, Adam", (HOLM,)),
    ],
    ("searches.md", "of `joint, raw`, p = .03;"): [
        ("strict", "damped-shm", "bilevel, raw, Adam", (HOLM,)),
    ],
    ("searches.md", "times, p = .15 and .06. Its angles"): [
        ("strict", "bessel", f"bilevel, {name}, Adam", (HOLM,)) for name in ("raw", "softmax")
    ],
    ("controls.md", "interval 0.70 to 1.06, adjusted p = 1"): [
        (TABLE, "narma10", "ordinary small network", (LOW, HIGH, HOLM)),
    ],
    ("controls.md", "(adjusted p .08, .09, .07, .047, .047)"): [
        (TABLE, data, "search from drawn weights", (HOLM,)) for data in SERIES.values()
    ],
    ("controls.md", "(adjusted p = .03) and not told apart on two other"): [
        ("figures-5-7", "fashion-mnist-5-7", "ordinary small network", (HOLM,)),
    ],
    ("agents.md", "reaches from -186 to +119"): [
        (*CARTPOLE, "ordinary small network, lr 0.01", (LOW, HIGH)),
    ],
    ("agents.md", "(p = 1, interval -147 to +109)"): [
        (*CARTPOLE, "frozen circuits, 3-local", (HOLM, LOW, HIGH)),
    ],
    ("agents.md", "(p = 0.8, interval -78 to +271)"): [
        (*CARTPOLE, "search, Z", (HOLM, LOW, HIGH)),
    ],
    ("agents.md", "-0.007 to +0.015 and -0.008 to +0.064"): [
        (*ROOM, row, (LOW, HIGH)) for row in ("frozen circuits", "ordinary small network")
    ],
    ("tables.md", "on two folds of breast-cancer (p = 0.012, 0.016)"): [
        (f"tables-{CANCER}", f"{CANCER}-{fold}", "frozen circuits", (HOLM,)) for fold in (1, 4)
    ],
    ("tables.md", "on three of them (0.016, 0.008, 0.016)"): [
        (f"tables-{CANCER}", f"{CANCER}-{fold}", "random features", (HOLM,)) for fold in (0, 1, 4)
    ],
    ("tables.md", "than the perceptron on one of iris (0.031)"): [
        ("tables", "iris-0", "perceptron", (HOLM,)),
    ],
    ("tables.md", "than the perceptron on one fold of wine (0.047)"): [
        ("tables", "wine-0", "perceptron", (HOLM,)),
    ],
    ("agents.md", "Holm-adjusted p of .19 and more"): [
        ("figures-13-14", "minigrid-empty-5x5", "ordinary small network", (HOLM,)),
    ],
    ("agents.md", "of the mean differences within 0.017)"): [
        ("figures-13-14", "minigrid-empty-5x5", "candidate 11", (HIGH,)),
    ],
    ("fast-weights.md", "(0.71 times, 95 % interval 0.56 to 0.91, p = .09)"): [
        (FAST, "narma10", "LSTM, hidden 5", (("ratio",), LOW, HIGH, HOLM)),
    ],
}
"""Sentences, and the tests of committed tables that their figures stand for."""


@pytest.mark.parametrize(
    ("place", "sources"), TESTED.items(), ids=[f"{page}-{text[:30]}" for page, text in TESTED]
)
def test_tests_of_a_sentence(place, sources):
    page, sentence = place
    assert sentence in text_of(page)
    values = []
    for study, data, row, columns in sources:
        (found,) = (one for one in lines_of(study, data) if one["row"] == row)
        values += [next(float(found[name]) for name in names if name in found) for names in columns]
    figures = re.findall(r"[-+]?\d*\.?\d+", sentence.replace("95 %", "").replace("5x5", ""))
    for figure, value in zip(figures, values, strict=True):
        digits = len(figure.partition(".")[2])
        assert abs(value - float(figure)) <= 0.5 * 10.0**-digits * (1 + 1e-6), (figure, value)
