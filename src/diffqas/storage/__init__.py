"""Files, written whole or not at all and read again: typed choices as JSON, tensors, run folders.

This package knows no circuit and no network. It imports torch only when tensors are read or
written.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
