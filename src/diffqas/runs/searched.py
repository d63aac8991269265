"""Functions of `diffqas.searches` that begin, continue and open runs, offered here too."""

from diffqas.searches import Run as Run
from diffqas.searches import load as load
from diffqas.searches import prepare as prepare
from diffqas.searches import resume as resume
from diffqas.searches import search as search
