"""Circuits that encode data once or several times, with any observables at their end."""

from diffqas.simulator.encoded.final_states import final_states as final_states
from diffqas.simulator.encoded.function import observed as observed
from diffqas.simulator.encoded.oracle import dense_observed as dense_observed
