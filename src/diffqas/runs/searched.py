"""What begins, continues and opens a run, offered here too: it lives in `diffqas.searches`."""

from diffqas.searches import Run as Run
from diffqas.searches import load as load
from diffqas.searches import prepare as prepare
from diffqas.searches import resume as resume
from diffqas.searches import search as search
