"""A figure that a notebook shows by itself."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NOTEBOOK_DPI = 100


class Picture(Figure):
    """A figure that belongs to no window and to no list of open figures.

    Pyplot does not know the figure. So nothing keeps it in memory, nothing asks for a screen, and
    nothing draws it a second time at the end of a notebook's cell. As the last line of a cell it is
    shown once, whether or not a backend of matplotlib is set up for the notebook.

    Args:
        width, height: the size in inches.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=NOTEBOOK_DPI)
        return buffer.getvalue()
