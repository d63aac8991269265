"""Every committed table says what its committed cells say, by today's code."""

from pathlib import Path

import pytest

from diffqas.studies import markdown_text, stored_study

RESULTS = Path(__file__).parents[2] / "studies" / "results"
FOLDERS = sorted(path.parent.name for path in RESULTS.glob("*/study.json"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_committed_table_is_that_of_the_committed_cells(folder):
    stored = stored_study(RESULTS / folder)
    assert not stored.faults
    assert stored.comparisons
    written = (RESULTS / folder / "table.md").read_text("utf-8")
    assert written.strip() == markdown_text(stored.comparisons).strip()
