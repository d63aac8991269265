"""Options of a series of one's own: what the network sees, and what is predicted for it by a line.

Whatever is left open here is chosen on the training part alone, see `settling`.
"""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.choices import check, option
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class OwnSeries:
    """How a series of one's own is shown to a model.

    Attributes:
        columns: further columns that are seen beside the predicted one.
        window: values of each column that the model sees.
        horizon: how many steps before the predicted value the window ends.
        difference: predict the change from the last known value.
        season: predict the change from one season before; 1: no season.
        correction: part of the network's prediction that is added to that of the linear part.
    """

    columns: tuple[str, ...] | None = option(
        None, "Further columns of the file that the network sees beside the predicted one."
    )
    window: int | None = option(
        None,
        "Values of each column that the network sees; chosen on the training part if not given.",
        least=1,
        rule="be a whole number of at least 1",
    )
    horizon: int = option(
        1,
        "Steps ahead: the value is predicted from a window that ends so many steps before it.",
        least=1,
        rule="be a whole number of at least 1",
    )
    difference: bool | None = option(
        None,
        "Predict the change from the last known value. Without --difference and --no-difference it "
        "is chosen on the training part.",
    )
    season: int | None = option(
        None,
        "Predict the change from the value so many steps before, 12 of months; 1: no season. "
        "Chosen on the training part if not given.",
        least=1,
        rule="be a whole number of at least 1",
    )
    correction: float | None = option(
        None,
        "Part of the network's prediction that is added to that of the linear part, 0 to 1. Chosen "
        "on the training part if not given: noise gets little of it.",
        least=0,
        most=1,
    )

    def __post_init__(self) -> None:
        check(self)
