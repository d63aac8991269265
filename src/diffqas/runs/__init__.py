"""A run that is there already: listed, compared, repeated, reported, forecast, exported, measured."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
