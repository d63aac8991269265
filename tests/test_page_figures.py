"""Tables of the pages are read back from the committed cells, figure by figure.

A figure that a page has and no cell, or a cell that a page leaves empty, fails as well as one that
differs.
"""

import csv
import json
import re
import statistics
from pathlib import Path

import numpy as np
import pytest

from diffqas.studies.statistics import holm, sign_flip_p

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "studies" / "results"
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
EMPTY = ("", "–")
SERIES = {
    "Bessel": "bessel",
    "damped SHM": "damped-shm",
    "delayed control": "delayed-control",
    "NARMA-5": "narma5",
    "NARMA-10": "narma10",
}
SHORT = {name: data for name, data in SERIES.items() if data != "delayed-control"}


def plain(text):
    """A cell of a page without its marks."""
    return text.replace("*", "").replace("`", "").replace("\\|", "/").strip()


def table(page, head):
    """The rows of the first table whose header holds these words in turn, by the header."""
    for rows in tables(page, head):
        return rows
    raise AssertionError(f"{page} has no table of {head}")


def tables(page, head):
    """The rows of every table whose header holds these words in turn."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        names = [plain(cell) for cell in line.strip("|").split("|")]
        rule = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("| ") and rule and [name for name in names if name in head] == head:
            rows = []
            for row in lines[number + 2 :]:
                if not row.startswith("|"):
                    break
                cells = [plain(cell) for cell in row.replace("\\|", "/").strip("|").split("|")]
                rows.append(dict(zip(names, cells, strict=True)) | {"": cells[0]})
            yield rows


def cell(study, dataset, row):
    path = RESULTS / study / "cells" / dataset / f"{row}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def slug(row):
    return re.sub(r"[^a-z0-9.]+", "-", row.lower()).strip("-")


def shown(value, text):
    """Whether a text is a value rounded to the text's digits; a half may go either way."""
    text = text.replace(",", "")
    digits, _, power = text.partition("e")
    unit = 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
    return abs(value - float(text)) <= 0.5 * unit * (1 + 1e-6) + 1e-15


def agrees(text, values, factor=1.0, worst=max):
    """Whether a cell of a page, "median", "median (worst)" or "median (lowest .. highest)", is of
    these values.
    """
    values = [factor * value for value in values if value is not None]
    numbers = NUMBER.findall(text)
    expected = {
        1: [statistics.median(values)],
        2: [statistics.median(values), worst(values)],
        3: [statistics.median(values), min(values), max(values)],
    }[len(numbers)]
    return all(shown(value, number) for value, number in zip(expected, numbers, strict=True))


def check(text, found, key, factor=1.0, worst=max):
    """One cell of a page beside one committed cell, which may be missing in both."""
    if found is None or text in EMPTY:
        assert (found is None) == (text in EMPTY), text
        return 0
    assert agrees(text, found[key], factor, worst), (text, found["row"], found["dataset"])
    return 1


def counted(text, found):
    """The number of trained numbers beside it."""
    if found is not None and text:
        assert int(text.replace(",", "")) == found["trainable"], (text, found["row"])


IMAGES = {
    "search": "search-raw",
    "all on 0..0 (candidates 9, 12)": "candidate-9",
    "classical hashed vector": "hashed-vector",
    "classical random subspace": "random-subspace",
    "search, softmax weights, three seeds": "search-softmax",
    "search, Gumbel-softmax weights, three seeds": "search-gumbel",
    "search by Adam, three seeds": "search-raw-by-adam",
    "a random one of the twelve, three seeds": "random-candidate",
    "frozen random circuits": "frozen-circuit",
    "no circuit: uniform distribution (candidates 1, 3, 4, 6)": "uniform-distribution",
    "an ordinary small convolutional network": "ordinary-small-network",
    "the network trained directly, without filter": "direct-mlp",
    "logistic regression": "logistic-regression",
} | {f"candidate {number} alone": f"candidate-{number}" for number in (2, 5, 7, 8, 10, 11)}


