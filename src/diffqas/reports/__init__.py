"""Tables and pictures of plain data, for the terminal, for files and for pages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
