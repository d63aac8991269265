"""Tasks for a search: data, a target network, a loss, and the recipes for its training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
