"""The kinds of models that are searched, each with its choices, its seed batches and what it found."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
