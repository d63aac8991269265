"""Files, written whole or not at all and read again: typed choices as JSON, tensors, run folders.

Knows no circuit and no network, and imports torch only when tensors are read or written.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