def test_images():
    pairs = {f"{name} {a} {b}": f"{name}-{a}-{b}" for name, a, b in [("mnist", 1, 5)]}
    pairs |= {f"fashion-mnist {a} {b}": f"fashion-mnist-{a}-{b}" for a, b in [(1, 5), (5, 7)]}
    rows = table("images.md", list(pairs))
    held = 0
    assert [row[""] for row in rows if row[""] not in IMAGES] == []
    assert len(rows) == len(IMAGES)
    for row in rows:
        for head, dataset in pairs.items():
            found = cell("figures-5-7", dataset, IMAGES[row[""]])
            held += check(row[head], found, "test_accuracy", 100)
            counted(row["trained numbers"], found)
    assert held > 30


def test_seeds_that_took_part_in_no_choice():
    slugs = ["search-raw", "search-from-drawn-weights", "hashed-vector", "ordinary-small-network"]
    series = {head: SERIES[head] for head in ("Bessel", "damped SHM", "NARMA-5", "NARMA-10")}
    rows = table("series.md", ["row", "numbers", "seeds", *series])
    assert len(rows) == 2 * len(slugs)
    for number, row in enumerate(rows):
        study = "table-2" if number % 2 else "fresh-seeds"
        for head, dataset in series.items():
            found = cell(study, dataset, slugs[number // 2])
            assert check(row[head], found, "test_mse")
            counted(row["numbers"], found)
            assert found["seeds"][0] == (0 if number % 2 else 1000)


def test_images_by_the_papers_recipe():
    pairs = {"mnist 1 5": "mnist-1-5", "fashion-mnist 1 5": "fashion-mnist-1-5"}
    pairs["fashion-mnist 5 7"] = "fashion-mnist-5-7"
    _, theirs, ours = table("images.md", ["recipe", *pairs])
    for row, study in ((theirs, "figures-5-7-paper"), (ours, "figures-5-7")):
        for head, dataset in pairs.items():
            assert check(row[head], cell(study, dataset, "search-raw"), "test_accuracy", 100)


def test_depth_of_images():
    heads = {"5 layers": "-depth-5", "10 layers": "-depth-10", "15 layers": ""}
    numbers, ours, *theirs = table("images.md", list(heads))
    lines = (
        (ours, "figures-5-7", "fashion-mnist-5-7"),
        (theirs[0], "figures-5-7-paper", "mnist-1-5"),
        (theirs[1], "figures-5-7-paper", "fashion-mnist-5-7"),
    )
    for row, study, dataset in lines:
        assert dataset == row[""].split(", ")[1].replace(" ", "-")
        cells = {head: cell(study + end, dataset, "search-raw") for head, end in heads.items()}
        accuracies = [found["test_accuracy"] for found in cells.values()]
        for head, found in cells.items():
            assert check(row[head], found, "test_accuracy", 100)
            counted(numbers[head], found)
        p = sign_flips(accuracies[:2], accuracies[2])
        assert max(p) < 0.005 if study == "figures-5-7" else min(p) > 0.2
    whole = statistics.mean(cell("figures-5-7", dataset, "search-raw")["test_accuracy"])
    for words, end in (("0.7 points lower;", "-depth-5"), ("0.4 points lower (p", "-depth-10")):
        assert words in (ROOT / "docs" / "images.md").read_text("utf-8")
        fewer = statistics.mean(cell("figures-5-7" + end, dataset, "search-raw")["test_accuracy"])
        assert shown(100 * (whole - fewer), words.split()[0])


def sign_flips(rows, other):
    """Holm-adjusted p of paired seeds."""
    differences = [np.subtract(row, other) for row in rows]
    return holm([sign_flip_p(each) for each in differences])


def test_ten_classes():
    words = ["search", "no circuit", "hashed", "search", "no circuit", "hashed", "direct"]
    rows = table("images.md", ["", "trained numbers", "accuracy"])
    for number, (word, row) in enumerate(zip(words, rows, strict=True)):
        size = "" if word == "direct" else f"-{300 if number < 3 else 1500}"
        found = cell("images-curve", "mnist", slug(word) + size)
        assert check(row["accuracy"], found, "test_accuracy", 100)
        counted(row["trained numbers"], found)


def test_settings_of_images():
    rows = table("images.md", ["setting", "smooth-mlp, shuffled", "mlp, order of the index"])
    held = 0
    for row in rows:
        names = {"smooth-mlp, shuffled": row[""], "mlp, order of the index": f"plain; {row['']}"}
        for head, name in names.items():
            found = cell("images-recipe", "fashion-mnist-5-7", slug(name))
            held += check(row[head], found, "test_accuracy", 100, min)
    assert held == len(list((RESULTS / "images-recipe/cells/fashion-mnist-5-7").iterdir()))


@pytest.mark.parametrize(
    ("page", "study", "first", "columns"),
    [
        ("series.md", "series-recipe", "Kalman filter", ["bessel", "narma10"]),
        ("series.md", "series-recipe", "Adam", ["bessel", "narma10"]),
    ],
)
def test_settings_of_series(page, study, first, columns):
    """Both tables are lines of the study's own one."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    own = (RESULTS / study / "settings.md").read_text("utf-8").splitlines()
    (start,) = re.findall(rf"^\| {first} \|.*$", text, re.MULTILINE)
    assert start in own
    lines = text[text.index(start) :].split("\n\n")[0].splitlines()
    assert len(lines) > 10
    assert [line for line in lines if line not in own] == []


def test_settings_of_the_quantum_lstm():
    rows = table("qlstm.md", ["setting", "bessel", "narma10"])
    own = (RESULTS / "qlstm-recipe" / "settings.md").read_text("utf-8")
    figures = [(row["bessel"], row["narma10"]) for row in rows]
    cells = [[part.strip() for part in line.split("|")] for line in own.splitlines()[2:]]
    assert sorted(figures) == sorted((line[2], line[3]) for line in cells)


ABOUT_SHM = {"Bessel": "bessel", "damped SHM": "damped-shm"}


def check_series(page, head, study, name_of):
    """A table of a page with test MSE on the short series; the slugs of its rows."""
    rows = table(page, [head, "trained numbers", *SHORT])
    names = [slug(name_of(row[""])) for row in rows]
    for row, name in zip(rows, names, strict=True):
        for column, dataset in SHORT.items():
            found = cell(study, dataset, name)
            assert check(row[column], found, "test_mse"), row
            counted(row["trained numbers"], found)
    return set(names)


def cells_of(study, dataset="bessel"):
    return {path.stem for path in (RESULTS / study / "cells" / dataset).iterdir()}


def test_ablation():
    names = check_series("studies.md", "row", "ablation", str)
    assert names == cells_of("ablation")


CONTROLS = {
    "search": "search-raw",
    "search whose circuits move drawn weights": "search-from-drawn-weights",
    "no circuit: uniform distribution": "uniform-distribution",
    "no circuit: uniform distribution, a mapping of as many numbers": (
        "larger-mapping-of-as-many-numbers"
    ),
    "frozen random circuits": "frozen-circuit",
    "candidate 8 alone": "candidate-8",
    "hashed vector, no circuit": "hashed-vector",
    "random subspace, no circuit": "random-subspace",
    "an ordinary LSTM, hidden 4": "ordinary-small-network",
    "least squares on the window": "least-squares",
}


def test_controls():
    rows = table("controls.md", ["", "trained numbers", "test MSE"])
    assert [row[""] for row in rows] == list(CONTROLS)
    for row in rows:
        found = cell("table-2", "bessel", CONTROLS[row[""]])
        assert check(row["test MSE"], found, "test_mse")
        counted(row["trained numbers"], found)


def test_the_quantum_lstm():
    """By the paper's recipe first, then by ours; below each row the published one."""
    both = list(tables("qlstm.md", ["row", "trained numbers", *SERIES]))
    for study, rows in zip(("qlstm-table-paper", "qlstm-table"), both, strict=True):
        before = ""
        for row in rows:
            name = row[""].replace("least squares on the window", "least squares")
            for head, dataset in SERIES.items():
                if name == "the paper's, one seed":
                    assert shown(cell(study, dataset, before)["paper"], row[head])
                else:
                    found = cell(study, dataset, slug(name))
                    assert check(row[head], found, "test_mse"), row
                    counted(row["trained numbers"], found)
            before = slug(name)


def test_sharing():
    names = check_series("searches.md", "row", "sharing", lambda row: f"{row} Adam")
    assert names == cells_of("sharing")


def test_strict():
    def name_of(row):
        by_filter = row.removesuffix(", by the filter")
        return f"{row} Adam" if by_filter == row else f"{by_filter} Kalman"

    assert check_series("searches.md", "row, by Adam", "strict", name_of) == cells_of("strict")


def test_per_layer():
    names = check_series(
        "searches.md",
        "row, its optimiser",
        "per-layer",
        lambda row: row.replace(", filter", " Kalman"),
    )
    assert names | {"constant", "persistence", "least-squares"} == cells_of("per-layer")


CHOICES = ("found-candidate", "best-candidate", "found-layers", "found-layers-without-noise")


def beside(study, data, rows, than, key="test_mse"):
    """Rows beside another one: ratios of geometric means over paired seeds, and adjusted p."""
    other, *logs = (np.log(cell(study, data, name)[key]) for name in (than, *rows))
    ratios = [float(np.exp((each - other).mean())) for each in logs]
    return dict(zip(rows, zip(ratios, sign_flips(logs, other), strict=True), strict=True))


def test_no_choice_of_a_circuit_is_told_from_lot():
    least = []
    for data in SHORT.values():
        for by, rows in (("adam", CHOICES), ("kalman", (*CHOICES, "evolved-layers"))):
            found = beside(
                "per-layer", data, [f"{row}-{by}" for row in rows], f"random-layers-{by}"
            )
            least += [p for _, p in found.values()]
    assert shown(min(least), ".31")


def test_one_circuit_beside_the_mixture_by_the_filter():
    rows = (*CHOICES, "evolved-layers", "random-layers", "uniform-distribution")
    told = {}
    for data in SHORT.values():
        found = beside(
            "per-layer", data, [f"{row}-kalman" for row in rows], "whole-circuit-search-kalman"
        )
        told |= {(data, row): each for row, each in found.items() if each[1] < 0.05}
    ratio, p = told.pop(("bessel", "found-layers-without-noise-kalman"))
    assert shown(ratio, "1.8")
    assert shown(p, ".047")
    assert {row for _, row in told} == {"uniform-distribution-kalman"}


def test_searches_of_every_layer_as_they_end():
    rows = ["per-layer-search-adam", "per-layer-search-without-noise-adam"]
    for data, ratio, p in (("bessel", 45, ".004"), ("damped-shm", 27, ".03")):
        found = beside("per-layer", data, rows, "uniform-distribution-adam")
        assert shown(1 / found[rows[1]][0], f"{ratio}")
        assert shown(found[rows[1]][1], p)
    for data in SHORT.values():
        assert beside("per-layer", data, rows, "uniform-distribution-adam")[rows[0]][1] > 0.05


PAIRS = {
    "mnist 4 9": "mnist-4-9",
    "fashion-mnist 0 6": "fashion-mnist-0-6",
    "fashion-mnist 2 4": "fashion-mnist-2-4",
}


def test_pairs_that_no_choice_has_seen():
    names = IMAGES | {
        "no circuit: uniform distribution": "uniform-distribution",
        "the nearest of the classes' mean images": "nearest-mean-image",
    }
    rows = table("images.md", ["trained numbers", "seconds", *PAIRS])
    for row in rows:
        for head, data in PAIRS.items():
            found = cell("other-pairs", data, names[row[""]])
            assert check(row[head], found, "test_accuracy", 100), row
            counted(row["trained numbers"], found)
        first = cell("other-pairs", "mnist-4-9", names[row[""]])
        assert shown(first["seconds"], row["seconds"])
    # Always the more frequent class is left out.
    assert len(rows) + 1 == len(list((RESULTS / "other-pairs/cells/mnist-4-9").iterdir()))


def test_sizes_of_the_quantum_lstm():
    rows = table("qlstm.md", ["row", "Bessel", "seconds, Bessel", "NARMA-5", "seconds, NARMA-5"])
    assert len(rows) == len(list((RESULTS / "qlstm-sizes/cells/bessel").iterdir()))
    for row in rows:
        for head in ("Bessel", "NARMA-5"):
            found = cell("qlstm-sizes", SERIES[head], slug(row[""]))
            assert check(row[head], found, "test_mse"), row
            assert shown(found["seconds"], row[f"seconds, {head}"])
            counted(row["trained numbers"], found)


def test_discretise():
    heads = {
        "as found": "as-found",
        "fine-tuned, 20 epochs": "fine-tuned",
        "retrained, 100 epochs": "retrained",
    }
    for row in table("discretise.md", list(heads)):
        for head, word in heads.items():
            found = cell("discretise-bessel", "bessel", f"{slug(row[''])}-{word}")
            assert check(row[head], found, "test_mse"), (row, word)


AGENTS = {
    "search": "search-raw",
    "search, softmax weights": "search-softmax",
    "search, Gumbel-softmax weights": "search-gumbel",
    "networks trained directly": "direct-networks",
    "hashed vector": "hashed-vector",
    "ordinary small networks": "ordinary-small-network",
    "a random one of the twelve": "random-candidate",
    "uniform distribution (candidates 1, 3, 4, 6)": "candidates-1-3-4-6-uniform",
    "all on 0..0 (candidates 9, 12)": "candidates-9-12-zero",
    "frozen random circuits": "frozen-circuit",
    "random policy": "random-policy",
} | {f"candidate {number} alone": f"candidate-{number}" for number in (2, 5, 7, 8, 10, 11)}


@pytest.mark.parametrize("size", ["5x5", "6x6"])
def test_agents(size):
    rows = table("agents.md", [f"MiniGrid-Empty-{size}", "seeds x episodes", "last 5,000"])
    dataset = f"minigrid-empty-{size}"
    assert len(rows) == len(list((RESULTS / "figures-13-14/cells" / dataset).iterdir()))
    for row in rows:
        title = row[f"MiniGrid-Empty-{size}"]
        (name, count), *_ = [*re.findall(r"^(.*), ([\d,]+)(?: numbers)?$", title), (title, "")]
        found = cell("figures-13-14", dataset, AGENTS[name])
        assert check(row["episodes 4,001 to 5,000"], found, "test_reward")
        if row["last 5,000"]:
            assert agrees(row["last 5,000"], found["mean_reward"]), row
        passed = row["0.9 passed after"]
        never = found.get("passed", []).count(None)
        if "never" in passed:
            assert never >= 2
        elif passed:
            assert never == 0
            assert agrees(passed, found["passed"]), row
        counted(count, found)


@pytest.mark.parametrize("size", ["5x5", "6x6"])
def test_how_soon_agents_learn(size):
    rows = table("agents.md", ["beside the search", "5x5", "p in 5x5", "6x6", "p in 6x6"])
    names = [AGENTS[row[""]] for row in rows]
    dataset = f"minigrid-empty-{size}"
    found = beside("figures-13-14", dataset, names, "search-raw", "passed")
    for row, (ratio, p) in zip(rows, found.values(), strict=True):
        assert shown(ratio, row[size]), row
        assert shown(p, row[f"p in {size}"]), row
    # Every row of ten seeds is there.
    every = cells_of("figures-13-14", dataset)
    ten = {name for name in every if len(cell("figures-13-14", dataset, name)["seeds"]) > 3}
    assert ten == {"search-raw", *names}


def test_no_reward_of_an_agent_is_told_apart():
    with (RESULTS / "figures-13-14" / "table.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["p_holm"]]
    trained = [row for row in rows if row["row"] != "random policy"]
    assert {row["verdict"] for row in trained} == {"undecided"}
    assert min(float(row["p_holm"]) for row in trained) > 0.19


TUNED = {
    "search": "search-raw",
    "candidate 8": "candidate-8",
    "uniform distribution": "candidates-1-3-4-6-uniform",
    "frozen circuits": "frozen-circuit",
    "hashed vector": "hashed-vector",
    "networks directly": "direct-networks",
}


def test_settings_of_agents():
    rows = table("agents.md", ["lr, entropy, clip", *TUNED])
    held = 0
    for row in rows:
        lr, entropy, clip = NUMBER.findall(row[""])
        for head, name in TUNED.items():
            setting = f"lr-{lr}-entropy-{entropy}-clip-{clip}"
            found = cell("agents-tuning", "minigrid-empty-5x5", f"{name}-{setting}")
            reward, _, passed = row[head].rstrip(")").partition(" (")
            assert agrees(reward, found["test_mean_reward"])
            said = [None if one == "–" else int(one) for one in passed.split(", ")]
            assert said == found["passed"], (row[""], head)
            held += 1
    assert held == len(list((RESULTS / "agents-tuning/cells/minigrid-empty-5x5").iterdir()))


def test_centred_observations():
    text = " ".join((ROOT / "docs" / "agents.md").read_text("utf-8").split())
    (sentence,) = re.findall(
        r"the default passes 0\.9 after (.*?) \(mean of the last 500: (.*?)\)", text
    )
    counts, rewards = (re.findall(r"\d+(?:\.\d+)?", part) for part in sentence)
    default, centred, raw = (
        cell("agents-factors", "minigrid-empty-6x6", name)
        for name in ("default", "centred-not-shrunk", "raw-observations")
    )
    assert [int(count) for count in counts] == [*default["passed"], *centred["passed"]]
    assert raw["passed"] == [None] * 4
    assert shown(min(raw["mean_reward"]), rewards[0])
    assert shown(max(raw["mean_reward"]), rewards[1])


@pytest.mark.parametrize("numbers", [128, 1_024, 10_240])
def test_adaptation(numbers):
    pairs = {
        "FashionMNIST": "fashion-mnist",
        "inverted digits": "inverted-mnist",
        "turned digits": "turned-mnist",
    }
    (rows,) = (
        rows
        for rows in tables("adaptation.md", ["row", "numbers", *pairs])
        if rows[-2 if numbers == 10_240 else 0]["numbers"]
        == {128: "122", 1_024: "1,018", 10_240: "207,562"}[numbers]
    )
    names = {path.stem for path in (RESULTS / f"adaptation/cells/turned-mnist-{numbers}").iterdir()}
    assert {slug(row["row"]) for row in rows} == names
    for row in rows:
        for head, dataset in pairs.items():
            found = cell("adaptation", f"{dataset}-{numbers}", slug(row["row"]))
            assert check(row[head], found, "test_accuracy", 100), row
            counted(row["numbers"], found)
        if row.get("ms per step"):
            assert shown(found["adapter"]["bytes"], row["bytes of the adapter"])
            assert shown(1e3 * found["adapter"]["seconds_per_step"], row["ms per step"])


ROOMS = {
    "Empty-8x8": "minigrid-empty-8x8",
    "Empty-Random-5x5": "minigrid-empty-random-5x5",
    "DoorKey-5x5": "minigrid-doorkey-5x5",
    "LavaGapS5": "minigrid-lavagap-s5",
    "FourRooms": "minigrid-fourrooms",
    "CartPole-v1": "cartpole",
}


def test_rooms():
    text = (ROOT / "docs" / "agents.md").read_text("utf-8")
    words = ["search-raw", "hashed-vector", "ordinary-small-network", "direct-networks"]
    for room, dataset in ROOMS.items():
        (line,) = re.findall(rf"^\| {room}\b.*$", text, re.MULTILINE)
        parts = [part.strip() for part in line.strip("|").split("|")][1:]
        for place, word in enumerate(words):
            found = cell("rooms", dataset, word)
            assert check(parts[2 * place], found, "test_reward"), (room, word)
            passed = [value for value in found["passed"] if value is not None]
            said = [int(one.replace(",", "")) for one in NUMBER.findall(parts[2 * place + 1])]
            if said and room != "CartPole-v1":
                assert (min(said), max(said)) == (min(passed), max(passed)), (room, word)
                assert ("–" in parts[2 * place + 1]) == (None in found["passed"])
        assert check(parts[8], cell("rooms", dataset, "random-policy"), "test_reward")


def test_policies_that_are_circuits():
    heads = {
        "after 200,000 steps of each seed": "policies-cartpole",
        "after 50,000": "policies-cartpole-soon",
    }
    rows = table("agents.md", ["numbers", *heads])
    names = {path.stem for path in (RESULTS / "policies-cartpole/cells/cartpole").iterdir()}
    held = set()
    for row in rows:
        for head, study in heads.items():
            fitting = []
            for name in sorted(names):
                found = cell(study, "cartpole", name)
                if found and str(found["trainable"]) == row["numbers"]:
                    fitting += [name] * agrees(row[head], found["test_reward"])
            assert fitting, (row, head)
            held.update(fitting)
    assert len(held) >= len(rows)


def test_pooled_digits():
    rows = table("tables.md", ["observables", "trained numbers", "published"])
    named = {
        "logistic regression, 16 pixels": "logistic-regression",
        "perceptron, 16 pixels": "perceptron-of-as-many-numbers",
        "random features, 16 pixels": "random-features-of-as-many-numbers",
    }
    for row in rows:
        name = named.get(row[""], slug(row[""]))
        found = cell("pooled-digits", "mnist-4x4", name)
        assert check(row["test accuracy, median of ten seeds (range)"], found, "test_accuracy", 100)
        counted(row["trained numbers"], found)
        frozen = row["the same circuit at random angles, fitted"]
        if frozen:
            found = cell("pooled-digits", "mnist-4x4", f"frozen-{name}")
            assert check(frozen, found, "test_accuracy", 100)


def test_folds_of_tables():
    """Means of ten seeds and five folds, and the differences paired by fold."""
    rows = table("tables.md", ["", "model", "numbers", "test accuracy, %", "layer less model"])
    means = {}
    for row in rows:
        study = "tables-breast-cancer" if row[""] == "breast-cancer" else "tables"
        folds = sorted((RESULTS / study / "cells").glob(f"{row['']}-?"))
        assert len(folds) == 5
        found = [
            one
            for fold in folds
            for one in (json.loads(path.read_text("utf-8")) for path in fold.iterdir())
            if one["row"].startswith(row["model"].replace("quantum layer", "search"))
            or one["row"].startswith(row["model"])
        ]
        assert len(found) == 5, row["model"]
        assert {len(one["test_accuracy"]) for one in found} == {10}
        own = [100 * statistics.mean(one["test_accuracy"]) for one in found]
        means[row[""], row["model"]] = own
        assert [str(one["trainable"]) for one in found] == [row["numbers"]] * 5
        assert_mean(row["test accuracy, %"], own)
        if row["layer less model"]:
            pairs = zip(means[row[""], "quantum layer"], own, strict=True)
            assert_mean(row["layer less model"], [layer - other for layer, other in pairs])
    assert len(rows) == 15


def assert_mean(text, values):
    mean, error = text.replace("+", "").split(" ± ")
    assert shown(statistics.mean(values), mean), (text, statistics.mean(values))
    assert shown(statistics.stdev(values) / len(values) ** 0.5, error), text


@pytest.mark.parametrize(
    ("study", "file"),
    [("federated-series", "settings-bessel"), ("federated-images", "settings-digits-1-5")],
)
def test_clients(study, file):
    """The page leaves out the seconds."""
    own = (RESULTS / study / f"{file}.md").read_text("utf-8").splitlines()
    page = (ROOT / "docs" / "federated.md").read_text("utf-8")
    for line in own[2:]:
        assert f"{line.rpartition(' | ')[0]} |" in page, line


def test_large_generators():
    made = json.loads((ROOT / "benchmarks" / "results" / "generators.json").read_text("utf-8"))
    for row in table("large.md", ["n", "weights", "CPU seconds per step"]):
        assert int(row["weights"].replace(",", "")) == 2 ** int(row[""])
        (found,) = [one for one in made["rows"] if one["n"] == int(row[""])]
        assert shown(found["cpu"], row["CPU seconds per step"]), (row, found)
        assert shown(found["peak_mb"], row["peak, MiB"]), (row, found)
        assert shown(found["vectors"], row["in vectors of 2ⁿ numbers"]), (row, found)


def test_the_audit():
    """What `diffqas audit` prints with its own seed; the step's share is a time and is not held."""
    from diffqas import TABLE_I
    from diffqas.architecture import audits

    rows = table("audit.md", ["candidate", "kind", "directions", "expr.", "Q"])
    for row, found in zip(rows, audits(TABLE_I, n=6, depth=5, samples=300), strict=True):
        assert row["candidate"] == found.candidate.name
        assert row["directions"] == f"{found.directions} of {found.angles}"
        assert shown(found.expressibility, row["expr."]), row
        assert shown(found.entanglement, row["Q"]), row
        assert shown(dict(found.gradient_variance)[6], row["gradient variance"]), row


def test_transfer():
    rows = table("discretise.md", ["row", "NARMA-5", "NARMA-10"])
    assert len(rows) == 6
    lines = (ROOT / "docs" / "discretise.md").read_text("utf-8").splitlines()
    start = lines.index("| row | NARMA-5 | row/search | NARMA-10 | row/search |") + 2
    with (RESULTS / "transfer" / "table.csv").open(encoding="utf-8") as file:
        tested = {(one["dataset"], one["row"]): one for one in csv.DictReader(file)}
    for row, line in zip(rows, lines[start:], strict=False):
        parts = [part.strip() for part in line.strip("|").split("|")]
        for head, ratio in (("NARMA-5", parts[2]), ("NARMA-10", parts[4])):
            found = cell("transfer", SERIES[head], slug(row["row"]))
            assert check(row[head], found, "test_mse")
            one = tested[SERIES[head], row["row"]]
            values = [one[key] for key in ("ratio", "ratio_low", "ratio_high") if one[key]]
            assert len(values) == len(NUMBER.findall(ratio))
            for value, text in zip(values, NUMBER.findall(ratio), strict=True):
                assert shown(float(value), text), row


def test_fast_weights():
    rows = table("fast-weights.md", ["row", "trained numbers", *SERIES])
    names = {path.stem for path in (RESULTS / "fast-weights/cells/bessel").iterdir()}
    held = 0
    for row in rows:
        for head, dataset in SERIES.items():
            found = cell("fast-weights", dataset, slug(row["row"]))
            assert slug(row["row"]) in names
            held += check(row[head], found, "test_mse")
        counted(row["trained numbers"], found)
    assert held == 5 * 14


def test_few_numbers_in_minigrid():
    heads = ["numbers", "after episodes", "reward of the last 100"]
    slugs = ["search-one-qubit", "frozen-circuits", "ordinary-small-network"]
    rows = table("agents.md", heads)
    for row, name in zip(rows, slugs, strict=True):
        found = cell("policies-minigrid", "minigrid-empty-5x5", name)
        assert check(row["after episodes"], found, "passed")
        assert check(row["reward of the last 100"], found, "test_reward")
        counted(row["numbers"], found)


def test_cheaper_circuits():
    heads = {"Bessel: test MSE, median": "bessel", "NARMA-5: test MSE, median": "narma5"}
    for row in table("searches.md", ["L", *heads]):
        for head, dataset in heads.items():
            found = cell("pareto", dataset, f"two-qubit-gates-l-{row['L']}")
            assert check(row[head], found, "test_mse")


def test_chosen_layers():
    rows = table("searches.md", ["bessel, test MSE", "digits, ten classes, accuracy"])
    names = {
        "evolved layers": "evolved-layers",
        "random search": "random-search",
        "one candidate": "best-of-several-starts",
        "best of the six live candidates": "best-candidate",
        "layers drawn by lot": "random-layers",
        "uniform distribution": "uniform-distribution",
    }
    held = 0
    for row in rows:
        for word, name in names.items():
            if row[""].startswith(word):
                found = cell("per-layer-evolved", "bessel", name)
                held += check(row["bessel, test MSE"], found, "test_mse")
                found = cell("per-layer-digits", "digits", name)
                held += check(row["digits, ten classes, accuracy"], found, "test_accuracy", 100)
    assert held >= 10
