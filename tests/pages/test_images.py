"""Tables of pages on images are those of the committed cells."""

import statistics

from committed import cell, cells_of, check, counted, shown, sign_flips, slug, table, text_of

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
        assert words in text_of("images.md")
        fewer = statistics.mean(cell("figures-5-7" + end, dataset, "search-raw")["test_accuracy"])
        assert shown(100 * (whole - fewer), words.split()[0])


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
    assert held == len(cells_of("images-recipe", "fashion-mnist-5-7"))


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
    assert len(rows) + 1 == len(cells_of("other-pairs", "mnist-4-9"))
