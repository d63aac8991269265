"""Options of a user's own series: what the network sees, and what the linear part predicts.

Whatever is left open here is chosen on the training part alone, see `settling`.
"""

from __future__ import annotations

from dataclasses import dataclass

from diffqas.choices import check, option
from diffqas.storage import storable


@storable
@dataclass(frozen=True)
class OwnSeries:
    """How a user's own series is shown to a model.

    Attributes:
        columns: further columns that the model sees beside the predicted one.
        window: the values of each column that the model sees.
        horizon: the number of steps from the end of the window to the predicted value.
        difference: whether the change from the last known value is predicted.
        season: the change from the value so many steps before is predicted; 1: no season.
        correction: the part of the network's prediction that is added to that of the linear part.

    Raises:
        ArgumentError: a value breaks the rule of its option.
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
