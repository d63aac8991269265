"""A search from its options to its run folder: it is checked, begun, continued and loaded."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
