"""A search from its options to its run folder: checked, begun, continued, loaded."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
