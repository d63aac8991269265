"""Series prediction: the papers' five series, a measured one, a user's own, what to compare with,
and the LSTM.
"""

from diffqas.tasks.series.csv_file import load_csv as load_csv
from diffqas.tasks.series.datasets import SERIES as SERIES
from diffqas.tasks.series.datasets import load_series as load_series
from diffqas.tasks.series.forecasts import ForecastErrors as ForecastErrors
from diffqas.tasks.series.forecasts import forecast as forecast
from diffqas.tasks.series.forecasts import forecast_errors as forecast_errors
from diffqas.tasks.series.forecasts import free_run as free_run
from diffqas.tasks.series.lstm import SeriesLSTM as SeriesLSTM
from diffqas.tasks.series.measured import SUNSPOTS_CSV as SUNSPOTS_CSV
from diffqas.tasks.series.measured import sunspots as sunspots
from diffqas.tasks.series.paper import TABLE_II as TABLE_II
from diffqas.tasks.series.paper import PublishedErrors as PublishedErrors
from diffqas.tasks.series.references import Reference as Reference
from diffqas.tasks.series.references import constant as constant
from diffqas.tasks.series.references import least_squares as least_squares
from diffqas.tasks.series.references import linear_coefficients as linear_coefficients
from diffqas.tasks.series.references import persistence as persistence
from diffqas.tasks.series.references import references as references
from diffqas.tasks.series.references import response_persistence as response_persistence
from diffqas.tasks.series.signals import bessel as bessel
from diffqas.tasks.series.signals import damped_shm as damped_shm
from diffqas.tasks.series.signals import delayed_control as delayed_control
from diffqas.tasks.series.signals import narma as narma
from diffqas.tasks.series.signals import scale_to_unit as scale_to_unit
from diffqas.tasks.series.windows import Scaling as Scaling
from diffqas.tasks.series.windows import SeriesData as SeriesData
from diffqas.tasks.series.windows import scaled_windows as scaled_windows
from diffqas.tasks.series.windows import windows as windows
