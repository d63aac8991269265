"""Files that are whole or not there, typed choices as JSON, and the run folder. Knows no circuit
and no network.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
