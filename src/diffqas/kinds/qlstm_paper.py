"""Published test errors of DiffQAS-QLSTM: arXiv 2508.14955, five series, one run per figure."""

from __future__ import annotations

_SERIES: tuple[str, ...] = ("bessel", "damped-shm", "delayed-control", "narma5", "narma10")

# fmt: off
_ROWS = {
    "non-shared":           (.000229, .000019, .001859, .000030, .000094),
    "shared":               (.000117, .000036, .002486, .000472, .000385),
    "reservoir-non-shared": (.006529, .007489, .003567, .000016, .000074),
    "reservoir-shared":     (.006546, .010023, .004227, .000494, .000412),
    "C1":                   (.001324, .000601, .005507, .000032, .000123),
    "C2":                   (.002768, .003803, .004591, .000273, .000188),
    "C3":                   (.023947, .046938, .084120, .000273, .000188),
    "C4":                   (.007316, .010588, .001931, .000025, .000101),
    "C5":                   (.023947, .046938, .084120, .000273, .000188),
    "C6":                   (.024024, .046886, .077084, .000273, .000188),
}
# fmt: on

PUBLISHED: dict[str, dict[str, float]] = {
    row: dict(zip(_SERIES, values, strict=True)) for row, values in _ROWS.items()
}
"""Test MSE by row and data set; non-shared angles are `sharing="separate"`."""
