"""Whatever a config.json may name is known in a fresh process, whichever command reads it."""

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil
import diffqas
from diffqas.searches.config import config_from_json
from diffqas.storage.codec import CLASSES

known = set(CLASSES)
for module in pkgutil.walk_packages(diffqas.__path__, "diffqas."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
# The classes of studies stand in study.json, not in the config of a run.
print(sorted(
    name for name in set(CLASSES) - known if "diffqas.studies" not in CLASSES[name].__module__
))
"""


def test_every_class_that_can_be_stored_is_known_when_a_config_is_read():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
