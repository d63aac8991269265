"""Optimisers of torch for models of few numbers, in a loop of your own."""

from diffqas.optim.eigenbasis import MOST_NUMBERS as MOST_NUMBERS
from diffqas.optim.eigenbasis import WARM_UP as WARM_UP
from diffqas.optim.eigenbasis import EigenbasisAdam as EigenbasisAdam
from diffqas.optim.estimate import MOST_ESTIMATED as MOST_ESTIMATED
from diffqas.optim.estimate import Estimate as Estimate
from diffqas.optim.estimate import correct as correct
from diffqas.optim.estimate import derivatives as derivatives
from diffqas.optim.kalman import Kalman as Kalman
from diffqas.optim.recommended import recommended as recommended
from diffqas.optim.recommended import suits_soap as suits_soap
from diffqas.optim.schedule import schedule_factor as schedule_factor
from diffqas.optim.soap import SOAP as SOAP
