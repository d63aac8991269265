import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def reliability() -> ModuleType:
    """benchmarks/reliability.py: the same code with fewer cases; processes that it starts must find
    it too.
    """
    if str(BENCHMARKS) not in sys.path:
        sys.path.append(str(BENCHMARKS))
    import reliability as module

    return module
