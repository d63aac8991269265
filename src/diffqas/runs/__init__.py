"""Runs that are there already: list, compare, repeat, report, forecast, export, measure them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
