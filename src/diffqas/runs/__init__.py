"""What can be done with existing runs: list, compare, repeat, report, forecast, export, measure."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
