"""Tables of the pages on adapters, clients, large networks and audits."""

import json

import pytest
from committed import (
    DOCS,
    RESULTS,
    ROOT,
    cell,
    cells_of,
    check,
    counted,
    shown,
    slug,
    table,
    tables,
)


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
    names = cells_of("adaptation", f"turned-mnist-{numbers}")
    assert {slug(row["row"]) for row in rows} == names
    for row in rows:
        for head, dataset in pairs.items():
            found = cell("adaptation", f"{dataset}-{numbers}", slug(row["row"]))
            assert check(row[head], found, "test_accuracy", 100), row
            counted(row["numbers"], found)
        if row.get("ms per step"):
            assert shown(found["adapter"]["bytes"], row["bytes of the adapter"])
            assert shown(1e3 * found["adapter"]["seconds_per_step"], row["ms per step"])


@pytest.mark.parametrize(
    ("study", "file"),
    [("federated-series", "settings-bessel"), ("federated-images", "settings-digits-1-5")],
)
def test_clients(study, file):
    """The page leaves out the seconds."""
    own = (RESULTS / study / f"{file}.md").read_text("utf-8").splitlines()
    page = (DOCS / "federated.md").read_text("utf-8")
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
