"""Tables: rows of numbers with a class or a value each, named ones and a user's own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
