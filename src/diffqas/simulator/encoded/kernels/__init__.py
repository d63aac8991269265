"""Machine code of encoded circuits; needs numba, so it is imported where it is first called."""
