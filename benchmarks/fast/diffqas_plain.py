"""diffqas without its compiled kernels. float32."""

import os

os.environ["DIFFQAS_COMPILED"] = "0"

from .diffqas_cell import VERSION as VERSION
from .diffqas_cell import make_step as make_step
