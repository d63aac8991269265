"""The studies that the recipes come from: their committed tables, and the lines they once wrote."""

import json
from pathlib import Path

import pytest

from diffqas.cli import main
from diffqas.errors import DataError
from diffqas.studies import Plan, stored_study

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "studies" / "results"
LINES = Path(__file__).parent / "lines"

STUDIES = {
    "series-recipe": ("series_recipe.py:SERIES_RECIPE", "series.md"),
    "qlstm-recipe": ("qlstm_recipe.py:QLSTM_RECIPE", None),
    "searches-recipe": ("searches_recipe.py:SEARCHES_RECIPE", None),
    "images-recipe": ("images_recipe.py:IMAGES_RECIPE", None),
    "agents-factors": ("agents_recipe.py:AGENTS_FACTORS", None),
    "agents-tuning": ("agents_recipe.py:AGENTS_TUNING", None),
    "images-curve": ("images_curve.py:IMAGES_CURVE", None),
    "federated-series": ("federated.py:FEDERATED_SERIES", "federated.md"),
    "federated-images": ("federated.py:FEDERATED_IMAGES", "federated.md"),
}
"""By the folder of the committed results: the study, and a page that has its lines as they are."""

CONVERTED = {
    "series_recipe": ("series-recipe", {}),
    "qlstm_recipe": ("qlstm-recipe", {}),
    "searches_recipe": ("searches-recipe", {}),
    "federated-bessel": ("federated-series", {"seeds": 5, "epochs": 50}),
    "federated-digits": ("federated-images", {"seeds": 5}),
    "agents_recipe": ("agents-tuning", {}),
    "images_recipe": ("images-recipe", {}),
    "images_curve": ("images-curve", {"seeds": 3}),
}
"""By the file of lines of version 0.1.0: the folder that it became, and choices of the plan."""

SMALL = ["--datasets", "bessel", "--seeds", "2", "--depth", "1", "--workers", "1"]


def plan_of(folder, **choices):
    word, _ = STUDIES[folder]
    return Plan(f"{ROOT / 'studies' / word}", **choices)


@pytest.fixture
def from_lines(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import from_lines

    return from_lines


@pytest.mark.parametrize("folder", STUDIES)
def test_the_committed_cells_give_the_committed_table(folder, tmp_path):
    stored = stored_study(RESULTS / folder)
    assert not stored.faults
    made = plan_of(folder).made
    assert stored.name == folder

    class Silent:
        def print(self, *words, **choices):
            """Nothing."""

    made.more(tmp_path, stored.cells, Silent())
    tables = sorted(tmp_path.iterdir())
    assert tables
    for table in tables:
        assert table.read_bytes() == (RESULTS / folder / table.name).read_bytes()
    page = STUDIES[folder][1]
    if page is not None:
        told = set((ROOT / "docs" / page).read_text("utf-8").splitlines())
        # The page leaves out the seconds.
        lines = tables[0].read_text("utf-8").splitlines()[2:]
        shown = [line for line in lines if line in told or f"{line.rpartition(' | ')[0]} |" in told]
        assert len(shown) >= 9


@pytest.mark.parametrize("folder", STUDIES)
def test_every_row_has_a_word_of_its_own_and_no_seed_of_the_tables(folder):
    plan = plan_of(folder)
    words = [row.slug for row in plan.rows]
    assert len(set(words)) == len(words)
    chooses = folder.endswith("-recipe") or folder.startswith("agents")
    assert plan.seed_numbers[0] == (100 if chooses else 0)


@pytest.mark.parametrize("file", CONVERTED)
def test_a_line_of_version_0_1_0_is_the_committed_cell(file, from_lines):
    folder, choices = CONVERTED[file]
    if folder.startswith("agents"):
        pytest.importorskip("minigrid", reason="environments need minigrid")
    if folder == "federated-images":
        pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    plan = plan_of(folder, **choices)
    dataset = {"federated-bessel": "bessel", "federated-digits": "digits-1-5"}.get(file, "mnist")
    committed = {(cell.row, cell.dataset): cell for cell in stored_study(RESULTS / folder).cells}
    for text in (LINES / f"{file}.jsonl").read_text().splitlines():
        try:
            cell = from_lines.cell_of(plan, json.loads(text), dataset)
        except DataError as error:
            if folder.startswith("images"):
                pytest.skip(f"files of images are not here: {error}")
            raise
        assert cell == committed[cell.row, cell.dataset]


def test_a_line_of_another_study_is_told(from_lines):
    plan = plan_of("qlstm-recipe")
    line = json.loads((LINES / "series_recipe.jsonl").read_text().splitlines()[-1])
    with pytest.raises(DataError, match="has no row 'hashed vector"):
        from_lines.cell_of(plan, line, "bessel")
    with pytest.raises(DataError, match="A line of another program: it holds name"):
        from_lines.cell_of(plan, {"name": "x"}, "bessel")


def test_a_recipe_is_computed_as_any_study(tmp_path, monkeypatch, capsys):
    word = f"{ROOT / 'studies' / 'series_recipe.py'}:SERIES_RECIPE"
    rows = ["kalman-filter", "adam"]
    out = tmp_path / "out"
    main(["study", word, "--rows", *rows, *SMALL, "--epochs", "1", "--output", str(out)])
    assert "| Kalman filter | " in capsys.readouterr().out
    table = (out / "settings.md").read_text().splitlines()
    assert table[0] == "| setting | bessel |"
    assert [line.split(" | ")[0] for line in table[2:]] == ["| Kalman filter", "| Adam"]
    cell = json.loads((out / "cells" / "bessel" / "adam.json").read_text())
    assert cell["seeds"] == [100, 101]
    # The last fifth of the 168 training windows is the test part.
    from one_factor import held_out

    data = held_out("bessel", None)
    assert data.count < 170


def test_clients_are_trained_and_what_they_sent_is_kept(tmp_path, capsys):
    word = f"{ROOT / 'studies' / 'federated.py'}:FEDERATED_SERIES"
    out = tmp_path / "out"
    main(["study", word, *SMALL, "--epochs", "2", "--output", str(out)])
    cells = {path.stem: json.loads(path.read_text()) for path in out.glob("cells/bessel/*")}
    # Rounds of five local epochs do not fill two epochs.
    assert len(cells) == 6
    apart = cells["search-adam-4-clients-contiguous-1-local-epoch"]
    assert apart["federated"] == {
        "clients": 4,
        "split": "contiguous",
        "samples": [42, 42, 42, 42],
        "rounds": 2,
        "local_epochs": 1,
        "bytes_per_number": 4,
        "bytes_per_round": 2 * 4 * 4 * apart["trainable"],
        "bytes": 4 * 4 * 4 * apart["trainable"],
    }
    assert "federated" not in cells["search-adam-in-one-place"]
    assert f"| {apart['federated']['bytes']:,} |" in capsys.readouterr().out
