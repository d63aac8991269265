"""Differentiable quantum architecture search for PyTorch.

Search for the quantum circuit that writes your network's weights by gradient descent, and walk away
with an ordinary classical model and a circuit that runs anywhere.
"""

import lazy_loader

from diffqas._moved import find_moved_packages

__version__ = "0.1.0"

# The names and where they lie stand in __init__.pyi; each is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

find_moved_packages()
