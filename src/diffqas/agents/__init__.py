"""Everything about environments: gymnasium, actor-critic training, and kinds of agents."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
