"""Published test errors of DiffQAS-QT on the five series: arXiv 2505.09653, Table II.

One run per figure in the paper, so differences between rows are within the noise of one seed: rows
1, 3, 4 and 6 are the same model and differ fourfold on "delayed-control".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class PublishedErrors:
    """One column of the table: test MSE of the search and of the twelve candidates in Table I's
    order.
    """

    search: float
    candidates: tuple[float, ...]


# fmt: off
_BESSEL = (.000515, .000525, .000515, .000515, .002902, .000515,
           .000601, .000141, .001391, .000216, .007428, .001391)
_DAMPED_SHM = (.000155, .000695, .000155, .000155, .000820, .000155,
               .000040, .008873, .000154, .000157, .032072, .000154)
_DELAYED_CONTROL = (.000715, .001190, .000676, .002011, .001111, .002638,
                    .001679, .001723, .000956, .001839, .000211, .000956)
_NARMA5 = (.000038, .000068, .000038, .000038, .000024, .000038,
           .000052, .000091, .000045, .000040, .000054, .000045)
_NARMA10 = (.000095, .000103, .000095, .000095, .000098, .000095,
            .000120, .000081, .000125, .000121, .000140, .000125)
# fmt: on

TABLE_II: Mapping[str, PublishedErrors] = MappingProxyType(
    {
        "bessel": PublishedErrors(0.000040, _BESSEL),
        "damped-shm": PublishedErrors(0.000036, _DAMPED_SHM),
        "delayed-control": PublishedErrors(0.001710, _DELAYED_CONTROL),
        "narma5": PublishedErrors(0.000050, _NARMA5),
        "narma10": PublishedErrors(0.000117, _NARMA10),
    }
)
"""Table II of arXiv 2505.09653 by data set name; ``candidates[j - 1]`` is the row of candidate j."""
