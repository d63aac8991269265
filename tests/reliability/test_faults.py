"""A few of the cases of `make reliability`; DIFFQAS_KILLS and DIFFQAS_DAMAGES change how many."""

import os
import sys

import pytest

KILLS = int(os.environ.get("DIFFQAS_KILLS", "5"))
DAMAGES = int(os.environ.get("DIFFQAS_DAMAGES", "20"))


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no SIGKILL and no fork")
def test_runs_that_are_killed_end_bit_equal(reliability, tmp_path):
    found = reliability.kills(KILLS, tmp_path)
    assert found["kills"] == KILLS
    assert found["lost"] == 0


def test_damaged_checkpoints_are_noticed_and_the_one_before_is_used(reliability, tmp_path):
    found = reliability.damages(DAMAGES, tmp_path)
    assert found["checkpoints"] == found["noticed"] == DAMAGES
    assert found["lost"] == 0
    assert found["refused"] == found["both"]


def test_a_disk_that_is_full_costs_nothing_but_the_time_since_the_last_checkpoint(
    reliability, tmp_path
):
    found = reliability.full_disks(2, tmp_path)
    assert found["told"] == found["cases"] == 2
    assert found["lost"] == 0


def test_the_page_has_the_committed_figures(reliability):
    import json
    from pathlib import Path

    root = Path(reliability.__file__).parents[1]
    found = json.loads((root / "benchmarks" / "results" / "reliability.json").read_text())
    assert "\n".join(reliability.rows(found)) in (root / "docs" / "reliability.md").read_text(
        "utf-8"
    )
