"""Optimisers of torch for models of few numbers, in a loop of your own."""

from diffqas.optim.eigenbasis import MOST_NUMBERS as MOST_NUMBERS
from diffqas.optim.eigenbasis import WARM_UP as WARM_UP
from diffqas.optim.eigenbasis import EigenbasisAdam as EigenbasisAdam
from diffqas.optim.recommended import recommended as recommended
from diffqas.optim.schedule import schedule_factor as schedule_factor
from diffqas.optim.soap import SOAP as SOAP
