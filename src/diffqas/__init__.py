"""Differentiable quantum architecture search for PyTorch.

Search for the quantum circuits that write your network's weights, by gradient descent. The result
is an ordinary classical model, and the circuits as files for other programs.
"""

import lazy_loader

from diffqas._moved import find_moved_packages

__version__ = "0.1.0"

# The names and where they lie stand in __init__.pyi; each is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

find_moved_packages()
