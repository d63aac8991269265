"""Tables of the page on the quantum LSTM are those of the committed cells."""

from committed import RESULTS, SERIES, cell, cells_of, check, counted, shown, slug, table, tables


def test_settings_of_the_quantum_lstm():
    rows = table("qlstm.md", ["setting", "bessel", "narma10"])
    own = (RESULTS / "qlstm-recipe" / "settings.md").read_text("utf-8")
    figures = [(row["bessel"], row["narma10"]) for row in rows]
    cells = [[part.strip() for part in line.split("|")] for line in own.splitlines()[2:]]
    assert sorted(figures) == sorted((line[2], line[3]) for line in cells)


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


def test_sizes_of_the_quantum_lstm():
    rows = table("qlstm.md", ["row", "Bessel", "seconds, Bessel", "NARMA-5", "seconds, NARMA-5"])
    assert len(rows) == len(cells_of("qlstm-sizes"))
    for row in rows:
        for head in ("Bessel", "NARMA-5"):
            found = cell("qlstm-sizes", SERIES[head], slug(row[""]))
            assert check(row[head], found, "test_mse"), row
            assert shown(found["seconds"], row[f"seconds, {head}"])
            counted(row["trained numbers"], found)
