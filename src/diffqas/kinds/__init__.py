"""The kinds of models that are searched: their choices, their models, and what they found."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
