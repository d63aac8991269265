"""How much of a network's prediction is believed: as much as there is evidence for."""

from __future__ import annotations

import numpy as np

from diffqas.tasks.series.series_data import Floats

DEMANDED = 2.0
"""The squared t value up to which nothing is believed; for noise its mean is 1."""


def believed_part(predictions: Floats, targets: Floats) -> float:
    """The factor, 0 to 1, on predictions of networks that were not fitted to these targets.

    The least-squares factor is ``g = <f, r> / <f, f>`` over all networks f and targets r. How clear
    it is, is measured by ``t^2 = g^2 sum(f^2) / mean((r - g f)^2)``, where the samples of all
    networks count once. As in the positive part of the James-Stein estimator, ``g (1 - 2 / t^2)``
    is taken: all of a clear prediction, nothing of one that noise could have given.

    Args:
        predictions: (networks, samples).
        targets: (samples,).

    >>> truth = np.sin(np.arange(40.0))
    >>> parts = believed_part(truth[None], truth), believed_part(-truth[None], truth)
    >>> [round(part, 9) for part in parts]
    [1.0, 0.0]
    """
    power = float(np.mean(predictions**2, axis=0).sum())
    if power == 0:
        return 0.0
    factor = float(np.mean(predictions @ targets)) / power
    left = float(np.mean((targets - factor * predictions) ** 2))
    # What is left of an exact prediction may be nothing at all.
    doubt = DEMANDED * left
    evidence = factor**2 * power
    if factor <= 0 or evidence <= doubt:
        return 0.0
    return min(1.0, factor * (1 - doubt / evidence))
