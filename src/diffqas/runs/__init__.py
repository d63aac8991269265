"""A run from start to finish: set up, train, report; and on again after it was stopped."""

from diffqas.runs.forecasts import forecast_run as forecast_run
from diffqas.runs.listing import RunSummary as RunSummary
from diffqas.runs.listing import list_runs as list_runs
from diffqas.runs.play import play_run as play_run
from diffqas.runs.prepare import prepare as prepare
from diffqas.runs.prepare import search as search
from diffqas.runs.repeat import repeat_run as repeat_run
from diffqas.runs.run import Run as Run
from diffqas.runs.session import load as load
from diffqas.runs.session import resume as resume
