"""A disk of a few hundred kilobytes that a run fills up."""

import subprocess
import sys

import pytest

MOUNTED = 'mount -t tmpfs -o size=96k tmpfs "$1" && exec "$2" -c "$3" "$1"'
INSIDE = """
import sys
from pathlib import Path
from diffqas import search
from diffqas.errors import RunError
from diffqas.storage import RunFolder
from diffqas.searches import session

session.CHECKPOINT_SECONDS = session.CHECKPOINT_SHARE = 0
place = Path(sys.argv[1]) / "run"
try:
    search("bessel", depth=1, epochs=200, optimizer="adam", seeds=2, output=place, quiet=True)
except RunError as error:
    print(error)
folder = RunFolder(place)
print(folder.load_checkpoint()["epoch"], folder.finished, len(list(place.glob(".*.tmp"))))
"""


def mountable(place) -> bool:
    try:
        command = ["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def test_it_is_told_in_one_line_and_the_last_good_checkpoint_stands(tmp_path):
    if not mountable(tmp_path):
        pytest.skip("no small disk can be mounted here: needs `unshare -rm` and tmpfs")
    command = ["unshare", "-rm", "sh", "-c", MOUNTED, "sh", str(tmp_path), sys.executable, INSIDE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    line, state = done.stdout.splitlines()
    epoch, finished, rubbish = state.split()
    assert line.startswith("Cannot write ")
    assert "No space left on device" in line
    assert f"The last good checkpoint is of epoch {epoch}, in " in line
    assert int(epoch) >= 1
    assert (finished, rubbish) == ("False", "0")
