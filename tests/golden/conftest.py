"""Where the modules beside the tests are found: `make.py` uses them as a program, too."""

import sys
from pathlib import Path

FOLDER = str(Path(__file__).parent)
if FOLDER not in sys.path:
    sys.path.append(FOLDER)
