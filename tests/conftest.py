"""Hypothesis draws the same moderate number of examples on every run."""

from hypothesis import settings

settings.register_profile("diffqas", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("diffqas")
