"""Optimisers in torch's form for models of few numbers, to be used in your own loop."""

from diffqas.optim.captured import Captured as Captured
from diffqas.optim.captured import CaptureWarning as CaptureWarning
from diffqas.optim.captured import capture as capture
from diffqas.optim.eigenbasis import MOST_NUMBERS as MOST_NUMBERS
from diffqas.optim.eigenbasis import WARM_UP as WARM_UP
from diffqas.optim.eigenbasis import EigenbasisAdam as EigenbasisAdam
from diffqas.optim.estimate import MOST_ESTIMATED as MOST_ESTIMATED
from diffqas.optim.estimate import Estimate as Estimate
from diffqas.optim.estimate import correct as correct
from diffqas.optim.estimate import derivatives as derivatives
from diffqas.optim.graphs import RECORDERS as RECORDERS
from diffqas.optim.graphs import records as records
from diffqas.optim.host_numbers import HostNumbers as HostNumbers
from diffqas.optim.host_numbers import Number as Number
from diffqas.optim.kalman import Kalman as Kalman
from diffqas.optim.recommended import recommended as recommended
from diffqas.optim.recommended import suits_soap as suits_soap
from diffqas.optim.schedule import schedule_factor as schedule_factor
from diffqas.optim.soap import SOAP as SOAP
