"""A run from start to finish: set up, train, report; and on again after it was stopped."""

from diffqas.runs.run import Run as Run
from diffqas.runs.session import resume as resume
from diffqas.runs.session import search as search
