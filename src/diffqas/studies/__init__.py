"""Many runs as one table with statistics, computed in a folder that can be continued."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
