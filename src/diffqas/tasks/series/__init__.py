"""Series prediction: named series, a user's own, predictors to compare with, and the LSTM."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
